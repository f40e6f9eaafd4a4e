// Who the cluster is made of, and what a majority of them is (§5.1, §6).
//
// Knows server ids only; addresses belong to the transport. Immutable while in force.
#pragma once

#include <cstddef>
#include <vector>

#include "core/types.h"

namespace raft {

class ClusterConfiguration {
 public:
  ClusterConfiguration() = default;
  // Requires: at least one voter, no duplicates, no zero id. Order does not matter.
  explicit ClusterConfiguration(std::vector<ServerId> voters);

  // Voting members in rising order of id.
  const std::vector<ServerId>& voters() const { return voters_; }
  bool IsVoter(ServerId server) const;
  // The voters other than `self`, in rising order.
  std::vector<ServerId> PeersOf(ServerId self) const;
  // More than half of the voters: 1 of 1, 2 of 2, 2 of 3, 3 of 4, 3 of 5.
  std::size_t majority() const { return voters_.size() / 2 + 1; }

 private:
  std::vector<ServerId> voters_;
};

}  // namespace raft
