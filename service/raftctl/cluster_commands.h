// status, members list and health: what operators ask, of each server by itself.
//
// Room: service/raftctl. Each function returns an ExitCode. These calls go to every endpoint as it
// is given; nothing is redirected to the leader.
#pragma once

#include <string>
#include <vector>

#include "service/raftctl/options.h"

namespace raft::ctl {

struct StatusOptions {
  bool watch = false;  // Print again every `interval` until interrupted.
  Clock::duration interval = std::chrono::seconds(1);
  bool verify_digest = false;  // Let each server reproduce its digest by a full scan.
};

int RunStatus(const GlobalOptions& global, const StatusOptions& options);

// The members as the server with the newest configuration knows them: one that was removed may know
// an older one.
int RunMembersList(const GlobalOptions& global);

// Asks each server's grpc.health.v1 about `service` ("": the process lives;
// "raft.v1.ConsensusService": it can serve; "raft.leader": it leads). kExitOk when all serve, else
// kExitFailed: the two codes a container's health check knows.
int RunHealth(const GlobalOptions& global, const std::string& service);

}  // namespace raft::ctl
