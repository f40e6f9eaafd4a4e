#include "persistence/data_directory.h"

#include <algorithm>
#include <utility>

#include "persistence/directory_birth.h"
#include "persistence/entry_log.h"
#include "persistence/identity_file.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/leveldb_storage.h"
#include "persistence/promise_file.h"
#include "persistence/snapshot_installer.h"
#include "persistence/start_rules.h"
#include "persistence/state_directories.h"
#include "persistence/state_pointer.h"
#include "persistence/way_back.h"
#include "persistence/write_ahead_scan.h"

namespace raft {
namespace {

std::uint64_t DirectoryBytes(Disk& disk, const std::string& path) {
  std::uint64_t sum = 0;
  for (const DirectoryMember& member : disk.List(path)) sum += member.bytes;
  return sum;
}

class LocalDataDirectory final : public DataDirectory {
 public:
  LocalDataDirectory(Disk& disk, std::string path, std::unique_ptr<DiskLock> lock)
      : disk_(disk),
        path_(std::move(path)),
        lock_(std::move(lock)),
        states_(std::make_shared<StateDirectories>(disk, path_)) {}

  // Reads the identity, or draws a new one where there never was any.
  absl::Status Identify(ServerId server_id, std::uint64_t initial_members_hash);

  const Identity& identity() const override { return identity_; }
  const std::string& path() const override { return path_; }
  absl::Status AdoptFounding(const FoundingConfiguration& founding) override;
  absl::Status AdoptFoundingAsJoiner(const FoundingConfiguration& founding) override;
  absl::StatusOr<OpenedServer> OpenServer() override;
  DirectorySizes Sizes() const override;

 private:
  absl::Status BeBorn(ServerId server_id, std::uint64_t initial_members_hash);
  absl::Status CheckIdentity(ServerId server_id) const;
  absl::Status ReplaceIdentity(Identity identity);
  absl::Status Adopt(const FoundingConfiguration& founding);
  absl::Status CheckFounding(const FoundingConfiguration& founding) const;
  bool IsListedIn(const FoundingConfiguration& founding) const;

  Owner OwnerHere() const;
  std::string LogPath() const { return path_ + "/" + kLogName; }
  absl::Status CreateStorage();
  absl::Status CheckWriteAhead() const;
  absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> OpenState();
  absl::Status FinishInstall(const FoundOnDisk& found, OpenedServer* opened);
  absl::Status FinishCreation(const OpenedServer& opened);

