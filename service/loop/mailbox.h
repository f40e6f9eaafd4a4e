// A queue between two threads where the receiver takes everything at once.
//
// Batching is the point: whatever gathers while the receiver works becomes its next batch, and the
// receiver is notified only while it sleeps. Taking swaps buffers, so a busy mailbox allocates
// nothing. Knows nothing of its content but empty() and clear().
//
// Threads: any thread puts, one takes. One leaf lock.
#pragma once

#include <utility>

#include "persistence/mutex.h"

namespace raft {

template <typename Content>
class Mailbox {
 public:
  // Runs `add(content)` under the lock; it must be short. False: closed, nothing was added.
  template <typename Add>
  bool Put(Add add) {
    MutexLock lock(mutex_);
    if (closed_) return false;
    add(content_);
    const bool notify = receiver_sleeps_;
    receiver_sleeps_ = false;
    lock.unlock();
    if (notify) filled_.notify_one();
    return true;
  }

  // Waits until something is there, then moves all of it to `taken` (cleared first). False: closed
  // and nothing left. Receiving thread only.
  bool WaitAndTake(Content& taken) {
    taken.clear();
    MutexLock lock(mutex_);
    while (content_.empty()) {
      if (closed_) return false;
      receiver_sleeps_ = true;
      filled_.wait(lock);
    }
    receiver_sleeps_ = false;
    std::swap(taken, content_);
    return true;
  }

  // Refuses what comes from now on; the receiver still takes what is left.
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    lock.unlock();
    filled_.notify_one();
  }

 private:
  Mutex mutex_;
  ConditionVariable filled_;
  bool receiver_sleeps_ = false;
  bool closed_ = false;
  Content content_;
};

}  // namespace raft
