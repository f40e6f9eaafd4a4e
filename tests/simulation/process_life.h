// One life of the process that uses a simulated disk: from power on, or its start, to its end.
//
// What a life opened is worthless once it is over, but its objects may still be there, to be
// destroyed by the test: they change nothing any more. A life also holds what dies with a process:
// its locks, and the work that its databases have scheduled. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>

#include "core/random_source.h"

namespace raft::simulation {

class ProcessLife {
 public:
  // `random` must outlive this.
  explicit ProcessLife(RandomSource& random) : random_(random) {}

  bool is_over() const { return over_; }
  void End() { over_ = true; }

  // False: somebody of this life holds it.
  bool Lock(const std::string& path) { return locks_.insert(path).second; }
  void Unlock(const std::string& path) { locks_.erase(path); }

  void Schedule(void (*work)(void*), void* argument) {
    // Soon or late, as a thread would be.
    if (work_.empty()) {
      const bool soon = random_.Between(0, 1) == 0;
      bytes_until_work_ = soon ? 0 : random_.Between(0, kBytesMax);
    }
    work_.push_back({.run = work, .argument = argument});
  }
  // The moment before `bytes` are appended: does what is scheduled if it is due.
  void BeforeAppend(std::size_t bytes) {
    if (work_.empty()) return;
    if (bytes < bytes_until_work_) {
      bytes_until_work_ -= bytes;
    } else {
      DoScheduledWork();
    }
  }
  // Does on this thread what was scheduled, and what that schedules, unless it is being done.
  // Requires: no lock is held that the work takes.
  void DoScheduledWork() {
    if (working_) return;
    working_ = true;
    while (!work_.empty()) {
      const Work work = work_.front();
      work_.pop_front();
      work.run(work.argument);
    }
    working_ = false;
  }

 private:
  // No database may fill its next memory table (8 MiB) meanwhile, or it would wait for the work:
  // a change takes less than eight times its bytes there.
  static constexpr std::uint32_t kBytesMax = 1 << 20;

  struct Work {
    void (*run)(void*);
    void* argument;
  };

  RandomSource& random_;
  bool over_ = false;
  bool working_ = false;
  std::set<std::string> locks_;
  std::deque<Work> work_;
  std::size_t bytes_until_work_ = 0;
};

}  // namespace raft::simulation
