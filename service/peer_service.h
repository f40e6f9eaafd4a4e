// The peers' door: raft.peer.v1.PeerService, on its own port.
//
// Checks and converts, puts each request into the inbox and returns; never blocks, decides nothing
// of Raft. Lives through three states: *forming* (answers only Greet), *founded* (Greet hands the
// founding configuration to forming servers, the core is not up yet), *open*. In the first two
// everything else gets UNAVAILABLE with the reason.
//
// Error codes: FAILED_PRECONDITION: header refused (HeaderRules), or a vote asked for too soon
// after the start (BallotGate); INVALID_ARGUMENT: malformed; RESOURCE_EXHAUSTED: inbox full;
// UNAVAILABLE: forming, starting or stopping. Messages start with the reason in capitals.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "service/conversion/message_conversion.h"
#include "service/conversion/peer_identity.h"
#include "service/loop/inbox.h"
#include "service/peer_directory.h"
#include "service/peer_observer.h"
#include "service/snapshot_receiver.h"
#include "service/waiting_peer_calls.h"

namespace grpc {
class Service;
}

namespace raft {

class PeerService {
 public:
  // All references outlive the service. Starts in state forming.
  PeerService(LocalServer local, const ConversionLimits& limits, PeerDirectory& directory,
              PeerObserver& observer);
  // Requires: the gRPC server that carries it has been shut down.
  ~PeerService();
  PeerService(const PeerService&) = delete;
  PeerService& operator=(const PeerService&) = delete;

  // To be registered with the builder of the peer port's server.
  grpc::Service& grpc_service();

  // Called with each greeting of a formed server while this one is forming: it may be an
  // invitation. gRPC's threads; must not block. Before the gRPC server that carries the service
  // starts.
  void OnGreetedByFormed(std::function<void(const Greeting&)> listener);

  // Called with each greeting of a member that has found this process and another one alive at
  // once. gRPC's threads. Before the gRPC server that carries the service starts.
  void OnToldDoubled(FatalHandler told);

  // forming -> founded. `rules` outlives the service. Call at most once.
  void BecomeFounded(const HeaderRules& rules);
  // founded -> open: requests go to `inbox` from now on, the bytes of snapshots to `snapshots`.
  // Both outlive the gRPC server that carries the service. Call at most once.
  // `ballot_patience`: as in BallotGate.
  void Open(Inbox& inbox, SnapshotReceiver& snapshots,
            std::chrono::milliseconds ballot_patience = std::chrono::milliseconds::zero());
  // Answers every waiting and later call with UNAVAILABLE. To be called before the gRPC server is
  // shut down, which waits for all calls.
  void Close();

  // Where PeerLinks::SendResponse finishes calls.
  WaitingPeerCalls& waiting_calls();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace raft
