// What operators call: look at the cluster, change its members, hand over leadership
// (raft/v1/cluster_service.proto).
//
// Looking is answered on every server, also while the cluster forms and without a leader; what
// changes something goes through the leader's core (cluster_requests.h). Any of gRPC's threads;
// nothing here blocks.
#pragma once

#include <memory>

#include "metrics/raft_metrics.h"
#include "service/client_gate.h"
#include "service/consensus_service.h"
#include "service/errors.h"
#include "service/peer_channel.h"
#include "service/server_report.h"

namespace grpc {
class Service;
}

namespace raft {

class ClusterService {
 public:
  // All references outlive the service and every call of it.
  ClusterService(const ClientLimits& limits, const PeerLinkOptions& links, const ClientGate& gate,
                 const ErrorBook& errors, const ServerReport& report, RaftMetrics& metrics);
  // Requires: the gRPC server that carries it has been shut down.
  ~ClusterService();
  ClusterService(const ClusterService&) = delete;
  ClusterService& operator=(const ClusterService&) = delete;

  // To be registered with the builder of the client port's server.
  grpc::Service& grpc_service();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace raft
