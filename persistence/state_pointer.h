// The file `state`: the name of the live state directory, replaced as a whole, checksummed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/disk.h"

namespace raft {

inline constexpr char kStatePointerName[] = "state";
inline constexpr char kFirstStateName[] = "state-1";

std::string StateName(std::uint64_t number);
// The number in such a name; none: it is no name of a state directory.
std::optional<std::uint64_t> NumberOfState(std::string_view name);

absl::Status WriteStatePointer(Disk& disk, const std::string& directory,
                               const std::string& state_name);

// FAILED_PRECONDITION: missing, or of another format version. DATA_LOSS: damaged, or naming
// something that is not called state-<number>.
absl::StatusOr<std::string> ReadStatePointer(Disk& disk, const std::string& directory);

}  // namespace raft
