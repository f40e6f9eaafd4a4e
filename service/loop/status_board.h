// The newest look at the core, pinned where any thread can read it without touching the loop.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "core/raft_status.h"
#include "persistence/mutex.h"

namespace raft {

// Who leads, as this server knows it, and whether what it holds is the cluster's state: the part of
// a status that every answer to a client needs.
struct Leadership {
  RoleName role = RoleName::kFollower;
  Term term;
  std::optional<ServerId> leader;
  bool state_is_diverged = false;

  bool is_leader() const { return role == RoleName::kLeader; }
  // Whom to ask instead of this server; none: nobody is known, or it leads itself.
  std::optional<ServerId> other_leader() const { return is_leader() ? std::nullopt : leader; }
};

// Any thread. The loop publishes at most once a tick and at once after a change of role, term,
// leader or the state's standing; readers get a copy at most one tick old.
class StatusBoard {
 public:
  void Publish(RaftStatus status) {
    const auto now = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    status_ = std::move(status);
    published_at_ = now;
  }
  RaftStatus Read() const {
    MutexLock lock(mutex_);
    return status_;
  }
  // Cheap enough for every request.
  Leadership leadership() const {
    MutexLock lock(mutex_);
    return {.role = status_.role,
            .term = status_.current_term,
            .leader = status_.leader,
            .state_is_diverged = status_.diverged_index.has_value()};
  }
  // How long ago the loop last published: far more than a tick means that it is stuck.
  std::chrono::duration<double> age() const {
    MutexLock lock(mutex_);
    return std::chrono::steady_clock::now() - published_at_;
  }

 private:
  mutable Mutex mutex_;
  RaftStatus status_;
  std::chrono::steady_clock::time_point published_at_;
};

}  // namespace raft
