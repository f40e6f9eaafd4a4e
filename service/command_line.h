// Where raftd's settings come from: default < file < environment < flag.
//
// CLI11 knows the flags; this lays the environment (RAFTD_...) and a file (key = value, TOML style)
// under them and remembers where each value came from. Judging the values is Validate's
// (options.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/options.h"

namespace raft {

// One setting as it was resolved, for --print-config.
struct Setting {
  std::string name;    // "heartbeat-ms"
  std::string value;   // "50"
  std::string origin;  // "default", "file raftd.toml", "environment RAFTD_HEARTBEAT_MS", "flag"
};

struct CommandLine {
  enum class Action : std::uint8_t { kRun, kPrintConfig, kCheckConfig, kPrintText };

  Action action = Action::kRun;
  Options options;
  std::vector<Setting> settings;
  std::vector<std::string> warnings;  // unknown RAFTD_* variables
  std::string text;                   // for kPrintText: help or version
};

using Environment = std::map<std::string, std::string>;

// This process's RAFTD_* variables.
Environment ReadEnvironment();

// `arguments` without the program name. INVALID_ARGUMENT: an unknown flag or file key, a value of
// the wrong type, a file that cannot be read. Does not call Validate.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                             const Environment& environment);

}  // namespace raft
