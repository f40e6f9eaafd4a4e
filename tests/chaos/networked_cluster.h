// A cluster whose servers reach each other through a PeerNetwork alone.
//
// Main thread only, but for what Cluster and PeerNetwork allow.
#pragma once

#include <cstdint>

#include "tests/chaos/peer_network.h"
#include "tests/integration/cluster.h"

namespace raft::chaos {

class NetworkedCluster {
 public:
  // `seed`: of the jitter. Nothing runs yet.
  NetworkedCluster(std::size_t servers, std::uint64_t seed);

  // To be used instead of the cluster's own: the network must know the new process.
  void Start(Id server);
  void StartAll();

  integration::Cluster& cluster() { return cluster_; }
  PeerNetwork& network() { return network_; }

 private:
  integration::Cluster cluster_;
  PeerNetwork network_;
};

}  // namespace raft::chaos
