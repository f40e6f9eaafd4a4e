#include "service/loop/ticker.h"

#include <algorithm>

#include "service/loop/thread_name.h"

namespace raft {

void Ticker::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Ticker::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  stopped_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Ticker::Run() {
  SetThreadName("raft-ticker");
  auto next = std::chrono::steady_clock::now() + interval_;
  MutexLock lock(mutex_);
  while (!stopped_changed_.wait_until(lock, next, [this] { return stopped_; })) {
    lock.unlock();
    inbox_.PushTick();
    // Ticks missed while the process did not run are not made up for.
    next = std::max(next + interval_, std::chrono::steady_clock::now());
    lock.lock();
  }
}

}  // namespace raft
