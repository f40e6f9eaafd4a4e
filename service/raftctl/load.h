// `raftctl load`: proposes every line of a file as a put, pipelined, through any change of leader.
//
// Room: service/raftctl. Puts are repeated safely after an unknown outcome because they say the
// whole value; each such repetition is counted, since the key may then move to a higher revision
// after its acknowledgement.
#pragma once

#include <cstdint>
#include <string>

#include "service/raftctl/options.h"

namespace raft::ctl {

struct LoadOptions {
  std::string path;      // "-": standard input.
  int outstanding = 64;  // Puts sent and not yet answered, at least 1.
  // How long one line is tried before it counts as failed; zero: without end.
  Clock::duration deadline = std::chrono::minutes(10);
  std::string acks_path;  // Where each acknowledgement is written; empty: nowhere.
};

// Returns an ExitCode. Prints a summary to stdout, progress and failures to stderr. Each line of
// the acknowledgement file is flushed as it is written: key (escaped), TAB, revision, TAB, how many
// tries of this line had an unknown outcome.
int RunLoad(const GlobalOptions& global, const LoadOptions& options);

}  // namespace raft::ctl
