// Virtual time: what is to happen, and when. Nothing ever waits.
//
// One queue for the whole world; two things due at the same moment happen in the order in which
// they were asked for, so one seed tells one story. Knows moments and closures only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace raft::simulation {

// Microseconds since the run began.
using Moment = std::int64_t;

inline constexpr Moment kMillisecond = 1'000;
inline constexpr Moment kSecond = 1'000'000;

class VirtualTime {
 public:
  using Happening = std::function<void()>;

  Moment now() const { return now_; }
  // How much has happened since the run began.
  std::uint64_t happened() const { return happened_; }

  // `delay` from now; at once if it is negative.
  void After(Moment delay, Happening happening) {
    queue_.push_back({.when = now_ + std::max<Moment>(delay, 0),
                      .order = ++asked_,
                      .happening = std::move(happening)});
    std::push_heap(queue_.begin(), queue_.end(), Later{});
  }

  // Lets everything happen that is due up to `end`, as long as `goes_on` says so after each.
  template <typename Condition>
  void RunUntil(Moment end, Condition goes_on) {
    while (!queue_.empty() && queue_.front().when <= end) {
      std::pop_heap(queue_.begin(), queue_.end(), Later{});
      Due due = std::move(queue_.back());
      queue_.pop_back();
      now_ = due.when;
      ++happened_;
      due.happening();
      if (!goes_on()) return;
    }
    now_ = std::max(now_, end);
  }
  void RunUntil(Moment end) {
    RunUntil(end, [] { return true; });
  }

 private:
  struct Due {
    Moment when;
    std::uint64_t order;
    Happening happening;
  };
  struct Later {
    bool operator()(const Due& left, const Due& right) const {
      return left.when != right.when ? left.when > right.when : left.order > right.order;
    }
  };

  Moment now_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<Due> queue_;  // a heap; the next one due in front
};

}  // namespace raft::simulation
