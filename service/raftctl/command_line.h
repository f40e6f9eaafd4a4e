// The command table of raftctl: what can be typed, and what is then run.
//
// Room: service/raftctl. Knows CLI11 (hidden in the .cc), the environment and the config file.
// Precedence: default < config file < environment < flag.
#pragma once

namespace raft::ctl {

// Parses, runs one command, returns an ExitCode. Everything in the process that may be
// interrupted asks Interrupted().
int RunCommandLine(int argc, const char* const* argv);

}  // namespace raft::ctl
