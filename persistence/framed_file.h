// The small files that are replaced as a whole, `identity` and `state`: magic, version, checksum.
//
// Knows the frame around the payload, not what the payload means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/disk.h"

namespace raft {

// A kind of file: its first eight bytes and the one version of it that this program knows.
struct FrameFormat {
  std::string_view magic;
  std::uint8_t version = 0;
};

// Replaces the file `name` in `directory` by a frame around `payload`: temporary file, sync,
// rename, sync of the directory. After a crash the old contents or the new ones are there, never a
// mixture.
absl::Status ReplaceFramedFile(Disk& disk, const std::string& directory, const std::string& name,
                               const FrameFormat& format, std::string_view payload);

// The payload of a framed file. DATA_LOSS: no such frame or a wrong checksum. FAILED_PRECONDITION:
// another version. NOT_FOUND: no such file.
absl::StatusOr<std::string> ReadFramedFile(Disk& disk, const std::string& path,
                                           const FrameFormat& format);

}  // namespace raft
