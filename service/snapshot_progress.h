// How far a snapshot is on its way to a peer, for people who wait for it.
//
// A state knows how many keys it holds, not how many bytes its stream will have. So the size is
// told from the keys that have gone: the rest is taken to be as large, key by key.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace raft {

struct SnapshotProgress {
  std::uint64_t sent_bytes = 0;  // of its stream, with what the peer had kept of it before
  // About so many bytes will the stream have: but for its end, exact once the last key has gone. 0:
  // not known, no key has gone yet.
  std::uint64_t size_bytes = 0;
};

// Of the bytes the share has gone that has gone of the keys.
inline SnapshotProgress SnapshotProgressAt(std::uint64_t sent_bytes, std::uint64_t sent_keys,
                                           std::uint64_t key_count) {
  if (sent_keys == key_count) return {.sent_bytes = sent_bytes, .size_bytes = sent_bytes};
  if (sent_keys == 0) return {.sent_bytes = sent_bytes};
  const double bytes_per_key = static_cast<double>(sent_bytes) / static_cast<double>(sent_keys);
  return {.sent_bytes = sent_bytes,
          .size_bytes = static_cast<std::uint64_t>(bytes_per_key * static_cast<double>(key_count))};
}

// Where whoever sends leaves it for those who ask. A reader may get the two numbers of two moments
// that follow each other, but never more sent than there is.
class PublishedProgress {
 public:
  // One thread at a time.
  void Write(const SnapshotProgress& progress) {
    sent_bytes_.store(progress.sent_bytes, std::memory_order_relaxed);
    size_bytes_.store(progress.size_bytes, std::memory_order_relaxed);
  }
  // Any thread.
  SnapshotProgress Read() const {
    const std::uint64_t sent_bytes = sent_bytes_.load(std::memory_order_relaxed);
    const std::uint64_t size_bytes = size_bytes_.load(std::memory_order_relaxed);
    return {.sent_bytes = sent_bytes,
            .size_bytes = size_bytes == 0 ? 0 : std::max(sent_bytes, size_bytes)};
  }

 private:
  std::atomic<std::uint64_t> sent_bytes_{0};
  std::atomic<std::uint64_t> size_bytes_{0};
};

}  // namespace raft
