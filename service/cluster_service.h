// What operators call: GetStatus and ListMembers (raft/v1/cluster_service.proto).
//
// Answers on every server, also while the cluster forms and without a leader. Everything that would
// change the cluster is refused with NOT_SUPPORTED. Any of gRPC's threads; nothing here blocks.
#pragma once

#include <memory>

#include "metrics/raft_metrics.h"
#include "service/client_gate.h"
#include "service/errors.h"
#include "service/server_report.h"

namespace grpc {
class Service;
}

namespace raft {

class ClusterService {
 public:
  // All references outlive the service and every call of it.
  ClusterService(const ClientGate& gate, const ErrorBook& errors, const ServerReport& report,
                 RaftMetrics& metrics);
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
