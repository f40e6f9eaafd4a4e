// How long this server still waits for a leader (§5.2).
//
// The timer belongs to the server, not to the role: it restarts only when Figure 2 says so (this
// term's leader spoke, a vote was granted, an election was started). A role of its own would
// restart it at every newer term seen and so postpone elections.
#pragma once

#include <cstdint>

#include "core/raft_options.h"
#include "core/random_source.h"

namespace raft {

class ElectionTimer {
 public:
  ElectionTimer(const RaftOptions& options, RandomSource& random)
      : options_(options), random_(random) {}

  // Draws a new timeout from [election_timeout_ticks_min, election_timeout_ticks_max].
  void Restart() {
    ticks_left_ =
        random_.Between(options_.election_timeout_ticks_min, options_.election_timeout_ticks_max);
    is_running_ = true;
  }

  // A leader waits for nobody.
  void Stop() { is_running_ = false; }

  // A follower that used to lead starts waiting; one whose timer runs keeps its turn.
  void StartIfStopped() {
    if (!is_running_) Restart();
  }

  // One tick passes. True: the time is up, and stays up until the timer is restarted.
  [[nodiscard]] bool TickAndCheckExpired() {
    RAFT_CHECK(is_running_, "whoever may campaign has a running election timer (N10)");
    if (ticks_left_ > 0) --ticks_left_;
    return ticks_left_ == 0;
  }

  bool is_running() const { return is_running_; }

 private:
  const RaftOptions& options_;
  RandomSource& random_;
  std::uint32_t ticks_left_ = 0;
  bool is_running_ = false;
};

}  // namespace raft
