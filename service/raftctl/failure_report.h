// Turns a failed call into an exit code and one sentence: what failed, whom we asked, what to do.
//
// Room: service/raftctl. Knows outcomes and reach; prints nothing itself.
#pragma once

#include <string>
#include <vector>

#include "service/raftctl/exit_code.h"
#include "service/raftctl/leader_client.h"

namespace raft::ctl {

struct FailureReport {
  ExitCode code = kExitFailed;
  std::string sentence;  // Without "error: " in front.
};

// What a command does to the cluster: an unanswered read needs no "it may have happened".
enum class Effect { kReads, kChanges };

// Requires: the result is not ok. `what` names the attempt: "put".
FailureReport ReportFailure(const std::string& what, Effect effect, const LeaderCallResult& result,
                            const std::vector<ServerReach>& reach);

// "asked 3 of 3 servers; 127.0.0.1:7000 unreachable: connection refused".
std::string DescribeReach(const std::vector<ServerReach>& reach);

// Prints "error: SENTENCE" to stderr and returns the code, for the last line of a command.
int Fail(const FailureReport& report);

// The same for a command that was interrupted before its answer came.
int FailInterrupted(const std::string& what, Effect effect);

}  // namespace raft::ctl
