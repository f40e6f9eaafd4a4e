#include "persistence/snapshot_installer.h"

#include <utility>

#include "persistence/incoming_state.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/state_pointer.h"

namespace raft {

StateInstaller::StateInstaller(Disk& disk, std::string data_directory, ClusterId cluster_id,
                               std::shared_ptr<StateDirectories> states)
    : disk_(disk),
      data_directory_(std::move(data_directory)),
      cluster_id_(std::move(cluster_id)),
      states_(std::move(states)) {}

absl::StatusOr<std::unique_ptr<IncomingSnapshot>> StateInstaller::Begin() {
  states_->DropWaiting();
  if (absl::Status status = states_->RemoveUnused(); !status.ok()) return status;
  return IncomingState::Create(disk_, states_, {.from = cluster_id_, .into = cluster_id_});
}

absl::StatusOr<std::unique_ptr<KeyValueStore>> StateInstaller::Switch() {
  const std::string name = states_->BeginSwitch();
  if (name.empty()) {
    return absl::FailedPreconditionError("cannot switch to another state in " + data_directory_ +
                                         ": none has arrived");
  }
  absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state =
      LevelDbKeyValueStore::Open(disk_, states_->PathOf(name), cluster_id_);
  if (!state.ok()) return state.status();
  states_->Watch(name, (*state)->UntilClosed());
  absl::Status replaced = WriteStatePointer(disk_, data_directory_, name);
  if (!replaced.ok()) return replaced;
  states_->EndSwitch();
  return std::unique_ptr<KeyValueStore>(*std::move(state));
}

void StateInstaller::Discard() {
  states_->DropWaiting();
  RemoveReplaced();
}

// What cannot be removed now goes the next time, or at the next start.
void StateInstaller::RemoveReplaced() { states_->RemoveUnused().IgnoreError(); }

}  // namespace raft
