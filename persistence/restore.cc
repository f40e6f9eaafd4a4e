#include "persistence/restore.h"

#include <memory>

#include "persistence/snapshot_file.h"

namespace raft {

absl::StatusOr<NewClusterReport> RestoreSnapshot(const std::string& snapshot_path,
                                                 const NewServer& server, Disk& disk) {
  // Read whole first: a damaged file leaves the directory as it was.
  const absl::StatusOr<SnapshotFileReport> whole = InspectSnapshotFile(snapshot_path, disk);
  if (!whole.ok()) return whole.status();
  const absl::StatusOr<std::unique_ptr<SnapshotFileReader>> reader =
      SnapshotFileReader::Open(snapshot_path, disk);
  if (!reader.ok()) return reader.status();
  const SnapshotHeader& header = whole->header;
  const OldCluster old{.founding = {.cluster_id = whole->cluster_id,
                                    .log_time_ms = header.log_time_ms,
                                    .members = {}},
                       .next_piece = [&] { return (*reader)->NextPiece(); },
                       .base = header.last_included,
                       .base_log_time_ms = header.log_time_ms,
                       .entries = {},
                       .highest_term = header.last_included.term};
  return BeginNewCluster(old, server, disk);
}

}  // namespace raft
