// How fast the pieces of one transfer follow each other, and whether they do at all: what the way
// to a peer, the way in from one and a backup's way to its client have in common.
//
// Knows numbers and the bulk thread; nothing of what moves.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

#include "service/loop/bulk_thread.h"
#include "service/snapshot_transfer_options.h"

namespace raft {

// The bandwidth limit. Belongs to the step of the transfer that is under way.
class TransferPace {
 public:
  explicit TransferPace(const SnapshotTransferOptions& options) : options_(options) {}

  // So many bytes have left.
  void NoteSent(std::uint64_t bytes) {
    if (options_.bytes_per_second == 0) return;
    send_after_ = std::max(send_after_, Clock::now()) +
                  std::chrono::milliseconds(bytes * 1000 / options_.bytes_per_second);
  }
  // How long the limit asks to wait before the next ones; zero or less: not at all.
  std::chrono::milliseconds PauseLeft() const {
    return std::chrono::ceil<std::chrono::milliseconds>(send_after_ - Clock::now());
  }

 private:
  using Clock = std::chrono::steady_clock;

  const SnapshotTransferOptions options_;
  Clock::time_point send_after_ = Clock::now();
};

// Whether a client takes what it asked for: a few pieces within the stall timeout, not counting the
// time in which it is not offered any. One piece every now and then would pin old data for ever.
class ClientPace {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kPiecesPerStallTimeout = 4;

  explicit ClientPace(const SnapshotTransferOptions& options) : patience_(options.stall_timeout) {}

  void OnOffered(Clock::time_point now) { offered_at_ = now; }
  void OnTaken(Clock::time_point now) {
    waited_ += now - offered_at_.value_or(now);
    offered_at_.reset();
    if (++pieces_taken_ % kPiecesPerStallTimeout == 0) waited_ = Clock::duration::zero();
  }
  // A piece is offered and not taken yet.
  bool is_waiting() const { return offered_at_.has_value(); }
  bool IsTooSlow(Clock::time_point now) const {
    return offered_at_ && waited_ + (now - *offered_at_) >= patience_;
  }

 private:
  const Clock::duration patience_;
  std::optional<Clock::time_point> offered_at_;
  Clock::duration waited_ = Clock::duration::zero();  // for the last few pieces
  int pieces_taken_ = 0;
};

// Calls `look` on the bulk thread now and then, until it says that there is nothing to watch any
// more. It keeps alive what it looks at.
inline void WatchForStall(BulkThread& bulk, const SnapshotTransferOptions& options,
                          std::function<bool()> look) {
  const auto interval = options.watch_interval();
  std::ignore = bulk.PushAfter(interval, [&bulk, options, look = std::move(look)] {
    if (look()) WatchForStall(bulk, options, look);
  });
}

}  // namespace raft
