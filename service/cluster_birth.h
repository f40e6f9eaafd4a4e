// The birth of a cluster: how servers with empty disks agree, once, on who they are.
//
// Design section 5. The initial member with the lowest id is the founder; it draws the cluster id
// when every initial member answers Greet as forming with the same list; the others adopt what it
// hands out, if it lists this life of theirs. So an emptied disk never votes (traps D11, D14).
// Knows Greet and the identity file; no term, no log.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/data_directory.h"
#include "service/conversion/founding_conversion.h"
#include "service/conversion/greeting.h"
#include "service/conversion/peer_identity.h"
#include "service/peer_channel.h"

namespace raft {

class ClusterBirth {
 public:
  // Requires: `directory` is forming and outlives this; its PeerService answers Greet already.
  ClusterBirth(const PeerLinkOptions& options, LocalServer local,
               std::vector<InitialMember> initial_members, DataDirectory& directory);
  ~ClusterBirth();
  ClusterBirth(const ClusterBirth&) = delete;
  ClusterBirth& operator=(const ClusterBirth&) = delete;

  // Blocks until the cluster is founded and the founding is durable here. Once.
  // FAILED_PRECONDITION: a formed cluster does not list this life of this server (raftd exits 3;
  // the message says the way back). INVALID_ARGUMENT: this server is not among the initial members.
  // CANCELLED: `stop` was requested. Any other: the identity file could not be written.
  absl::StatusOr<FoundingConfiguration> Run(std::stop_token stop);

  // For people, in GetStatus while forming: "server 2 at h2:7001: connection refused". Any thread.
  std::string WaitingFor() const;

 private:
  class Neighbour;
  using Answers = std::map<ServerId, Greeting>;

  Answers GreetAll(const std::stop_token& stop);
  absl::StatusOr<FoundingConfiguration> Adopt(const Greeting& greeting);
  absl::StatusOr<FoundingConfiguration> Found(const Answers& answers);
  bool AllAgree(const Answers& answers);
  bool IsFounder() const;
  void WaitFor(std::string what);

  const PeerLinkOptions options_;
  const LocalServer local_;
  const std::vector<InitialMember> initial_members_;  // rising order of id
  DataDirectory& directory_;
  std::vector<std::unique_ptr<Neighbour>> neighbours_;
  mutable Mutex mutex_;
  std::string waiting_for_;
};

}  // namespace raft
