// A snapshot that arrives, written into a state directory of its own beside the live one.
//
// Nothing in the directory counts before Finish: until then it has no summary, so no start takes it
// for a state. Holds one piece in memory, never the state.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/database.h"
#include "persistence/identity.h"
#include "persistence/snapshot.h"
#include "persistence/snapshot_verifier.h"
#include "persistence/state_directories.h"
#include "persistence/state_record.h"

namespace raft {

// Whose snapshots are taken, any other is refused, and whose state they become: the same cluster's,
// but where one that is over begins anew.
struct SnapshotClusters {
  ClusterId from;
  ClusterId into;
};

class IncomingState final : public IncomingSnapshot {
 public:
  // Creates a new state directory, of cluster `clusters.into`.
  static absl::StatusOr<std::unique_ptr<IncomingState>> Create(
      Disk& disk, std::shared_ptr<StateDirectories> states, SnapshotClusters clusters);
  ~IncomingState() override;

  absl::Status Add(std::string_view piece) override;
  std::optional<SnapshotPlace> place() const override;
  absl::StatusOr<SnapshotHeader> Finish() override;

 private:
  IncomingState(Disk& disk, std::shared_ptr<StateDirectories> states, SnapshotClusters clusters,
                std::string name);

  absl::Status Store(const SnapshotPiece& piece);
  absl::Status WriteSummary(const StateSummary& summary);
  absl::Status ReadBack();

  Disk& disk_;
  leveldb::Env& env_;
  const std::shared_ptr<StateDirectories> states_;
  const SnapshotClusters clusters_;
  const std::string name_;
  std::unique_ptr<Database> database_;
  SnapshotVerifier verifier_;
  bool is_finished_ = false;
  absl::Status failure_;
};

}  // namespace raft
