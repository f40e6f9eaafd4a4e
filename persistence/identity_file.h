// The file `identity`: who this data directory is, replaced as a whole, checksummed.
//
// Knows the bytes of the file; what may be written when is the data directory's business.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/disk.h"
#include "persistence/identity.h"

namespace raft {

inline constexpr char kIdentityFileName[] = "identity";

// Makes `identity` the durable identity of the directory: old or new after a crash, never between.
absl::Status WriteIdentityFile(Disk& disk, const std::string& directory, const Identity& identity);

// NOT_FOUND: no such file. DATA_LOSS: damaged, or contents that no server writes.
// FAILED_PRECONDITION: written by a newer format.
absl::StatusOr<Identity> ReadIdentityFile(Disk& disk, const std::string& directory);

}  // namespace raft
