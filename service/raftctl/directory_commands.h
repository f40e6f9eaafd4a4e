// log inspect and recover: looking into data directories that no server uses.
//
// Room: service/raftctl. Speaks to no server. Each returns an ExitCode.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "service/raftctl/options.h"
#include "service/raftctl/snapshot_commands.h"

namespace raft::ctl {

struct LogInspectOptions {
  std::string directory;
  std::uint64_t from = 0;  // 0: from the first entry that is there
  std::uint64_t to = 0;    // 0: to the last one
  std::uint64_t limit = 100;
};

int RunLogInspect(const GlobalOptions& global, const LogInspectOptions& options);

struct RecoverOptions {
  std::vector<std::string> survivors;
  NewServerOptions server;
  bool yes = false;
};

// Shows what is left, and which of it is the best; asks; makes a new cluster of one server from it.
int RunRecover(const GlobalOptions& global, const RecoverOptions& options);

}  // namespace raft::ctl