  Disk& disk_;
  const std::string path_;
  const std::unique_ptr<DiskLock> lock_;
  Identity identity_;
  const std::shared_ptr<StateDirectories> states_;
};

absl::Status LocalDataDirectory::Identify(ServerId server_id, std::uint64_t initial_members_hash) {
  absl::StatusOr<Identity> found = ReadIdentityFile(disk_, path_);
  if (absl::IsNotFound(found.status())) return BeBorn(server_id, initial_members_hash);
  if (!found.ok()) {
    return absl::Status(found.status().code(),
                        std::string(found.status().message()) + WayBackFrom(found.status().code()));
  }
  identity_ = *std::move(found);
  // It may have been read from memory: a process killed in the middle of replacing it leaves a name
  // that a power loss would take back.
  if (absl::Status status = disk_.SyncDirectory(path_); !status.ok()) return status;
  if (absl::Status status = CheckIdentity(server_id); !status.ok()) return status;
  if (!identity_.is_forming() || identity_.initial_members_hash == initial_members_hash) {
    return absl::OkStatus();
  }
  // A forming server has promised nothing, so a corrected --initial-members may simply replace it.
  Identity corrected = identity_;
  corrected.initial_members_hash = initial_members_hash;
  return ReplaceIdentity(std::move(corrected));
}

absl::Status LocalDataDirectory::BeBorn(ServerId server_id, std::uint64_t initial_members_hash) {
  if (const std::string name = FindServerFiles(disk_, path_); !name.empty()) {
    return DirectoryRefused(
        path_, "it holds " + name +
                   " but no identity file, so what it once promised is unknown; restore "
                   "the identity file, or use an empty directory");
  }
  // A mistyped path must not become a server (trap H15).
  if (const std::string name = FindForeignFile(disk_, path_); !name.empty()) {
    return DirectoryRefused(path_, "no server lives there, and it is not empty: it holds " + name +
                                       "; check --data-dir, or use an empty directory");
  }
  if (absl::Status status = disk_.CreateDirectory(path_); !status.ok()) return status;
  return ReplaceIdentity({.server_id = server_id,
                          .incarnation = DrawIncarnation(disk_),
                          .initial_members_hash = initial_members_hash,
                          .founding = {}});
}

absl::Status LocalDataDirectory::CheckIdentity(ServerId server_id) const {
  if (identity_.server_id != server_id) {
    return DirectoryRefused(path_, "it belongs to server " +
                                       std::to_string(identity_.server_id.value()) +
                                       ", not to server " + std::to_string(server_id.value()) +
                                       "; check --server-id and --data-dir");
  }
  const std::string name = FindServerFiles(disk_, path_);
  if (identity_.is_forming() && !name.empty()) {
    return DirectoryRefused(path_,
                            "its identity was never founded, yet it holds " + name +
                                "; restore the right identity file, or use an empty directory");
  }
  return absl::OkStatus();
}

absl::Status LocalDataDirectory::ReplaceIdentity(Identity identity) {
  if (absl::Status status = WriteIdentityFile(disk_, path_, identity); !status.ok()) return status;
  identity_ = std::move(identity);
  return absl::OkStatus();
}

absl::Status LocalDataDirectory::AdoptFounding(const FoundingConfiguration& founding) {
  if (identity_.is_forming() && !IsListedIn(founding)) {
    return DirectoryRefused(path_,
                            "the offered founding does not list this server in this life of its "
                            "directory");
  }
  return Adopt(founding);
}

absl::Status LocalDataDirectory::AdoptFoundingAsJoiner(const FoundingConfiguration& founding) {
  if (identity_.is_forming() && identity_.initial_members_hash != 0) {
    return DirectoryRefused(
        path_, "it was born with --initial-members, to found a cluster, not to join one");
  }
  return Adopt(founding);
}

absl::Status LocalDataDirectory::Adopt(const FoundingConfiguration& founding) {
  if (!identity_.is_forming()) {
    if (identity_.founding == founding) return absl::OkStatus();
    return DirectoryRefused(path_, "it belongs to cluster " +
                                       FormatClusterId(identity_.founding.cluster_id) +
                                       " and cannot adopt another founding");
  }
  if (absl::Status status = CheckFounding(founding); !status.ok()) return status;
  Identity founded = identity_;
  founded.founding = founding;
  return ReplaceIdentity(std::move(founded));
}

absl::Status LocalDataDirectory::CheckFounding(const FoundingConfiguration& founding) const {
  if (IsSound(founding)) return absl::OkStatus();
  if (founding.cluster_id.size() != kClusterIdBytes) {
    return DirectoryRefused(path_, "the offered founding has no cluster id of 16 bytes");
  }
  return DirectoryRefused(
      path_,
      "the members of the offered founding are not in rising order of id, one has no "
      "incarnation, or they cannot be a cluster");
}

bool LocalDataDirectory::IsListedIn(const FoundingConfiguration& founding) const {
  return std::any_of(founding.members.begin(), founding.members.end(),
                     [this](const FoundingMember& member) {
                       return member.server_id == identity_.server_id &&
                              member.incarnation == identity_.incarnation;
                     });
}

absl::StatusOr<OpenedServer> LocalDataDirectory::OpenServer() {
  if (identity_.is_forming()) return DirectoryRefused(path_, "its cluster is not founded yet");
  if (!identity_.storage_created) {
    if (absl::Status status = CreateStorage(); !status.ok()) return status;
  }
  if (absl::Status status = CheckWriteAhead(); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<EntryLog>> log = EntryLog::Open(disk_, LogPath(), OwnerHere());
  if (!log.ok()) return log.status();
  absl::StatusOr<PromiseFile> promise = PromiseFile::Open(disk_, path_, OwnerHere());
  if (!promise.ok()) return promise.status();
  absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state = OpenState();
  if (!state.ok()) return state.status();

  OpenedServer opened;
  opened.configuration = (*state)->configuration().configuration;
  opened.recovered = {.incarnation = identity_.incarnation,
                      .promise = promise->promise(),
                      .base = (*log)->base(),
                      .entries = (*log)->TakeRecoveredEntries(),
                      .applied = (*state)->applied(),
                      .configuration_index = (*state)->configuration().index,
                      .state_is_diverged = (*state)->diverged(),
                      .log_time_ms = (*log)->base_log_time_ms()};
  const FoundOnDisk found{.promise = promise->promise(),
                          .floor_index = promise->floor_index(),
                          .base = (*log)->base(),
                          .base_log_time_ms = (*log)->base_log_time_ms(),
                          .entries = opened.recovered.entries,
                          .applied = (*state)->applied(),
                          .applied_log_time_ms = (*state)->log_time_ms(),
                          .configuration = (*state)->configuration(),
                          .log_reset_pending = (*state)->log_reset_pending()};
  if (absl::Status status = CheckStart(found); !status.ok()) return status;
  // All that was recovered lies in synced tables now: from here on it may never be missing again.
  if (promise->floor_index() != (*log)->last().index) {
    absl::Status raised = promise->Write(promise->promise(), (*log)->last().index);
    if (!raised.ok()) return raised;
  }
  opened.storage = std::make_unique<LevelDbStorage>(*std::move(promise), *std::move(log));
  opened.state = *std::move(state);
  if (absl::Status status = FinishInstall(found, &opened); !status.ok()) return status;
  if (absl::Status status = FinishCreation(opened); !status.ok()) return status;
  if (absl::Status status = states_->RemoveUnused(); !status.ok()) return status;
  opened.installer =
      std::make_unique<StateInstaller>(disk_, path_, identity_.founding.cluster_id, states_);
  return opened;
}

absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> LocalDataDirectory::OpenState() {
  const absl::StatusOr<std::string> name = ReadStatePointer(disk_, path_);
  if (!name.ok()) return name.status();
  states_->SetLive(*name);
  absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state =
      LevelDbKeyValueStore::Open(disk_, states_->PathOf(*name), identity_.founding.cluster_id);
  if (!state.ok()) return state.status();
  states_->Watch(*name, (*state)->UntilClosed());
  if (absl::Status status = (*state)->VerifyRecords(); !status.ok()) return status;
  return state;
}

// A crash between the switch to a snapshot and the mark's removal: the log follows now.
absl::Status LocalDataDirectory::FinishInstall(const FoundOnDisk& found, OpenedServer* opened) {
  if (const std::optional<LogRebase> rebase = RebaseToFinish(found)) {
    PersistRequest request;
    request.rebase = rebase;
    absl::Status persisted = opened->storage->Persist({&request, 1});
    if (!persisted.ok()) return persisted;
    std::vector<LogEntryPointer>& entries = opened->recovered.entries;
    const std::size_t followed =
        rebase->keeps_suffix ? static_cast<std::size_t>(rebase->base.index - found.base.index)
                             : entries.size();
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(followed));
    opened->recovered.base = rebase->base;
    opened->recovered.log_time_ms = rebase->log_time_ms;
  }
  return opened->state->CompleteInstall();
}

Owner LocalDataDirectory::OwnerHere() const {
  return {.cluster_id = identity_.founding.cluster_id,
          .server_id = identity_.server_id,
          .incarnation = identity_.incarnation};
}

// Until the identity says that all of this exists, nothing was ever promised, so what a crash cut
// short may be done again.
absl::Status LocalDataDirectory::CreateStorage() {
  const FoundingConfiguration& founding = identity_.founding;
  const std::string state_path = path_ + "/" + kFirstStateName;
  absl::Status status = LevelDbKeyValueStore::Create(disk_, state_path, founding);
  if (status.ok()) status = WriteStatePointer(disk_, path_, kFirstStateName);
  if (status.ok()) status = EntryLog::Create(disk_, LogPath(), OwnerHere(), founding.log_time_ms);
  if (status.ok() && absl::IsDataLoss(PromiseFile::Open(disk_, path_, OwnerHere()).status())) {
    status = PromiseFile::Create(disk_, path_, OwnerHere());
  }
  return status;
}

absl::Status LocalDataDirectory::CheckWriteAhead() const {
  if (!DatabaseExists(disk_, LogPath())) return absl::OkStatus();  // opening it says so better
  const absl::StatusOr<WriteAheadFinding> finding = ScanWriteAhead(disk_, LogPath());
  if (!finding.ok())
    return DirectoryRefused(path_, std::string(finding.status().message()) + kWayBack);
  if (finding->tail != WriteAheadTail::kSuspect) return absl::OkStatus();
  return DirectoryRefused(path_,
                          finding->path + " is damaged at byte " + std::to_string(finding->offset) +
                              ": what was durable there cannot be read, and writes that came later "
                              "can" +
                              kWayBack);
}

absl::Status LocalDataDirectory::FinishCreation(const OpenedServer& opened) {
  if (identity_.storage_created) return absl::OkStatus();
  const RecoveredState& recovered = opened.recovered;
  if (!recovered.entries.empty() || recovered.applied != LogPosition{} ||
      recovered.promise != Promise{}) {
    return DirectoryRefused(path_,
                            "its identity says that this server was never started, yet it holds a "
                            "promise, a log or a state; restore the right identity file, or use an "
                            "empty directory");
  }
  Identity complete = identity_;
  complete.storage_created = true;
  return ReplaceIdentity(std::move(complete));
}

DirectorySizes LocalDataDirectory::Sizes() const {
  return {.log_bytes = DirectoryBytes(disk_, LogPath()),
          .state_bytes = DirectoryBytes(disk_, states_->PathOf(states_->live_name())),
          .disk_free_bytes = disk_.FreeBytes(path_)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Open(
    const std::string& path, ServerId server_id, std::uint64_t initial_members_hash, Disk& disk) {
  if (absl::Status status = PrepareDirectory(disk, path); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<DiskLock>> lock = disk.LockDirectory(path);
  if (!lock.ok()) return lock.status();
  auto directory = std::make_unique<LocalDataDirectory>(disk, path, *std::move(lock));
  if (absl::Status status = directory->Identify(server_id, initial_members_hash); !status.ok()) {
    return status;
  }
  return std::unique_ptr<DataDirectory>(std::move(directory));
}

}  // namespace raft
