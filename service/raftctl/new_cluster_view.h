// What restore and recover have made, and what to do with it.
//
// Room: service/raftctl. Knows what they report; asks nobody.
#pragma once

#include "persistence/new_cluster.h"
#include "service/raftctl/options.h"
#include "service/raftctl/snapshot_commands.h"

namespace raft::ctl {

NewServer NewServerOf(const NewServerOptions& options);

// The facts on stdout; for people also the next commands.
void PrintNewCluster(const NewClusterReport& made, const NewServerOptions& server,
                     OutputFormat format);

}  // namespace raft::ctl
