#include "service/raftctl/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raft::ctl {
namespace {

std::string Cause() { return std::generic_category().message(errno); }

}  // namespace

PartFile::PartFile(std::string path, FileDescriptor file)
    : path_(std::move(path)), part_path_(path_ + ".part"), file_(std::move(file)) {}

PartFile::PartFile(PartFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_path_(std::move(other.part_path_)),
      file_(std::move(other.file_)),
      bytes_(other.bytes_),
      owns_part_(std::exchange(other.owns_part_, false)) {}

PartFile::~PartFile() {
  if (owns_part_) unlink(part_path_.c_str());
}

absl::StatusOr<PartFile> PartFile::Begin(const std::string& path) {
  const std::string part_path = path + ".part";
  absl::StatusOr<FileDescriptor> file = OpenDescriptor(part_path, O_WRONLY | O_CREAT);
  if (!file.ok()) return file.status();
  // Only whoever holds the lock may empty the file, and remove it at the end.
  if (flock(file->number(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(part_path,
                     " is being written by another process. Wait for it, or choose "
                     "another name"));
  }
  PartFile part(path, *std::move(file));
  if (ftruncate(part.file_.number(), 0) != 0) return part.Failure("empty");
  return part;
}

absl::Status PartFile::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    bytes_ += static_cast<std::uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::Status PartFile::Sync() {
  return fsync(file_.number()) == 0 ? absl::OkStatus() : Failure("sync");
}

absl::Status PartFile::Publish() {
  if (std::rename(part_path_.c_str(), path_.c_str()) != 0) return Failure("rename");
  owns_part_ = false;
  const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  const absl::StatusOr<FileDescriptor> opened = OpenDescriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) return opened.status();
  if (fsync(opened->number()) == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot sync the directory ", directory, ": ", Cause()));
}

absl::Status PartFile::Failure(const char* what) const {
  return absl::UnavailableError(absl::StrCat("cannot ", what, " ", part_path_, ": ", Cause()));
}

}  // namespace raft::ctl
