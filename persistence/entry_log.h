// The Raft log on disk, in LevelDB (Figure 2, persistent state: `log[]`).
//
// Every write is synced; truncation and appending are one atomic batch (trap H21); the whole chain
// is verified when the log is opened. Knows entries and their order, nothing of terms promised or
// of who commits them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/effects.h"
#include "leveldb/write_batch.h"
#include "persistence/database.h"
#include "persistence/log_record.h"

namespace raft {

// Disk thread only, once opened.
class EntryLog {
 public:
  // Creates an empty log that starts after {0, 0}, durable when OK. What is already there stays as
  // it is: the remains of a creation that was cut short are completed, and Open judges the rest.
  static absl::Status Create(Disk& disk, const std::string& path, const Owner& owner,
                             LogTimeMs founding_time_ms);

  // Opens and verifies a log that exists. FAILED_PRECONDITION: absent, or another server's.
  // DATA_LOSS: damaged; names database, index and cause.
  static absl::StatusOr<std::unique_ptr<EntryLog>> Open(Disk& disk, const std::string& path,
                                                        const Owner& owner);

  // What Open found, once; empty afterwards.
  std::vector<LogEntryPointer> TakeRecoveredEntries() { return std::move(recovered_entries_); }

  LogPosition base() const { return base_.position; }
  LogTimeMs base_log_time_ms() const { return base_.log_time_ms; }
  LogPosition last() const { return end_.position; }

  // Carries out the truncations and appends of all requests, in order, as one synced batch.
  // Requires: each appends right after what is left. The first failure is final.
  absl::Status Write(std::span<const PersistRequest> requests);

 private:
  // What all requests of one call come to: drop `delete_from` and after, then append `entries`.
  struct NetChange {
    ChainEnd start;  // the end of what is kept
    bool truncates = false;
    std::vector<const LogEntry*> entries;
  };

  explicit EntryLog(std::unique_ptr<Database> database);

  absl::Status ReadBase(const Owner& owner);
  absl::Status ReadEntries();
  // DATA_LOSS, naming this database and the index.
  absl::Status Damaged(LogIndex index, const absl::Status& cause) const;

  absl::StatusOr<NetChange> Merge(std::span<const PersistRequest> requests);
  absl::Status TruncateFrom(LogIndex index, NetChange* change);
  absl::StatusOr<ChainEnd> ReadChainEnd(LogIndex index);
  void Fill(const NetChange& change, ChainEnd* end);

  std::unique_ptr<Database> database_;
  ChainEnd base_;
  ChainEnd end_;
  std::vector<LogEntryPointer> recovered_entries_;
  absl::Status failure_;
  // Reused from write to write, so that a write allocates nothing of its own.
  leveldb::WriteBatch batch_;
  std::string record_;
  std::vector<const LogEntry*> pending_;
};

}  // namespace raft
