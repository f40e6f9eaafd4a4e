// The birth of a cluster: how servers with empty disks agree, once, on who they are.
//
// Design section 5. The initial member with the lowest id is the founder; it draws the cluster id
// when every initial member answers Greet as forming with the same list; the others adopt what it
// hands out, if it lists this life of theirs. So an emptied disk never votes (traps D11, D14).
// Knows Greet and the identity file; no term, no log.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/data_directory.h"
#include "persistence/mutex.h"
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
  // What one greeting of everybody brought.
  struct Round {
    std::vector<Greeting> greetings;    // of those who answered
    std::vector<std::string> problems;  // why the cluster cannot be founded yet
  };

  Round GreetAll(const std::stop_token& stop);
  absl::StatusOr<FoundingConfiguration> Adopt(const Greeting& greeting);
  absl::StatusOr<FoundingConfiguration> Found(const std::vector<Greeting>& greetings);
  bool IsFounder() const;
  void NoteWaiting(const std::vector<std::string>& problems);
  static void Pause(const std::stop_token& stop);

  const LocalServer local_;
  std::vector<InitialMember> initial_members_;  // rising order of id
  DataDirectory& directory_;
  std::vector<std::unique_ptr<Neighbour>> neighbours_;
  std::uint64_t rounds_ = 0;  // the request numbers of greetings
  mutable Mutex mutex_;
  std::string waiting_for_;
};

}  // namespace raft
