// The settings of both ends of a snapshot's way to another server.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace raft {

struct SnapshotTransferOptions {
  // A transfer of which no piece moves for this long is given up, by either end. There is no other
  // deadline: how long the whole may take depends on its size.
  std::chrono::milliseconds stall_timeout{10'000};
  // Each transfer is held to this; 0: as fast as it goes.
  std::uint64_t bytes_per_second = 0;

  // What a broken transfer leaves behind, at either end, waits so long for the next one, counted
  // from its last piece.
  std::chrono::milliseconds keep_time() const { return 3 * stall_timeout; }
  // Pieces are small enough that a few of them pass each second, whatever the limit.
  std::size_t piece_bytes() const {
    constexpr std::uint64_t kPieceBytesMin = 4 << 10;
    constexpr std::uint64_t kPieceBytesMax = 128 << 10;
    if (bytes_per_second == 0) return kPieceBytesMax;
    return std::clamp(bytes_per_second / 8, kPieceBytesMin, kPieceBytesMax);
  }
  // How often a transfer is looked at, so that a stall is found a quarter late at most.
  std::chrono::milliseconds watch_interval() const {
    return std::max(stall_timeout / 4, std::chrono::milliseconds(1));
  }
};

}  // namespace raft
