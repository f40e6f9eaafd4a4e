// One life of the process that uses a simulated disk: from power on, or its start, to its end.
//
// What a life opened is worthless once it is over, but its objects may still be there, to be
// destroyed by the test: they change nothing any more. A life also holds what dies with a process:
// its locks, and the work that its databases have scheduled. One thread.
#pragma once

#include <deque>
#include <set>
#include <string>

namespace raft::simulation {

class ProcessLife {
 public:
  bool is_over() const { return over_; }
  void End() { over_ = true; }

  // False: somebody of this life holds it.
  bool Lock(const std::string& path) { return locks_.insert(path).second; }
  void Unlock(const std::string& path) { locks_.erase(path); }

  void Schedule(void (*work)(void*), void* argument) {
    work_.push_back({.run = work, .argument = argument});
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
  struct Work {
    void (*run)(void*);
    void* argument;
  };

  bool over_ = false;
  bool working_ = false;
  std::set<std::string> locks_;
  std::deque<Work> work_;
};

}  // namespace raft::simulation
