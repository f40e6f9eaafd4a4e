// How a server with an empty disk becomes part of a cluster that exists: it waits to be added.
//
// `raftd --join` names no cluster. Whoever leads one is told to add this server (raftctl members
// add), writes it into the configuration with this life of its data directory, and greets it. That
// greeting, and nothing else, makes this server part of the cluster: so an emptied disk never votes
// in its old name (traps D11, D14), and nobody joins by mistake. Knows greetings and the identity
// file; no term, no log.
//
// Threads: Consider on any; Run on the main thread.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/data_directory.h"
#include "persistence/mutex.h"
#include "service/conversion/greeting.h"
#include "service/conversion/peer_identity.h"

namespace raft {

class ClusterJoin {
 public:
  // Requires: `directory` is forming and outlives this; the PeerService answers Greet already.
  ClusterJoin(LocalServer local, DataDirectory& directory);
  ClusterJoin(const ClusterJoin&) = delete;
  ClusterJoin& operator=(const ClusterJoin&) = delete;

  // A formed server has greeted this one. An invitation if its configuration lists this life.
  void Consider(const Greeting& greeting);

  // Blocks until this server is invited and that is durable. Once. CANCELLED: `stop` was requested.
  // Any other: the identity file could not be written.
  absl::StatusOr<FoundingConfiguration> Run(std::stop_token stop);

  // For people: what has to happen, as a command.
  std::string WaitingFor() const;

 private:
  const LocalServer local_;
  DataDirectory& directory_;
  Mutex mutex_;
  ConditionVariable invited_;
  std::optional<FoundingConfiguration> invitation_;
};

}  // namespace raft
