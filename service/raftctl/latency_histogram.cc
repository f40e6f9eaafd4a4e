#include "service/raftctl/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace raft::ctl {
namespace {

constexpr std::uint64_t kNanosecondsMax = std::uint64_t{3'600} * 1'000'000'000;
constexpr int kBitsWithin = 6;  // 64 buckets in each doubling.

}  // namespace

void LatencyHistogram::Record(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  ++counts_[BucketOf(std::min(nanoseconds, kNanosecondsMax))];
  ++count_;
}

std::chrono::nanoseconds LatencyHistogram::Percentile(double percent) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(count_));
  const auto wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count_);
  std::uint64_t seen = 0;
  size_t bucket = 0;
  while ((seen += counts_[bucket]) < wanted) ++bucket;
  return std::chrono::nanoseconds(UpperEdge(bucket));
}

// Below 64 ns a bucket is one nanosecond. Above, the position of the highest bit names the
// doubling and the six bits after it the bucket within.
size_t LatencyHistogram::BucketOf(std::uint64_t nanoseconds) {
  if (nanoseconds < kBucketsPerDoubling) return static_cast<size_t>(nanoseconds);
  const int doubling = static_cast<int>(std::bit_width(nanoseconds)) - kBitsWithin;
  const std::uint64_t within = (nanoseconds >> (doubling - 1)) - kBucketsPerDoubling;
  return static_cast<size_t>(doubling) * kBucketsPerDoubling + static_cast<size_t>(within);
}

std::uint64_t LatencyHistogram::UpperEdge(size_t bucket) {
  const size_t doubling = bucket / kBucketsPerDoubling;
  const std::uint64_t within = bucket % kBucketsPerDoubling;
  if (doubling == 0) return within;
  return ((within + kBucketsPerDoubling + 1) << (doubling - 1)) - 1;
}

}  // namespace raft::ctl
