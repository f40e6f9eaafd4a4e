// The key-value state machine in LevelDB: data, applied position, digest and log time of one batch
// change in one atomic write (trap G1).
//
// The writes are not synced: the log is the truth and repeats them after a power loss. The Env
// below sees to it that what is lost is always the end, never a hole (trap E8).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/write_batch.h"
#include "persistence/command_executor.h"
#include "persistence/database.h"
#include "persistence/identity.h"
#include "persistence/key_value_store.h"
#include "persistence/state_overlay.h"
#include "persistence/state_record.h"

namespace raft {

class LevelDbKeyValueStore final : public KeyValueStore {
 public:
  // Creates an empty state at {0, 0}, durable when OK; the same bytes on every server of a cluster.
  // What is already there stays as it is, and Open judges it. Requires: IsSound(founding).
  static absl::Status Create(Disk& disk, const std::string& path,
                             const FoundingConfiguration& founding);

  // Opens a state that exists. FAILED_PRECONDITION: absent, or of another cluster. DATA_LOSS.
  static absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> Open(Disk& disk,
                                                                    const std::string& path,
                                                                    const ClusterId& cluster_id);

  // The database below a state, with the options that all of them have.
  static absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(Disk& disk, const std::string& path,
                                                                bool create);

  // The state came from a snapshot, and the log has not followed it yet.
  bool log_reset_pending() const { return log_reset_pending_; }
  // Expires once this and every snapshot source of it are gone.
  std::weak_ptr<const void> UntilClosed() const { return database_->UntilClosed(); }

  // DATA_LOSS unless a full scan gives the digest that was kept. Before a server starts.
  absl::Status VerifyRecords();

  ApplyOutcome Apply(std::span<const LogEntryPointer> entries) override;
  LogPosition applied() const override { return summary_.applied; }
  LogTimeMs log_time_ms() const override { return summary_.log_time_ms; }

  absl::Status Read(const raft::v1::Query& query, raft::v1::ReadResponse* response) override;
  std::string digest() const override;
  absl::StatusOr<std::string> ScanDigest() override;
  std::uint64_t key_count() const override { return summary_.key_count; }
  const IndexedConfiguration& configuration() const override { return configuration_; }
  absl::Status Checkpoint() override;
  absl::StatusOr<std::unique_ptr<SnapshotSource>> OpenSnapshot() override;
  absl::Status CompleteInstall() override;
  absl::Status MarkDiverged() override;
  bool diverged() const override { return diverged_; }

 private:
  LevelDbKeyValueStore(std::unique_ptr<Database> database, ClusterId cluster_id);

  absl::Status ReadSummary();
  absl::Status ReadMembership();
  // Whether the mark is there; `name` is for the error.
  absl::StatusOr<bool> HasMark(std::string_view key, const char* name);
  absl::StatusOr<std::string> ApplyEntry(const LogEntry& entry);
  absl::Status ParseCommand(const LogEntry& entry);
  absl::Status WriteBatch(StateSummary* next);
  absl::Status WriteSummary(const StateSummary& summary, bool sync);

  const std::shared_ptr<Database> database_;  // shared with the sources of snapshots
  const ClusterId cluster_id_;
  StateSummary summary_;
  IndexedConfiguration configuration_;
  bool log_reset_pending_ = false;
  bool diverged_ = false;
  StateOverlay overlay_;
  CommandExecutor executor_;
  absl::Status failure_;
  // Reused from batch to batch.
  leveldb::WriteBatch batch_;
  std::optional<IndexedConfiguration> new_configuration_;  // that an entry of the batch brought
  raft::v1::Command command_;
  std::string summary_bytes_;
};

}  // namespace raft
