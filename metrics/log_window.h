// The stretch of the log the status page draws, so that small lags are seen at any log length.
//
// Room: metrics/. A pure function of a status: the window ends at the last entry, is a power of
// two long, and reaches back behind the slowest of applied, committed and matched.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "core/raft_status.h"

namespace raft {

class LogWindow {
 public:
  explicit LogWindow(const RaftStatus& status) : last_(status.last_log_index.value()) {
    std::uint64_t lowest = std::min({last_, status.applied_index.value(),
                                     status.commit_index.value(), status.durable_index.value()});
    for (const PeerStatus& peer : status.peers) {
      lowest = std::min(lowest, peer.match_index.value());
    }
    // A quarter more than the greatest lag: a peer that is behind still shows where it is.
    const std::uint64_t lag = last_ - lowest;
    length_ = std::min(last_, std::bit_ceil(std::max(kLengthMin, lag + lag / 4)));
  }

  // The index just before the window.
  std::uint64_t start() const { return last_ - length_; }
  std::uint64_t last() const { return last_; }

  // How much of the window lies at or before `index`: 0 to 100.
  double Percent(LogIndex index) const {
    if (length_ == 0) return 0;
    const std::uint64_t inside = std::clamp(index.value(), start(), last_) - start();
    return 100.0 * static_cast<double>(inside) / static_cast<double>(length_);
  }

 private:
  static constexpr std::uint64_t kLengthMin = 64;

  std::uint64_t last_;
  std::uint64_t length_ = 0;
};

}  // namespace raft
