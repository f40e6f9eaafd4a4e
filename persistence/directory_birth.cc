#include "persistence/directory_birth.h"

#include "persistence/state_pointer.h"

namespace raft {

absl::Status DirectoryRefused(const std::string& path, const std::string& reason) {
  return absl::FailedPreconditionError("cannot use data directory " + path + ": " + reason);
}

std::uint64_t DrawIncarnation(Disk& disk) {
  std::uint64_t incarnation = 0;
  while (incarnation == 0) incarnation = disk.DrawRandom();
  return incarnation;
}

absl::Status PrepareDirectory(Disk& disk, const std::string& path) {
  const absl::StatusOr<PathKind> found = disk.LookAt(path);
  if (!found.ok()) return found.status();
  switch (*found) {
    case PathKind::kDirectory:
      return absl::OkStatus();
    case PathKind::kFile:
      return DirectoryRefused(path, "it is not a directory");
    case PathKind::kDirectoryOpenToAll:
      return DirectoryRefused(
          path,
          "everybody may write to it, and so change what this server promised; run "
          "chmod o-w on it");
    case PathKind::kAbsent:
      break;
  }
  absl::Status created = disk.CreateDirectory(path);
  if (created.ok() || disk.Exists(path)) return created;
  return absl::Status(
      absl::IsPermissionDenied(created) ? created.code() : absl::StatusCode::kFailedPrecondition,
      std::string(created.message()) + "; its parent must exist");
}

std::string FindServerFiles(Disk& disk, const std::string& path) {
  for (const char* name :
       {"promise-a", "promise-b", kLogName, kStatePointerName, kFirstStateName}) {
    if (disk.Exists(path + "/" + name)) return name;
  }
  return "";
}

// A new file system brings its own lost+found, and a birth that was cut short leaves the other two.
std::string FindForeignFile(Disk& disk, const std::string& path) {
  for (const DirectoryMember& member : disk.List(path)) {
    const std::string& name = member.name;
    if (name != "LOCK" && name != "identity.new" && name != "lost+found") return name;
  }
  return "";
}

}  // namespace raft
