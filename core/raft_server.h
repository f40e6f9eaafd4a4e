// One server of a Raft cluster, whole: three verbs and nothing else.
//
// RaftServer owns the role object and is the only place that swaps it. It applies the "Rules for
// All Servers" of Figure 2 in front of the roles (the term gate), hands each input to the role's
// handler, and collects what the world must now do. Pure and deterministic: no thread, clock, file
// or socket; the same options, recovered state, seed and inputs give the same effects.
//
// Threads: none of its own, and no locks; one owner (the event loop) makes every call.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/effects.h"
#include "core/inputs.h"
#include "core/raft_options.h"
#include "core/raft_status.h"
#include "core/types.h"

namespace raft {

// What a server knows when it starts: everything the disk returned, validated.
struct RecoveredState {
  Promise promise;
  LogPosition base;                      // the place before the first entry kept; {0, 0} untrimmed
  std::vector<LogEntryPointer> entries;  // contiguous from base.index + 1, terms never falling
  LogPosition applied;                   // what the state machine already holds; inside the log
  LogTimeMs log_time_ms = 0;             // of the applied position; the founding time at {0, 0}
};

class RaftServer {
 public:
  // Starts as a follower with commit index = applied index; applies nothing that no leader has
  // confirmed (trap G2). Requires: `self` is not zero, entries contiguous, applied within them.
  RaftServer(ServerId self, const ClusterConfiguration& configuration, const RaftOptions& options,
             std::uint64_t random_seed, RecoveredState recovered);
  ~RaftServer();
  RaftServer(const RaftServer&) = delete;
  RaftServer& operator=(const RaftServer&) = delete;

  // Tell the server one thing that happened.
  void Step(Input input);

  // Collect what the world must now do. Step many, take once: this is the batching, on disk and on
  // the wire.
  Effects TakeEffects();

  // Look, for metrics and tests.
  RaftStatus status() const;

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

}  // namespace raft
