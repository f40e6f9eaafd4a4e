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
  // Event-loop thread; must not block. Order does not matter.
  virtual void SendRequest(OutgoingRequest request) = 0;
  // Event-loop thread; must not block. Finishes the waiting call, which may be gone.
  virtual void SendResponse(OutgoingResponse response) = 0;
};

}  // namespace raft
