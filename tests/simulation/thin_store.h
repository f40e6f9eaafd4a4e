// The key-value state machine of a thin machine: the same answers as the real one, in a map.
//
// Puts, deletes, compare-and-sets and gets; whatever else a command may be is not simulated.
// Rebuilds itself from its checkpoint and the log when it is opened, so that any state since can
// come back.
#pragma once

#include <map>
#include <span>
#include <string>

#include "persistence/key_value_store.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/thin_machine.h"

namespace raft::simulation {

class ThinStore final : public KeyValueStore {
 public:
  // Both outlive this. The state is that of `disk.applied`.
  ThinStore(ThinDisk& disk, Dice& dice);

  ApplyOutcome Apply(std::span<const LogEntryPointer> entries) override;
  LogPosition applied() const override;
  LogTimeMs log_time_ms() const override { return state_.log_time_ms; }
  absl::Status Read(const raft::v1::Query& query, raft::v1::ReadResponse* response) override;
  // Depends on the records, where the state stands, configuration and log time; not on how it came
  // about.
  std::string digest() const override;
  absl::StatusOr<std::string> ScanDigest() override { return digest(); }
  std::uint64_t key_count() const override { return state_.items.size(); }
  const IndexedConfiguration& configuration() const override { return state_.configuration; }
  absl::Status Checkpoint() override;
  absl::StatusOr<std::unique_ptr<SnapshotSource>> OpenSnapshot() override;
  absl::Status CompleteInstall() override;
  absl::Status MarkDiverged() override;
  bool diverged() const override { return disk_.state_is_diverged; }

 private:
  std::string Execute(const LogEntry& entry);
  void Put(const std::string& key, const std::string& value, std::uint64_t revision);
  bool Delete(const std::string& key);

  ThinDisk& disk_;
  Dice& dice_;
  ThinState state_;
  raft::v1::Command command_;  // reused
};

}  // namespace raft::simulation
