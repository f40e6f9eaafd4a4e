// Makes a state that arrived the live one, by replacing the pointer that names it.
//
// Until the log has followed, the new state carries a mark (state_record.h), and a start finishes
// what a crash cut short (start_rules.h).
#pragma once

#include <memory>
#include <string>

#include "persistence/disk.h"
#include "persistence/identity.h"
#include "persistence/snapshot.h"
#include "persistence/state_directories.h"

namespace raft {

class StateInstaller final : public SnapshotInstaller {
 public:
  // `disk` must outlive this.
  StateInstaller(Disk& disk, std::string data_directory, ClusterId cluster_id,
                 std::shared_ptr<StateDirectories> states);

  absl::StatusOr<std::unique_ptr<IncomingSnapshot>> Begin() override;
  absl::StatusOr<std::unique_ptr<KeyValueStore>> Switch() override;
  void Discard() override;
  void RemoveReplaced() override;

 private:
  Disk& disk_;
  const std::string data_directory_;
  const ClusterId cluster_id_;
  const std::shared_ptr<StateDirectories> states_;
};

}  // namespace raft
