#include "service/loop/bulk_thread.h"

#include <utility>

#include "service/loop/thread_name.h"

namespace raft {

void BulkThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

bool BulkThread::Push(Job job) {
  {
    MutexLock lock(mutex_);
    if (stopped_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

bool BulkThread::PushAfter(std::chrono::milliseconds delay, Job job) {
  if (delay <= std::chrono::milliseconds::zero()) return Push(std::move(job));
  {
    MutexLock lock(mutex_);
    if (stopped_) return false;
    delayed_.emplace(Clock::now() + delay, std::move(job));
  }
  changed_.notify_one();
  return true;
}

void BulkThread::DrainAndStop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BulkThread::Run() {
  SetThreadName("raft-bulk");
  while (const Job job = Take()) job();
}

BulkThread::Job BulkThread::Take() {
  MutexLock lock(mutex_);
  while (true) {
    MoveDueLocked(stopped_ ? Clock::time_point::max() : Clock::now());
    if (!jobs_.empty()) break;
    if (stopped_) return nullptr;
    if (delayed_.empty()) {
      changed_.wait(lock);
    } else {
      // A copy: the element may be gone while this thread sleeps beside its lock.
      const Clock::time_point next = delayed_.begin()->first;
      changed_.wait_until(lock, next);
    }
  }
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void BulkThread::MoveDueLocked(Clock::time_point now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    jobs_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
}

}  // namespace raft
