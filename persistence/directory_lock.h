// The lock on a data directory of the operating system: one process at a time (rule S-8).
//
// LevelDB's own LOCK files can be removed under a running database (trap E9), so this lock holds
// two things: the file LOCK, which names the holder for people, and the directory itself, which
// nobody can remove and recreate in place.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "persistence/disk.h"

namespace raft {

// FAILED_PRECONDITION: another process holds it (named). PERMISSION_DENIED: not writable.
absl::StatusOr<std::unique_ptr<DiskLock>> AcquireDirectoryLock(const std::string& directory);

// Keeps every other process from using the directory, and leaves no trace in it: for whoever only
// looks. Whoever wants to use it meanwhile is not told by whom it is held.
absl::StatusOr<std::unique_ptr<DiskLock>> AcquireDirectoryLockWithoutTrace(
    const std::string& directory);

}  // namespace raft
