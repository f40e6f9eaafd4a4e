// The histogram buckets, by what they measure, so that two histograms of one kind can be compared.
//
// Room: metrics/. The first bucket lies below what good hardware does: a first bucket of 1 ms
// would hide everything an NVMe disk does.
#pragma once

#include <cstddef>
#include <vector>

namespace raft {

// Upper bounds first, first * factor, ...: `count` of them.
inline std::vector<double> ExponentialBuckets(double first, double factor, std::size_t count) {
  std::vector<double> bounds;
  bounds.reserve(count);
  for (double bound = first; bounds.size() < count; bound *= factor) bounds.push_back(bound);
  return bounds;
}

// Disk and local work: 50 us to 1.6 s.
inline std::vector<double> DiskBuckets() { return ExponentialBuckets(50e-6, 2, 16); }
// Network and commit: 250 us to 8.2 s.
inline std::vector<double> NetworkBuckets() { return ExponentialBuckets(250e-6, 2, 16); }
// Whole RPCs: 500 us to 8.2 s.
inline std::vector<double> RpcBuckets() { return ExponentialBuckets(500e-6, 2, 15); }
// Whole snapshots: 100 ms to 820 s.
inline std::vector<double> LongBuckets() { return ExponentialBuckets(100e-3, 2, 14); }
// Entries in a batch: 1 to 2048.
inline std::vector<double> BatchBuckets() { return ExponentialBuckets(1, 2, 12); }

}  // namespace raft
