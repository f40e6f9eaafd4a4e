// The lock on a data directory: one process at a time (rule S-8).
//
// LevelDB's own LOCK files can be removed under a running database (trap E9), so this lock holds
// two things: the file LOCK, which names the holder for people, and the directory itself, which
// nobody can remove and recreate in place.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "persistence/file.h"

namespace raft {

// Held until it goes, or until the process ends however it ends.
class DirectoryLock {
 public:
  // FAILED_PRECONDITION: another process holds it (named). PERMISSION_DENIED: not writable.
  static absl::StatusOr<DirectoryLock> Acquire(const std::string& directory);

 private:
  DirectoryLock(FileDescriptor directory, FileDescriptor file);

  FileDescriptor directory_;
  FileDescriptor file_;
};

}  // namespace raft
