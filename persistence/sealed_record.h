// What every record in a database of ours starts and ends with: a version byte, and a checksum of
// our own that outlives LevelDB's (a compaction gives rotten bytes a fresh one: traps E11, H7).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace raft {

// Appends the checksum of a record that starts with its version byte, and returns it.
std::uint64_t Seal(std::string* bytes);

// What lies between version and checksum. DATA_LOSS: damaged. FAILED_PRECONDITION: a version other
// than `version`.
absl::StatusOr<std::string_view> Unseal(std::string_view bytes, std::uint8_t version);

}  // namespace raft
