// What every command is told: whom to ask, how long to wait, how to print.
//
// Room: service/raftctl. Plain values, filled by the command line (default < file < environment <
// flag). Durations are in the unit of their type.
#pragma once

#include <string>
#include <vector>

#include "service/raftctl/call_engine.h"

namespace raft::ctl {

enum class OutputFormat { kTable, kJson };

struct GlobalOptions {
  std::vector<std::string> endpoints{"127.0.0.1:7000"};
  OutputFormat output = OutputFormat::kTable;
  Clock::duration timeout = std::chrono::seconds(5);
};

}  // namespace raft::ctl
