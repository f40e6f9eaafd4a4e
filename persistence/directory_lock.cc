#include "persistence/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "persistence/file_descriptor.h"
#include "persistence/status_conversion.h"

namespace raft {
namespace {

class DirectoryLock final : public DiskLock {
 public:
  DirectoryLock(FileDescriptor directory, std::optional<FileDescriptor> file)
      : directory_(std::move(directory)), file_(std::move(file)) {}

 private:
  const FileDescriptor directory_;
  const std::optional<FileDescriptor> file_;
};

absl::Status Lock(const FileDescriptor& what, const std::string& directory,
                  const std::string& lock_path) {
  if (::flock(what.number(), LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  if (errno != EWOULDBLOCK) return ErrnoStatus("lock", directory, errno);
  const absl::StatusOr<std::string> holder = ReadWholeFile(lock_path);
  const std::string name =
      holder.ok() && !holder->empty() ? "process " + *holder : "another process";
  return absl::FailedPreconditionError("cannot lock data directory " + directory + ": " + name +
                                       " uses it; stop that server, or give this one a directory "
                                       "of its own");
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskLock>> AcquireDirectoryLock(const std::string& directory) {
  const std::string lock_path = directory + "/LOCK";
  absl::StatusOr<FileDescriptor> whole = OpenDescriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!whole.ok()) return whole.status();
  absl::StatusOr<FileDescriptor> file = OpenDescriptor(lock_path, O_RDWR | O_CREAT);
  if (!file.ok()) return file.status();
  if (absl::Status status = Lock(*whole, directory, lock_path); !status.ok()) return status;
  if (absl::Status status = Lock(*file, directory, lock_path); !status.ok()) return status;

  const std::string holder = std::to_string(::getpid());
  if (::ftruncate(file->number(), 0) != 0) return ErrnoStatus("truncate", lock_path, errno);
  if (::pwrite(file->number(), holder.data(), holder.size(), 0) < 0) {
    return ErrnoStatus("write", lock_path, errno);
  }
  return std::make_unique<DirectoryLock>(*std::move(whole), *std::move(file));
}

absl::StatusOr<std::unique_ptr<DiskLock>> AcquireDirectoryLockWithoutTrace(
    const std::string& directory) {
  absl::StatusOr<FileDescriptor> whole = OpenDescriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!whole.ok()) return whole.status();
  absl::Status locked = Lock(*whole, directory, directory + "/LOCK");
  if (!locked.ok()) return locked;
  return std::make_unique<DirectoryLock>(*std::move(whole), std::nullopt);
}

}  // namespace raft
