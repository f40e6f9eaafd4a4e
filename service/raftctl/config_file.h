// Options of a CLI11 program from a config file, below the environment and the flags.
//
// Room: service/raftctl. CLI11 2.1 lets the file win over the environment, so the file is applied
// here, after parsing, to options that neither flag nor environment has set.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace raft::ctl {

// Lines "name = value"; a section [bench] names a command. Call after `app` has parsed. Fails for a
// file that cannot be read, an unknown name and a value of the wrong kind.
absl::Status ApplyConfigFile(const std::string& path, CLI::App* app);

}  // namespace raft::ctl
