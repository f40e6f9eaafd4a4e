// The time of one process: what it has yet to do, which ends with its life and waits while it is
// paused or stalled.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tests/simulation/virtual_time.h"

namespace raft::simulation {

// Work of one life on one lane (turns, disk or apply).
class Lane {
 public:
  explicit Lane(VirtualTime& time) : time_(time) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // `work` is done after `delay`, or when the lane moves again, or, if the life ends first, never.
  void After(Moment delay, std::function<void()> work) {
    time_.After(delay, [this, life = life_, work = std::move(work)] {
      if (life != life_) return;
      if (holds_ > 0) {
        held_.push_back(work);
      } else {
        work();
      }
    });
  }

  // May be asked for by several faults at once; the lane moves when none asks any more.
  void Hold() { ++holds_; }
  void Release() {
    if (holds_ == 0 || --holds_ > 0) return;
    for (const std::function<void()>& work : std::exchange(held_, {})) After(0, work);
  }
  bool is_held() const { return holds_ > 0; }

  // Whatever was to be done is not.
  void EndLife() {
    ++life_;
    held_.clear();
  }

 private:
  VirtualTime& time_;
  std::uint64_t life_ = 0;
  int holds_ = 0;
  std::vector<std::function<void()>> held_;
};

}  // namespace raft::simulation
