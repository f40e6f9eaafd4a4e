// A message came that its header does not rule out: does it show two processes of its sender?
//
// Every door of the peers' side asks this of every message (process_watch.h), and tells whoever
// counts. Any thread.
#pragma once

#include "service/conversion/peer_identity.h"
#include "service/peer_observer.h"

namespace raft {

// True: it is to be refused, and that is counted.
inline bool IsOneOfTwo(const peer::v1::PeerHeader& header, const HeaderRules& rules,
                       PeerObserver& observer) {
  const ProcessWatch::Finding found = rules.Hear(header);
  if (found.is_news) observer.OnTwoProcesses(ServerId(header.from()));
  if (found.is_doubled) observer.OnHeaderRefused(HeaderProblem::kDoubled);
  return found.is_doubled;
}

}  // namespace raft
