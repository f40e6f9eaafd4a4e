// What several servers say about themselves, put together: one table, one verdict.
//
// Room: service/raftctl. Knows GetStatus answers; asks nobody.
#pragma once

#include <string>
#include <vector>

#include "raft/v1/cluster_service.pb.h"
#include "service/raftctl/exit_code.h"

namespace raft::ctl {

// The answer of one server, or why there is none.
struct ServerAnswer {
  std::string endpoint;
  bool answered = false;
  std::string failure;  // In short, when it did not answer.
  v1::GetStatusResponse status;
};

// The table, then a line per snapshot that the leader sends, then a line per warning: what the
// servers warn of, and what only the comparison of them shows.
std::string StatusTable(const std::vector<ServerAnswer>& answers);

// {"servers":[{"endpoint":...,"reachable":true,"status":{...}},...],"warnings":[...]}
std::string StatusJson(const std::vector<ServerAnswer>& answers);

// What is wrong, each with the server it concerns.
std::vector<std::string> StatusWarnings(const std::vector<ServerAnswer>& answers);

// kExitOk when a leader answered or is known; kExitCannotConnect when nobody answered;
// kExitNoLeader when nobody knows a leader; kExitFailed when states differ that must be equal.
ExitCode StatusVerdict(const std::vector<ServerAnswer>& answers);

// "leader", "follower", "pre-candidate", "candidate"; "forming" before that.
std::string RoleName(v1::ServerRole role);

}  // namespace raft::ctl
