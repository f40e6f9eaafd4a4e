// What clients call: Propose and Read (raft/v1/consensus_service.proto).
//
// Judges a request at the door, registers the client under a ticket, puts one input into the inbox,
// and returns. The outcome arrives through ClientCall on a thread of the loop. Knows limits, errors
// and tickets; nothing of logs, roles or disks. What this version does not support is refused,
// never ignored. Any of gRPC's threads; nothing here blocks.
#pragma once

#include <chrono>
#include <memory>

#include "metrics/raft_metrics.h"
#include "persistence/key_value_store.h"
#include "service/client_gate.h"
#include "service/errors.h"

namespace grpc {
class Service;
}

namespace raft {

struct ClientLimits {
  KeyValueLimits key_values;
  // What a call without a deadline gets, and the most any call gets.
  std::chrono::milliseconds default_deadline{10'000};
  std::chrono::milliseconds deadline_max{60'000};
};

class ConsensusService {
 public:
  // All references outlive the service and every call of it.
  ConsensusService(const ClientLimits& limits, const ClientGate& gate, const ErrorBook& errors,
                   RaftMetrics& metrics);
  // Requires: the gRPC server that carries it has been shut down.
  ~ConsensusService();
  ConsensusService(const ConsensusService&) = delete;
  ConsensusService& operator=(const ConsensusService&) = delete;

  // To be registered with the builder of the client port's server.
  grpc::Service& grpc_service();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace raft
