#include "persistence/double_mark.h"

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace raft {

std::string DoubleMarkPath(const std::string& directory) { return directory + "/doubled"; }

std::string WayBackFromDouble(const std::string& directory) {
  return absl::StrCat(
      ". The way back: find the other directory and stop whatever starts a server on it, keep the "
      "one whose log is ahead (raftctl log inspect DIR), move the other one away and never start a "
      "server on it, delete ",
      DoubleMarkPath(directory), " in the one that is kept, and start that one");
}

absl::Status MarkDoubled(Disk& disk, const std::string& directory, const std::string& reason) {
  absl::StatusOr<std::unique_ptr<DiskFile>> file =
      disk.OpenFile(DoubleMarkPath(directory), OldContents::kDropped);
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->WriteAndSync(absl::StrCat(reason, "\n")); !status.ok()) {
    return status;
  }
  return disk.SyncDirectory(directory);
}

absl::Status CheckNotDoubled(Disk& disk, const std::string& directory) {
  const absl::StatusOr<PathKind> mark = disk.LookAt(DoubleMarkPath(directory));
  if (!mark.ok()) return mark.status();
  if (*mark == PathKind::kAbsent) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot start on ", directory, ": there is a copy of it, and a server ran on each at once",
      WayBackFromDouble(directory)));
}

}  // namespace raft
