// Who granted a vote in one ballot, and whether that is a majority (§5.2).
//
// A set, not a counter: a duplicated answer changes nothing (trap A5), and an answer from anybody
// but a voter is not counted (trap A6), a learner least of all (trap A23). One tally per ballot; a
// new ballot is a new tally.
#pragma once

#include <set>
#include <utility>

#include "core/cluster_configuration.h"
#include "core/types.h"

namespace raft {

class VoteTally {
 public:
  explicit VoteTally(ClusterConfiguration configuration)
      : configuration_(std::move(configuration)) {}

  void Grant(ServerId voter) {
    if (configuration_.IsVoter(voter)) granted_.insert(voter);
  }
  // Of both sets when the configuration is joint (§6).
  bool HasMajority() const { return configuration_.IsMajority(granted_); }

 private:
  const ClusterConfiguration configuration_;
  std::set<ServerId> granted_;
};

}  // namespace raft
