#include "core/cluster_configuration.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace raft {

ClusterConfiguration::ClusterConfiguration(std::vector<ServerId> voters)
    : voters_(std::move(voters)) {
  std::sort(voters_.begin(), voters_.end());
  RAFT_CHECK(!voters_.empty(), "a cluster has at least one voter");
  RAFT_CHECK(voters_.front() != ServerId(0), "a server id is never zero");
  RAFT_CHECK(std::adjacent_find(voters_.begin(), voters_.end()) == voters_.end(),
             "a voter is listed once");
}

bool ClusterConfiguration::IsVoter(ServerId server) const {
  return std::binary_search(voters_.begin(), voters_.end(), server);
}

std::vector<ServerId> ClusterConfiguration::PeersOf(ServerId self) const {
  std::vector<ServerId> peers;
  for (const ServerId voter : voters_) {
    if (voter != self) peers.push_back(voter);
  }
  return peers;
}

}  // namespace raft
