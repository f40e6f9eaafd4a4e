// The families behind PeerMetrics: one set of series a peer.
//
// Room: metrics/, private to it: includes prometheus-cpp, which PeerMetrics spares its users.
#pragma once

#include <prometheus/family.h>
#include <prometheus/registry.h>

#include "metrics/peer_metrics.h"

namespace raft {

class PeerFamilies {
 public:
  // Registers the families; `registry` must outlive this.
  explicit PeerFamilies(prometheus::Registry& registry);

  // Any thread. The same peer gets the same series again: Family::Add is locked and idempotent.
  PeerMetrics For(ServerId peer);

 private:
  prometheus::Family<prometheus::Histogram>& round_trip_;
  prometheus::Family<prometheus::Counter>& sent_bytes_;
  prometheus::Family<prometheus::Counter>& received_bytes_;
  prometheus::Family<prometheus::Counter>& messages_;
  prometheus::Family<prometheus::Counter>& failures_;
};

}  // namespace raft
