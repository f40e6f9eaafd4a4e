// Counts durations in buckets of at most 1.6 % width, so that percentiles of any run fit in 16 KiB.
//
// Room: service/raftctl; used by the benchmark and the load generator. Knows numbers only. Each
// power of two of nanoseconds is cut into 64 equal buckets; a percentile answers the upper edge of
// its bucket, so it is never flattered.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace raft::ctl {

class LatencyHistogram {
 public:
  // Negative durations count as zero, those above an hour as an hour.
  void Record(std::chrono::nanoseconds duration);
  // The smallest recorded duration that at least `percent` (0 to 100] of all do not exceed, rounded
  // up to its bucket. Zero when nothing was recorded.
  std::chrono::nanoseconds Percentile(double percent) const;
  std::uint64_t count() const { return count_; }

 private:
  static constexpr int kBucketsPerDoubling = 64;
  static constexpr int kDoublings = 37;  // 64 ns << 36 is above an hour.

  static size_t BucketOf(std::uint64_t nanoseconds);
  static std::uint64_t UpperEdge(size_t bucket);

  std::array<std::uint64_t, kBucketsPerDoubling*(kDoublings + 1)> counts_{};
  std::uint64_t count_ = 0;
};

}  // namespace raft::ctl
