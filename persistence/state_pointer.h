// The file `state`: the name of the live state directory, replaced as a whole, checksummed.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/disk.h"

namespace raft {

inline constexpr char kStatePointerName[] = "state";
inline constexpr char kFirstStateName[] = "state-1";

absl::Status WriteStatePointer(Disk& disk, const std::string& directory,
                               const std::string& state_name);

// FAILED_PRECONDITION: missing, or of another format version. DATA_LOSS: damaged, or naming
// something that is not called state-<number>.
absl::StatusOr<std::string> ReadStatePointer(Disk& disk, const std::string& directory);

}  // namespace raft
