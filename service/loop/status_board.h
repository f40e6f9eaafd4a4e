// The newest look at the core, pinned where any thread can read it without touching the loop.
#pragma once

#include <optional>
#include <utility>

#include "core/raft_status.h"
#include "persistence/mutex.h"

namespace raft {

// Who leads, as this server knows it: the part of a status that every answer to a client needs.
struct Leadership {
  RoleName role = RoleName::kFollower;
  Term term;
  std::optional<ServerId> leader;

  bool is_leader() const { return role == RoleName::kLeader; }
};

// Any thread. The loop publishes at most once a tick and at once after a change of role, term or
// leader; readers get a copy at most one tick old.
class StatusBoard {
 public:
  void Publish(RaftStatus status) {
    MutexLock lock(mutex_);
    status_ = std::move(status);
  }
  RaftStatus Read() const {
    MutexLock lock(mutex_);
    return status_;
  }
  // Cheap enough for every request.
  Leadership leadership() const {
    MutexLock lock(mutex_);
    return {.role = status_.role, .term = status_.current_term, .leader = status_.leader};
  }

 private:
  mutable Mutex mutex_;
  RaftStatus status_;
};

}  // namespace raft
