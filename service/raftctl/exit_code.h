// The exit codes of raftctl: what a script can tell apart without reading text.
//
// Room: service/raftctl, the command line of operators. Knows nothing else.
#pragma once

namespace raft::ctl {

enum ExitCode : int {
  kExitOk = 0,              // It happened.
  kExitFailed = 1,          // It certainly did not happen, for a reason the message gives.
  kExitUsage = 2,           // The command line is wrong; nothing was asked of any server.
  kExitCannotConnect = 3,   // No server could be reached.
  kExitNoLeader = 4,        // Servers answered, none leads with a majority; nothing happened.
  kExitPrecondition = 5,    // A condition of the caller did not hold; nothing happened.
  kExitUnknownOutcome = 6,  // It may or may not have happened, or may still happen.
  kExitInterrupted = 130,   // SIGINT or SIGTERM ended the command.
};

}  // namespace raft::ctl
