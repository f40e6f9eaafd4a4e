// One LevelDB database of ours: the options that keep it honest, in one place.
//
// Paranoid checks on (traps E3, H5), no compression, an Env that syncs and remembers failures
// (syncing_env.h), small caches. Knows nothing of what is stored.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/filter_policy.h"
#include "persistence/syncing_env.h"

namespace raft {

struct DatabaseOptions {
  bool create = false;       // false: a missing database is an error (rule S-6)
  bool point_reads = false;  // keep a Bloom filter, for keys that are looked up one by one
  std::size_t write_buffer_bytes = 8 << 20;
  std::size_t block_cache_bytes = 1 << 20;
};

class Database {
 public:
  // NOT_FOUND: absent, and not to be created. DATA_LOSS: damaged. All errors name the directory.
  static absl::StatusOr<std::unique_ptr<Database>> Open(Disk& disk, const std::string& path,
                                                        const DatabaseOptions& options);
  ~Database();

  const std::string& path() const { return path_; }
  leveldb::DB& db() { return *db_; }
  // Expires once the database is closed, so that its directory may go.
  std::weak_ptr<const void> UntilClosed() const { return until_closed_; }

  // Reads that verify what they read (traps E10, H6); `whole_table`: do not fill the cache.
  static leveldb::ReadOptions Verified(bool whole_table = false);

  // One atomic write. The first failure, of this or of any write LevelDB did in between, is
  // returned for ever (rule S-3). One writing thread.
  absl::Status Write(leveldb::WriteBatch* batch, bool sync);

 private:
  Database(Disk& disk, std::string path, const DatabaseOptions& options);

  // First, so that it goes last.
  const std::shared_ptr<const void> until_closed_ = std::make_shared<char>();
  const std::string path_;
  // In this order: the database goes before what it stands on.
  SyncingEnv env_;
  std::unique_ptr<leveldb::Cache> block_cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
  absl::Status failure_;
};

// A database was created here once: its CURRENT file is there.
bool DatabaseExists(Disk& disk, const std::string& path);

// Removes a closed database with its directory; fine when there is none. CURRENT goes first, so
// that what a crash leaves is no database. Not durable: a power loss may bring it back.
absl::Status RemoveDatabase(leveldb::Env& env, const std::string& path);

}  // namespace raft
