// The disk that a server stands on: the few things this room does to files and directories of its
// own, and the leveldb::Env below its databases.
//
// Everything that a start, a promise, the log or the state does to the disk goes through here, so
// that the same code runs on the operating system's disk and on one that fails, tears and loses
// power on command. Errors name operation, file and cause. Knows bytes and names, not what they
// mean. Every method may be called by any thread, but for what is said of files and workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/env.h"
#include "persistence/background_worker.h"

namespace raft {

// An open file that is overwritten in place; closed when it goes. One thread at a time.
class DiskFile {
 public:
  virtual ~DiskFile() = default;

  // Writes all of `bytes` at the start; what lay behind them stays. Durable when OK.
  virtual absl::Status WriteAndSync(std::string_view bytes) = 0;

  // Cuts the file to its first `bytes` bytes. Durable when OK.
  virtual absl::Status TruncateAndSync(std::uint64_t bytes) = 0;
};

// A lock that is held until it goes, or until the process ends however it ends.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

struct DirectoryMember {
  std::string name;
  std::uint64_t bytes = 0;  // 0 for what is not a file
};

enum class PathKind : std::uint8_t {
  kAbsent,
  kFile,
  kDirectory,
  kDirectoryOpenToAll,  // everybody may write to it
};

enum class OldContents : std::uint8_t { kKept, kDropped };

class Disk {
 public:
  virtual ~Disk() = default;

  // What databases stand on. Its files have mode 0600.
  virtual leveldb::Env& env() = 0;
  // For one database; must go before the disk does.
  virtual std::unique_ptr<BackgroundWorker> NewBackgroundWorker() = 0;

  virtual absl::StatusOr<PathKind> LookAt(const std::string& path) = 0;
  // Something is known to be there.
  bool Exists(const std::string& path) {
    return LookAt(path).value_or(PathKind::kAbsent) != PathKind::kAbsent;
  }
  // NOT_FOUND: no such file.
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path) = 0;
  // What lies directly in a directory, by name; what vanishes meanwhile, or cannot be looked at, is
  // left out.
  virtual std::vector<DirectoryMember> List(const std::string& directory) = 0;
  virtual std::uint64_t FreeBytes(const std::string& path) = 0;

  // Opens a file for writing; an absent one is created with mode 0600.
  virtual absl::StatusOr<std::unique_ptr<DiskFile>> OpenFile(const std::string& path,
                                                             OldContents old_contents) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // Mode 0700. An existing one is fine. Durable when OK either way: whoever made it may have been
  // killed before it was.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;
  // Makes the names in a directory durable (trap H13).
  virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // Locks a directory against every other process (rule S-8). FAILED_PRECONDITION: another one
  // holds it (named). PERMISSION_DENIED: not writable.
  virtual absl::StatusOr<std::unique_ptr<DiskLock>> LockDirectory(const std::string& path) = 0;

  // Random bits for what must differ from one life of a directory to the next.
  virtual std::uint64_t DrawRandom() = 0;
};

// The operating system's disk; lives as long as the process.
Disk& LocalDisk();

}  // namespace raft
