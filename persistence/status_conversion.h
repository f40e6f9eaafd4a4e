// Where the errors of the operating system and of LevelDB become absl::Status.
//
// Every message says what was tried, on which file, and why it failed. The only place that knows
// both vocabularies.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "leveldb/status.h"

namespace raft {

// "cannot <operation> <path>: <text of error_number>". PERMISSION_DENIED for the errors that mean
// it, RESOURCE_EXHAUSTED for a full disk, INTERNAL for the rest.
absl::Status ErrnoStatus(const std::string& operation, const std::string& path, int error_number);

// "cannot <operation> <path>: <LevelDB's cause>". OK stays OK; corruption is DATA_LOSS.
absl::Status FromLevelDb(const std::string& operation, const std::string& path,
                         const leveldb::Status& status);

}  // namespace raft
