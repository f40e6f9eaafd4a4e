#include "persistence/state_pointer.h"

#include <algorithm>
#include <string_view>

#include "persistence/framed_file.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

constexpr FrameFormat kFormat{.magic = "RAFTSTAT", .version = 1};
constexpr std::string_view kNamePrefix = "state-";

// The name becomes part of a path, so nothing but the one form is let through.
bool IsStateName(std::string_view name) {
  if (!name.starts_with(kNamePrefix) || name.size() == kNamePrefix.size()) return false;
  const std::string_view number = name.substr(kNamePrefix.size());
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

absl::Status WriteStatePointer(Disk& disk, const std::string& directory,
                               const std::string& state_name) {
  return ReplaceFramedFile(disk, directory, kStatePointerName, kFormat, state_name);
}

absl::StatusOr<std::string> ReadStatePointer(Disk& disk, const std::string& directory) {
  const std::string path = directory + "/" + kStatePointerName;
  absl::StatusOr<std::string> name = ReadFramedFile(disk, path, kFormat);
  if (absl::IsNotFound(name.status())) {
    return absl::FailedPreconditionError(std::string(name.status().message()) +
                                         ", though this server was started before" + kWayBack);
  }
  if (name.ok() && !IsStateName(*name)) {
    return absl::DataLossError("cannot read " + path + ": it names no state directory");
  }
  return name;
}

}  // namespace raft
