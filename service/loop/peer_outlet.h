// Where the event loop puts what is meant for peers.
//
// The transport implements it (service/peer_links.h); tests and the simulator bring their own. The
// transport answers every request it was given with exactly one input: ResponseReceived or
// PeerUnreachable, never both, never a made-up response.
#pragma once

#include "core/effects.h"

namespace raft {

class PeerOutlet {
 public:
  virtual ~PeerOutlet() = default;
  // Event-loop thread; must not block. Once in every turn, also of a server that asks nobody
  // anything: peers may have announced themselves anew.
  virtual void BeginTurn() = 0;
  // Event-loop thread; must not block. Another configuration is in force: from now on requests may
  // go to its peers and to nobody else.
  virtual void Reconfigure(const ConfigurationInForce& in_force) = 0;
  // Event-loop thread; must not block. Order does not matter.
  virtual void SendRequest(OutgoingRequest request) = 0;
  // Event-loop thread; must not block. Finishes the waiting call, which may be gone.
  virtual void SendResponse(OutgoingResponse response) = 0;
  // Event-loop thread; must not block. Streams a snapshot of the state machine, taken now or later;
  // ends in one input, as a request does.
  virtual void SendSnapshot(const SnapshotToSend& snapshot) = 0;
  // Event-loop thread; must not block. Breaks every snapshot that is on its way to a peer: this
  // server's state is not the cluster's.
  virtual void AbandonSnapshots() = 0;
  // Event-loop thread; must not block. Stores what this sender streams, in place of what another
  // one streams, and says SnapshotStored; a transfer that breaks is no input.
  virtual void StoreSnapshot(const SnapshotToStore& snapshot) = 0;
  // Event-loop thread; must not block. Forgets the snapshot that was stored last.
  virtual void DiscardSnapshot() = 0;
};

}  // namespace raft
