// The newest look at the core, pinned where any thread can read it without touching the loop.
#pragma once

#include <utility>

#include "core/raft_status.h"
#include "persistence/mutex.h"

namespace raft {

// Any thread. The loop publishes at most once a tick; readers get a copy at most one tick old.
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

 private:
  mutable Mutex mutex_;
  RaftStatus status_;
};

}  // namespace raft
