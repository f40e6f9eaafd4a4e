#include "persistence/inspect.h"

#include <utility>

#include "absl/strings/str_replace.h"
#include "persistence/data_directory.h"
#include "persistence/directory_copy.h"
#include "persistence/directory_lock.h"
#include "persistence/identity_file.h"

namespace raft {
namespace {

absl::Status NotInspected(absl::StatusCode code, const std::string& path,
                          const std::string& reason) {
  return absl::Status(code, "cannot inspect " + path + ": " + reason);
}

// Of the newest entry that brings one, at the end of the log or as the state has it.
IndexedConfiguration NewestConfiguration(const OpenedServer& server) {
  IndexedConfiguration newest = server.state->configuration();
  for (const LogEntryPointer& entry : server.recovered.entries) {
    if (entry->kind != EntryKind::kConfiguration || entry->index <= newest.index) continue;
    newest = {.index = entry->index, .configuration = *ClusterConfiguration::Decode(entry->data)};
  }
  return newest;
}

class CopiedDirectory final : public InspectedDirectory {
 public:
  CopiedDirectory(std::string path, std::unique_ptr<DiskLock> lock,
                  std::unique_ptr<DirectoryCopy> copy)
      : lock_(std::move(lock)), copy_(std::move(copy)) {
    report_.path = std::move(path);
  }

  absl::Status Read();

  const DirectoryReport& report() const override { return report_; }
  std::span<const LogEntryPointer> entries() const override { return server_.recovered.entries; }
  absl::StatusOr<std::unique_ptr<SnapshotSource>> OpenSnapshot() override {
    if (server_.state != nullptr) return server_.state->OpenSnapshot();
    return NotInspected(absl::StatusCode::kFailedPrecondition, report_.path,
                        "its cluster was never founded, so it has no state");
  }

 private:
  absl::Status ReadIdentity();
  absl::Status OpenServer();
  void Report();
  // What was found in the copy, in words about the directory itself.
  absl::Status AboutTheOriginal(const absl::Status& status) const;

  // In this order: what is open goes before what it stands on.
  const std::unique_ptr<DiskLock> lock_;
  const std::unique_ptr<DirectoryCopy> copy_;
  std::unique_ptr<DataDirectory> directory_;
  OpenedServer server_;
  DirectoryReport report_;
};

absl::Status CopiedDirectory::Read() {
  if (absl::Status status = ReadIdentity(); !status.ok()) return AboutTheOriginal(status);
  if (report_.identity.is_forming()) return absl::OkStatus();
  if (absl::Status status = OpenServer(); !status.ok()) return AboutTheOriginal(status);
  Report();
  return absl::OkStatus();
}

absl::Status CopiedDirectory::ReadIdentity() {
  absl::StatusOr<Identity> identity = ReadIdentityFile(LocalDisk(), copy_->path());
  if (absl::IsNotFound(identity.status())) {
    return NotInspected(absl::StatusCode::kFailedPrecondition, report_.path,
                        "it holds no identity file, so no server lives there");
  }
  if (!identity.ok()) return identity.status();
  report_.identity = *std::move(identity);
  return absl::OkStatus();
}

// As raftd does, with all that it checks.
absl::Status CopiedDirectory::OpenServer() {
  const Identity& identity = report_.identity;
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
      DataDirectory::Open(copy_->path(), identity.server_id, identity.initial_members_hash);
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  absl::StatusOr<OpenedServer> server = directory_->OpenServer();
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

void CopiedDirectory::Report() {
  const RecoveredState& recovered = server_.recovered;
  report_.promise = recovered.promise;
  report_.base = recovered.base;
  report_.base_log_time_ms = recovered.log_time_ms;
  report_.last = recovered.entries.empty() ? recovered.base : recovered.entries.back()->position();
  report_.applied = recovered.applied;
  report_.applied_log_time_ms = server_.state->log_time_ms();
  report_.key_count = server_.state->key_count();
  report_.digest = server_.state->digest();
  report_.applied_configuration = server_.state->configuration();
  report_.configuration = NewestConfiguration(server_);
  report_.state_is_diverged = recovered.state_is_diverged;
}

absl::Status CopiedDirectory::AboutTheOriginal(const absl::Status& status) const {
  return absl::Status(status.code(),
                      absl::StrReplaceAll(status.message(), {{copy_->path(), report_.path}}));
}

// Beside the directory, where its tables can be linked.
std::string ParentOf(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path + "/..";
}

}  // namespace

absl::StatusOr<std::unique_ptr<InspectedDirectory>> InspectDirectory(
    const std::string& path, const std::string& scratch_parent) {
  const absl::StatusOr<PathKind> found = LocalDisk().LookAt(path);
  if (!found.ok()) return found.status();
  if (*found == PathKind::kAbsent) {
    return NotInspected(absl::StatusCode::kNotFound, path, "there is no such directory");
  }
  if (*found == PathKind::kFile) {
    return NotInspected(absl::StatusCode::kFailedPrecondition, path, "it is not a directory");
  }
  absl::StatusOr<std::unique_ptr<DiskLock>> lock = AcquireDirectoryLockWithoutTrace(path);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::unique_ptr<DirectoryCopy>> copy =
      DirectoryCopy::Make(path, scratch_parent.empty() ? ParentOf(path) : scratch_parent);
  if (!copy.ok()) return copy.status();
  auto inspected = std::make_unique<CopiedDirectory>(path, *std::move(lock), *std::move(copy));
  if (absl::Status status = inspected->Read(); !status.ok()) return status;
  return std::unique_ptr<InspectedDirectory>(std::move(inspected));
}

}  // namespace raft
