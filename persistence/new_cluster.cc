#include "persistence/new_cluster.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "persistence/byte_order.h"
#include "persistence/directory_birth.h"
#include "persistence/entry_log.h"
#include "persistence/identity_file.h"
#include "persistence/incoming_state.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/promise_file.h"
#include "persistence/state_directories.h"
#include "persistence/state_pointer.h"

namespace raft {
namespace {

// Written with one sync each, so that no batch holds a second copy of a long log.
constexpr std::size_t kEntriesPerWrite = 1000;
// No cluster gets near this; what says so would be taken for a beginning of the next term.
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62;

ClusterId DrawClusterId(Disk& disk) {
  ClusterId cluster_id;
  AppendUint64(&cluster_id, disk.DrawRandom());
  AppendUint64(&cluster_id, disk.DrawRandom());
  return cluster_id;
}

LogPosition LastOf(const OldCluster& old) {
  return old.entries.empty() ? old.base : old.entries.back()->position();
}

LogTimeMs LastTimeOf(const OldCluster& old) {
  return old.entries.empty() ? old.base_log_time_ms : old.entries.back()->log_time_ms;
}

ChainEnd BaseOf(const OldCluster& old) {
  if (old.base == LogPosition{}) return {.position = {}, .log_time_ms = old.base_log_time_ms};
  return ResetBase(old.base, old.base_log_time_ms);
}

class NewCluster {
 public:
  NewCluster(const OldCluster& old, const NewServer& server, Disk& disk);

  absl::Status Check() const;
  // In this order; each is durable when OK.
  absl::Status TakeDirectory();
  absl::Status WriteState();
  absl::Status WriteLog();
  absl::Status WritePromise();
  absl::Status WriteIdentity();

  const NewClusterReport& report() const { return report_; }

 private:
  std::string PathOf(const std::string& name) const { return server_.directory + "/" + name; }
  Owner owner() const;
  LogEntryPointer OnlyMember() const;
  absl::Status CheckEmpty() const;
  absl::Status CreateEmptyState();
  absl::Status CopyState();
  absl::Status FinishState();

