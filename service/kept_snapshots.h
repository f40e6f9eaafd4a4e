// What broken transfers had pinned: one snapshot per peer, until the next transfer takes it or it
// is not worth its place any more.
//
// A pinned snapshot keeps old data on disk. So it is let go once no stream of it has got any
// further for SnapshotTransferOptions::keep_time, and at once when the peer is none any more. Knows
// snapshots and peers, no streams.
//
// Any thread; one leaf lock, never held while a snapshot is let go or a queue is called.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/mutex.h"
#include "persistence/snapshot.h"
#include "service/loop/bulk_thread.h"

namespace raft {

// A snapshot that is pinned for a peer.
struct PinnedSnapshot {
  std::unique_ptr<SnapshotSource> source;  // null: none
  bool was_read = false;                   // it is not at its beginning any more
  std::chrono::steady_clock::time_point since;
  std::uint64_t furthest_offset = 0;               // that a stream of it has reached
  std::chrono::steady_clock::time_point moved_at;  // when it did
};

class KeptSnapshots {
 public:
  // `bulk` drains before this goes.
  KeptSnapshots(BulkThread& bulk, std::chrono::milliseconds keep_time)
      : bulk_(bulk), keep_time_(keep_time) {}
  KeptSnapshots(const KeptSnapshots&) = delete;
  KeptSnapshots& operator=(const KeptSnapshots&) = delete;

  // Keeps it for this life of the peer, in place of an older one; or lets it go.
  void Keep(const Member& peer, PinnedSnapshot pinned);
  // What was kept for this life of the peer, if it ends at this index or later; anything else is
  // let go.
  PinnedSnapshot Take(const Member& peer, LogIndex ends_at_least);
  void LetGo(ServerId peer);
  // Lets go of all, and of each that comes later.
  void Close();

 private:
  struct Kept {
    std::uint64_t incarnation = 0;
    PinnedSnapshot pinned;
    std::uint64_t number = 0;  // so that a late job lets go only what it was meant for
  };

  void LetGoOf(ServerId peer, std::uint64_t number);

  BulkThread& bulk_;
  const std::chrono::milliseconds keep_time_;
  Mutex mutex_;
  bool closed_ = false;
  std::uint64_t last_number_ = 0;
  std::map<ServerId, Kept> kept_;
};

}  // namespace raft
