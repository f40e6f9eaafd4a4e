// Gives the space of deleted records back to the disk, on a thread of its own.
//
// LevelDB merges a table only when its level is full, and the tables of a log, which never overlap,
// go straight to a level that is full at 100 MiB: without this a log that is trimmed all the time
// held nine times its live bytes (trap H17). Knows ranges of keys, not what they mean.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "persistence/background_worker.h"
#include "persistence/database.h"
#include "persistence/disk.h"

namespace raft {

// Called by the thread that writes to the database.
class SpaceReclaimer {
 public:
  // `database` must outlive this.
  SpaceReclaimer(Disk& disk, Database* database);

  // All records in [first, last) were deleted: merges the tables that still hold them, later and
  // elsewhere, if that is worth it and nothing of the kind is under way.
  void Reclaim(std::string first, std::string last);

 private:
  std::uint64_t BytesIn(const std::string& first, const std::string& last) const;
  static void Compact(void* reclaimer);

  Database* const database_;
  std::atomic<bool> is_busy_ = false;
  std::string first_;  // of the work under way, as is the next
  std::string last_;
  const std::unique_ptr<BackgroundWorker> worker_;  // goes first, and finishes its work
};

}  // namespace raft