  const OldCluster& old_;
  const NewServer& server_;
  Disk& disk_;
  Identity identity_;
  std::unique_ptr<DiskLock> lock_;
  NewClusterReport report_;
};

NewCluster::NewCluster(const OldCluster& old, const NewServer& server, Disk& disk)
    : old_(old), server_(server), disk_(disk) {
  const std::uint64_t incarnation = DrawIncarnation(disk);
  // Log time goes on where it was: whoever joins and replays the old log must find it rising.
  identity_ = {.server_id = server.server_id,
               .incarnation = incarnation,
               .founding = {.cluster_id = DrawClusterId(disk),
                            .log_time_ms = old.founding.log_time_ms,
                            .members = {{.server_id = server.server_id,
                                         .peer_address = server.peer_address,
                                         .incarnation = incarnation}}},
               .storage_created = true};
  report_ = {.cluster_id = identity_.founding.cluster_id,
             .incarnation = incarnation,
             .applied = {},
             .configuration = {.index = LastOf(old).index.Next(), .term = old.highest_term.Next()},
             .digest = {}};
}

absl::Status NewCluster::Check() const {
  if (!IsSound(identity_.founding) || server_.peer_address.empty()) {
    return absl::InvalidArgumentError(
        "cannot begin a cluster with server " + std::to_string(server_.server_id.value()) + " at " +
        server_.peer_address + ": a server has an id above 0 and an address without spaces");
  }
  if (old_.highest_term < Term(kNumberMax) && LastOf(old_).index < LogIndex(kNumberMax)) {
    return absl::OkStatus();
  }
  return absl::DataLossError("cannot begin a cluster at index " +
                             std::to_string(LastOf(old_).index.value()) + " of term " +
                             std::to_string(old_.highest_term.value()) +
                             ": no cluster has ever come so far, so these numbers are damaged");
}

absl::Status NewCluster::TakeDirectory() {
  if (absl::Status status = PrepareDirectory(disk_, server_.directory); !status.ok()) return status;
  // Before the lock as well, which writes a file: a directory that is somebody's stays as it is.
  if (absl::Status status = CheckEmpty(); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<DiskLock>> lock = disk_.LockDirectory(server_.directory);
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);
  if (absl::Status status = CheckEmpty(); !status.ok()) return status;
  return disk_.CreateDirectory(server_.directory);
}

absl::Status NewCluster::CheckEmpty() const {
  const std::string name = FindForeignFile(disk_, server_.directory);
  if (name.empty()) return absl::OkStatus();
  return DirectoryRefused(server_.directory, "it is not empty: it holds " + name +
                                                 "; a new cluster begins in an empty directory");
}

absl::Status NewCluster::WriteState() {
  absl::Status written = old_.next_piece == nullptr ? CreateEmptyState() : CopyState();
  return written.ok() ? FinishState() : written;
}

absl::Status NewCluster::CreateEmptyState() {
  FoundingConfiguration founding = old_.founding;
  founding.cluster_id = identity_.founding.cluster_id;
  return LevelDbKeyValueStore::Create(disk_, PathOf(kFirstStateName), founding);
}

absl::Status NewCluster::CopyState() {
  absl::StatusOr<std::unique_ptr<IncomingState>> incoming = IncomingState::Create(
      disk_, std::make_shared<StateDirectories>(disk_, server_.directory),
      {.from = old_.founding.cluster_id, .into = identity_.founding.cluster_id});
  if (!incoming.ok()) return incoming.status();
  while (true) {
    const absl::StatusOr<std::string> piece = old_.next_piece();
    if (!piece.ok()) return piece.status();
    if (piece->empty()) return (*incoming)->Finish().status();
    if (absl::Status status = (*incoming)->Add(*piece); !status.ok()) return status;
  }
}

// The log is written to follow it, so no start needs to see to that.
absl::Status NewCluster::FinishState() {
  const absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state =
      LevelDbKeyValueStore::Open(disk_, PathOf(kFirstStateName), identity_.founding.cluster_id);
  if (!state.ok()) return state.status();
  report_.applied = (*state)->applied();
  report_.digest = (*state)->digest();
  if (absl::Status status = (*state)->CompleteInstall(); !status.ok()) return status;
  return WriteStatePointer(disk_, server_.directory, kFirstStateName);
}

absl::Status NewCluster::WriteLog() {
  absl::Status created = EntryLog::Create(disk_, PathOf(kLogName), owner(), BaseOf(old_));
  if (!created.ok()) return created;
  absl::StatusOr<std::unique_ptr<EntryLog>> log = EntryLog::Open(disk_, PathOf(kLogName), owner());
  if (!log.ok()) return log.status();
  std::vector<LogEntryPointer> entries(old_.entries.begin(), old_.entries.end());
  entries.push_back(OnlyMember());
  for (std::size_t done = 0; done < entries.size(); done += kEntriesPerWrite) {
    const std::size_t count = std::min(kEntriesPerWrite, entries.size() - done);
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(done);
    PersistRequest request;
    request.entries.assign(first, first + static_cast<std::ptrdiff_t>(count));
    if (absl::Status status = (*log)->Write({&request, 1}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// As a leader of the term would have appended it: nobody else was ever one.
LogEntryPointer NewCluster::OnlyMember() const {
  return std::make_shared<const LogEntry>(
      LogEntry{.index = report_.configuration.index,
               .term = report_.configuration.term,
               .kind = EntryKind::kConfiguration,
               .log_time_ms = LastTimeOf(old_),
               .data = ConfigurationOf(identity_.founding).Encode()});
}

absl::Status NewCluster::WritePromise() {
  absl::Status created = PromiseFile::Create(disk_, server_.directory, owner());
  if (!created.ok()) return created;
  absl::StatusOr<PromiseFile> promise = PromiseFile::Open(disk_, server_.directory, owner());
  if (!promise.ok()) return promise.status();
  return promise->Write(
      {.current_term = report_.configuration.term, .voted_for = server_.server_id},
      report_.configuration.index);
}

absl::Status NewCluster::WriteIdentity() {
  return WriteIdentityFile(disk_, server_.directory, identity_);
}

Owner NewCluster::owner() const {
  return {.cluster_id = identity_.founding.cluster_id,
          .server_id = identity_.server_id,
          .incarnation = identity_.incarnation};
}

}  // namespace

absl::StatusOr<NewClusterReport> BeginNewCluster(const OldCluster& old, const NewServer& server,
                                                 Disk& disk) {
  NewCluster cluster(old, server, disk);
  absl::Status status = cluster.Check();
  if (status.ok()) status = cluster.TakeDirectory();
  if (status.ok()) status = cluster.WriteState();
  if (status.ok()) status = cluster.WriteLog();
  if (status.ok()) status = cluster.WritePromise();
  // Last: until it is there, nobody starts on this directory.
  if (status.ok()) status = cluster.WriteIdentity();
  if (!status.ok()) return status;
  return cluster.report();
}

}  // namespace raft
