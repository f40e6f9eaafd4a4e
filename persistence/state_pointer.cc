#include "persistence/state_pointer.h"

#include "persistence/framed_file.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

constexpr FrameFormat kFormat{.magic = "RAFTSTAT", .version = 1};
constexpr std::string_view kNamePrefix = "state-";

// No directory is ever switched to so often.
constexpr std::size_t kNumberDigitsMax = 18;

}  // namespace

std::string StateName(std::uint64_t number) {
  return std::string(kNamePrefix) + std::to_string(number);
}

// The name becomes part of a path, so nothing but the one form is let through.
std::optional<std::uint64_t> NumberOfState(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kNamePrefix.size());
  if (digits.empty() || digits.size() > kNumberDigitsMax || digits[0] == '0') return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = 10 * number + static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

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
  if (name.ok() && !NumberOfState(*name)) {
    return absl::DataLossError("cannot read " + path + ": it names no state directory");
  }
  return name;
}

}  // namespace raft
