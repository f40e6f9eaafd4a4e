// What a majority of a configuration is, counted anew: a law must not ask the code it judges.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "core/cluster_configuration.h"

namespace raft::simulation {

inline bool HoldsMajorityOf(const std::vector<Member>& members, const std::set<ServerId>& servers) {
  std::size_t voters = 0;
  std::size_t found = 0;
  for (const Member& member : members) {
    if (member.role != MemberRole::kVoter) continue;
    ++voters;
    if (servers.contains(member.server_id)) ++found;
  }
  return 2 * found > voters;
}

// Of each set, when the configuration is joint.
inline bool IsMajority(const ClusterConfiguration& configuration,
                       const std::set<ServerId>& servers) {
  if (!HoldsMajorityOf(configuration.members(), servers)) return false;
  return configuration.old_members().empty() ||
         HoldsMajorityOf(configuration.old_members(), servers);
}

}  // namespace raft::simulation
