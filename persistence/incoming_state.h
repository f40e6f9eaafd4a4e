// A snapshot that arrives, written into a state directory of its own beside the live one.
//
// Nothing in the directory counts before Finish: until then it has no summary, so no start takes it
// for a state. Holds one piece in memory, never the state.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/database.h"
#include "persistence/snapshot.h"
#include "persistence/snapshot_stream.h"
#include "persistence/state_directories.h"
#include "persistence/state_record.h"

namespace raft {

class IncomingState final : public IncomingSnapshot {
 public:
  // Creates a new state directory, of this cluster; a snapshot of another one is refused.
  static absl::StatusOr<std::unique_ptr<IncomingState>> Create(
      Disk& disk, std::shared_ptr<StateDirectories> states, ClusterId cluster_id);
  ~IncomingState() override;

  absl::Status Add(std::string_view piece) override;
  absl::StatusOr<SnapshotHeader> Finish() override;

 private:
  IncomingState(Disk& disk, std::shared_ptr<StateDirectories> states, ClusterId cluster_id,
                std::string name);

  absl::Status Store(const SnapshotPiece& piece);
  // The summary of what arrived, if that is what the head promised.
  absl::StatusOr<StateSummary> CheckWhole() const;
  absl::Status WriteSummary(const StateSummary& summary);
  absl::Status ReadBack();

  Disk& disk_;
  leveldb::Env& env_;
  const std::shared_ptr<StateDirectories> states_;
  const ClusterId cluster_id_;
  const std::string name_;
  std::unique_ptr<Database> database_;
  SnapshotDecoder decoder_;
  std::uint64_t key_count_ = 0;
  Digest128 records_digest_;
  bool is_finished_ = false;
  absl::Status failure_;
};

}  // namespace raft
