// The members of a cluster as a table or as JSON.
//
// Room: service/raftctl. Knows ListMembers answers; asks nobody.
#pragma once

#include <string>

#include "raft/v1/cluster_service.pb.h"
#include "service/raftctl/options.h"

namespace raft::ctl {

// Prints to stdout.
void PrintMembers(OutputFormat output, const v1::ListMembersResponse& response);

// "voter", "learner", "joining".
std::string MemberRoleName(v1::MemberRole role);

}  // namespace raft::ctl
