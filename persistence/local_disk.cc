// The operating system's disk, by POSIX calls; LevelDB's own Env below the databases.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "persistence/directory_lock.h"
#include "persistence/disk.h"
#include "persistence/file_descriptor.h"
#include "persistence/status_conversion.h"

namespace raft {
namespace {

// Of "a", "a/" and "." alike: the directory that holds its name.
std::string ParentOf(const std::string& path) {
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal() / "";
  return whole.parent_path().parent_path().string();
}

class LocalFile final : public DiskFile {
 public:
  LocalFile(std::string path, FileDescriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  absl::Status WriteAndSync(std::string_view bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t written = ::pwrite(descriptor_.number(), bytes.data() + done,
                                       bytes.size() - done, static_cast<off_t>(done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return ErrnoStatus("write", path_, errno);
      done += static_cast<std::size_t>(written);
    }
    return Sync();
  }

  absl::Status TruncateAndSync(std::uint64_t bytes) override {
    if (::ftruncate(descriptor_.number(), static_cast<off_t>(bytes)) != 0) {
      return ErrnoStatus("truncate", path_, errno);
    }
    return Sync();
  }

 private:
  absl::Status Sync() {
    if (::fdatasync(descriptor_.number()) != 0) return ErrnoStatus("sync", path_, errno);
    return absl::OkStatus();
  }

  const std::string path_;
  const FileDescriptor descriptor_;
};

// LevelDB creates its files for everybody to read; these belong to the server alone.
class OwnersEnv final : public leveldb::EnvWrapper {
 public:
  OwnersEnv() : leveldb::EnvWrapper(leveldb::Env::Default()) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    return KeepToOwner(path, target()->NewWritableFile(path, file));
  }
  leveldb::Status NewAppendableFile(const std::string& path,
                                    leveldb::WritableFile** file) override {
    return KeepToOwner(path, target()->NewAppendableFile(path, file));
  }
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override {
    return KeepToOwner(path, target()->LockFile(path, lock));
  }
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override {
    return KeepToOwner(path, target()->NewLogger(path, logger));
  }

 private:
  static leveldb::Status KeepToOwner(const std::string& path, leveldb::Status created) {
    if (created.ok()) ::chmod(path.c_str(), 0600);
    return created;
  }
};

class PosixDisk final : public Disk {
 public:
  leveldb::Env& env() override { return env_; }
  std::unique_ptr<BackgroundWorker> NewBackgroundWorker() override { return NewBackgroundThread(); }

  absl::StatusOr<PathKind> LookAt(const std::string& path) override;
  absl::StatusOr<std::string> ReadFile(const std::string& path) override {
    return ReadWholeFile(path);
  }
  std::vector<DirectoryMember> List(const std::string& directory) override;
  std::uint64_t FreeBytes(const std::string& path) override;

  absl::StatusOr<std::unique_ptr<DiskFile>> OpenFile(const std::string& path,
                                                     OldContents old_contents) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DiskLock>> LockDirectory(const std::string& path) override {
    return AcquireDirectoryLock(path);
  }
  std::uint64_t DrawRandom() override;

 private:
  OwnersEnv env_;
};

absl::StatusOr<PathKind> PosixDisk::LookAt(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    // A link to nowhere is something too: what it should lead to may only be out of reach.
    if (errno == ENOENT && ::lstat(path.c_str(), &found) == 0) return PathKind::kFile;
    if (errno == ENOENT) return PathKind::kAbsent;
    return ErrnoStatus("look at", path, errno);
  }
  if (!S_ISDIR(found.st_mode)) return PathKind::kFile;
  return (found.st_mode & S_IWOTH) != 0 ? PathKind::kDirectoryOpenToAll : PathKind::kDirectory;
}

std::vector<DirectoryMember> PosixDisk::List(const std::string& directory) {
  std::vector<DirectoryMember> members;
  std::error_code error;
  std::filesystem::directory_iterator member(directory, error);
  for (; !error && member != std::filesystem::directory_iterator(); member.increment(error)) {
    std::error_code vanished;
    const std::uintmax_t bytes = member->file_size(vanished);
    members.push_back({.name = member->path().filename().string(), .bytes = vanished ? 0 : bytes});
  }
  std::sort(members.begin(), members.end(),
            [](const DirectoryMember& a, const DirectoryMember& b) { return a.name < b.name; });
  return members;
}

std::uint64_t PosixDisk::FreeBytes(const std::string& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0) return 0;
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

absl::StatusOr<std::unique_ptr<DiskFile>> PosixDisk::OpenFile(const std::string& path,
                                                              OldContents old_contents) {
  const int dropping = old_contents == OldContents::kDropped ? O_TRUNC : 0;
  absl::StatusOr<FileDescriptor> descriptor = OpenDescriptor(path, O_WRONLY | O_CREAT | dropping);
  if (!descriptor.ok()) return descriptor.status();
  return std::make_unique<LocalFile>(path, *std::move(descriptor));
}

absl::Status PosixDisk::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return ErrnoStatus("rename " + from + " to", to, errno);
}

absl::Status PosixDisk::CreateDirectory(const std::string& path) {
  const bool is_new = ::mkdir(path.c_str(), 0700) == 0;
  if (!is_new && errno != EEXIST) return ErrnoStatus("create directory", path, errno);
  absl::Status synced = SyncDirectory(ParentOf(path));
  // Whoever may not even read the parent did not make the directory.
  if (!is_new && absl::IsPermissionDenied(synced)) return absl::OkStatus();
  return synced;
}

absl::Status PosixDisk::SyncDirectory(const std::string& path) {
  const absl::StatusOr<FileDescriptor> directory = OpenDescriptor(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return directory.status();
  if (::fsync(directory->number()) != 0) return ErrnoStatus("sync directory", path, errno);
  return absl::OkStatus();
}

std::uint64_t PosixDisk::DrawRandom() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

}  // namespace

Disk& LocalDisk() {
  static PosixDisk disk;
  return disk;
}

}  // namespace raft
