// What a server does when others tell it that it must not go on.
//
// Called on gRPC's threads, with what was told and by whom; in raftd neither returns
// (service/loop/fatal.h). In a test they may, and the server goes on being refused.
#pragma once

#include "service/loop/fatal.h"

namespace raft {

struct ToldByPeers {
  // A member remembers more of this server than its data directory does (peer_memory.h).
  FatalHandler regressed;
  // A member has found this process and another one alive with one identity (process_watch.h).
  FatalHandler doubled;
};

}  // namespace raft
