// The built-in state machine: keys and values in LevelDB, applied in atomic batches.
//
// Knows the key-value vocabulary (raft/v1/key_value.proto) and nothing of roles or clients. Data,
// applied position and configuration, digest and log time of one batch change in one LevelDB write.
// Writes are not synced one by one: the log is the truth, and a checkpoint syncs.
//
// Threads: Apply on the apply thread only. All that looks may be called from any one
// thread at a time that is ordered after the Apply whose effect it wants to see (the apply thread
// in raftd).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "core/state_machine.h"
#include "persistence/snapshot.h"
#include "raft/v1/consensus_service.pb.h"

namespace raft {

// Limits that are checked before a command is appended, never in Apply.
struct KeyValueLimits {
  std::size_t key_bytes_max = 4096;
  std::size_t value_bytes_max = 1 << 20;
  std::size_t command_bytes_max = 3 << 19;  // 1.5 MiB, the whole serialised command
  std::size_t transaction_compares_max = 128;
  std::size_t transaction_operations_max = 128;
  std::uint32_t scan_limit_max = 10'000;
};

// What a client may ask for, judged at the border. OK, INVALID_ARGUMENT (says which limit or rule,
// with the numbers), or UNIMPLEMENTED (opaque). Any thread.
absl::Status ValidateCommand(const raft::v1::Command& command, const KeyValueLimits& limits);
absl::Status ValidateQuery(const raft::v1::Query& query, const KeyValueLimits& limits);

class KeyValueStore : public StateMachine {
 public:
  // Answers a validated query from what is applied: fills items and more. Errors are the disk's
  // (DATA_LOSS, named) and final.
  virtual absl::Status Read(const raft::v1::Query& query, raft::v1::ReadResponse* response) = 0;

  // The digest as kept, 32 hexadecimal digits.
  virtual std::string digest() const = 0;
  // The digest reproduced by a full scan; slow.
  virtual absl::StatusOr<std::string> ScanDigest() = 0;
  virtual std::uint64_t key_count() const = 0;
  // The configuration that the applied entries have left in force; before the first, the founding
  // one at index 0. The digest covers it.
  virtual const IndexedConfiguration& configuration() const = 0;

  // Makes everything applied so far durable with one synced write.
  virtual absl::Status Checkpoint() = 0;

  // Pins the state as it is now. Apply thread.
  virtual absl::StatusOr<std::unique_ptr<SnapshotSource>> OpenSnapshot() = 0;
  // The log has followed the snapshot that this state came from (SnapshotInstaller::Switch): takes
  // the mark away, durably. Apply thread; fine when there is no mark.
  virtual absl::Status CompleteInstall() = 0;

  // This state was found to be another than the cluster's: says so from now on, durably, until
  // another state is switched to. Whoever calls applies nothing to it any more. Apply thread; fine
  // when it is marked already.
  virtual absl::Status MarkDiverged() = 0;
  // It was marked so. What it answers may be wrong.
  virtual bool diverged() const = 0;
};

}  // namespace raft
