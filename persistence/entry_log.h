// The Raft log on disk, in LevelDB (Figure 2, persistent state: `log[]`).
//
// Every write is synced; truncation and appending are one atomic batch (trap H21); the whole chain
// is verified when the log is opened. The base moves first and durably; what then lies at or below
// it is left over: nobody reads it, and later writes delete it a slice at a time, so that a trim
// never holds up a commit. Knows entries and their order, nothing of terms promised or of who
// commits them.
#pragma once

#include <deque>
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
#include "persistence/space_reclaimer.h"

namespace raft {

// Disk thread only, once opened.
class EntryLog {
 public:
  // Creates an empty log that starts after {0, 0}, durable when OK. What is already there stays as
  // it is: the remains of a creation that was cut short are completed, and Open judges the rest.
  static absl::Status Create(Disk& disk, const std::string& path, const Owner& owner,
                             LogTimeMs founding_time_ms);

  // The same for a log that starts after `base`, which need not be the beginning of everything.
  static absl::Status Create(Disk& disk, const std::string& path, const Owner& owner,
                             const ChainEnd& base);

  // Opens and verifies a log that exists, and deletes what is left over at or below its base.
  // FAILED_PRECONDITION: absent, or another server's. DATA_LOSS: damaged; names database, index and
  // cause.
  static absl::StatusOr<std::unique_ptr<EntryLog>> Open(Disk& disk, const std::string& path,
                                                        const Owner& owner);

  // What Open found, once; empty afterwards.
  std::vector<LogEntryPointer> TakeRecoveredEntries() { return std::move(recovered_entries_); }

  LogPosition base() const { return base_.position; }
  LogTimeMs base_log_time_ms() const { return base_.log_time_ms; }
  LogPosition last() const { return end_.position; }

  // Carries out the rebases, truncations and appends of all requests, in order, as one synced
  // batch. Requires: each appends right after what is left, and a base that keeps its suffix is an
  // entry of the log. The first failure is final.
  absl::Status Write(std::span<const PersistRequest> requests);

 private:
  // What all requests of one call come to: move the base, drop what follows `start`, then append
  // `entries`.
  struct NetChange {
    ChainEnd base;   // without its link, while it is one of `entries`
    ChainEnd start;  // the end of what is kept
    bool rebases = false;
    bool truncates = false;
    std::vector<const LogEntry*> entries;

    bool is_empty() const { return !rebases && !truncates && entries.empty(); }
  };

  // Both ends belong to it.
  struct IndexRange {
    LogIndex first;
    LogIndex last;
  };

  EntryLog(Disk& disk, std::unique_ptr<Database> database, const Owner& owner);

  absl::Status ReadBase();
  absl::Status ReadEntries();
  absl::Status DeleteLeftovers();
  // DATA_LOSS, naming this database and the index.
  absl::Status Damaged(LogIndex index, const absl::Status& cause) const;

  absl::StatusOr<NetChange> Merge(std::span<const PersistRequest> requests);
  absl::Status Rebase(const LogRebase& rebase, NetChange* change);
  absl::Status Trim(LogPosition base, NetChange* change);
  absl::Status TruncateFrom(LogIndex index, NetChange* change);
  void AppendEntry(const LogEntry& entry, NetChange* change);
  absl::StatusOr<ChainEnd> ReadChainEnd(LogIndex index, const NetChange& kept);

  absl::Status CarryOut(NetChange* change);
  void Fill(NetChange* change, ChainEnd* end);
  bool FillWithLeftovers(std::size_t count_max);
  void LeaveOver(LogIndex first, LogIndex last);
  void ReclaimSpace();

  const std::unique_ptr<Database> database_;
  const Owner owner_;
  SpaceReclaimer reclaimer_;
  ChainEnd base_;
  ChainEnd end_;
  // Stored at or below the base, perhaps: to be deleted. In rising order.
  std::deque<IndexRange> leftovers_;
  std::vector<LogEntryPointer> recovered_entries_;
  absl::Status failure_;
  // Reused from write to write, so that a write allocates nothing of its own.
  leveldb::WriteBatch batch_;
  std::string record_;
  std::vector<const LogEntry*> pending_;
};

}  // namespace raft
