// The one thread for long work on snapshots: reading them out and writing them down, piece by
// piece, so that neither the loop nor the apply thread ever waits for one.
//
// Does its jobs in the order they were given; a job may ask to be done later instead, which is how
// transfers are slowed down and stalls are found without a thread that sleeps. What waits is
// bounded by the transfers under way: each has one job for its next piece and one that watches it.
// Knows nothing of what the jobs do.
//
// Threads: any thread pushes; jobs run on this thread, outside its lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <thread>

#include "persistence/mutex.h"

namespace raft {

class BulkThread {
 public:
  using Job = std::function<void()>;

  BulkThread() = default;
  ~BulkThread() { DrainAndStop(); }
  BulkThread(const BulkThread&) = delete;
  BulkThread& operator=(const BulkThread&) = delete;

  void Start();
  // False: stopped, and the job is gone.
  bool Push(Job job);
  // The same, after `delay`. Stopping does it at once.
  bool PushAfter(std::chrono::milliseconds delay, Job job);
  // Does what waits, then ends the thread. Once.
  void DrainAndStop();

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  // Waits for the next job. Null: stopped and nothing left.
  Job Take();
  void MoveDueLocked(Clock::time_point now);

  Mutex mutex_;
  ConditionVariable changed_;
  bool stopped_ = false;
  std::deque<Job> jobs_;
  std::multimap<Clock::time_point, Job> delayed_;
  std::thread thread_;
};

}  // namespace raft
