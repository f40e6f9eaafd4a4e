// Who granted a vote in one ballot, and whether that is a majority (§5.2).
//
// A set, not a counter: a duplicated answer changes nothing (trap A5), and an answer from anybody
// but a voter is not counted (trap A6). One tally per ballot; a new ballot is a new tally.
#pragma once

#include <set>

#include "core/cluster_configuration.h"
#include "core/types.h"

namespace raft {

class VoteTally {
 public:
  explicit VoteTally(const ClusterConfiguration& configuration) : configuration_(configuration) {}

  void Grant(ServerId voter) {
    if (configuration_.IsVoter(voter)) granted_.insert(voter);
  }
  bool HasMajority() const { return granted_.size() >= configuration_.majority(); }

 private:
  const ClusterConfiguration& configuration_;
  std::set<ServerId> granted_;
};

}  // namespace raft
