// A look at a server from outside: for metrics, status pages and tests. A plain copy; looking
// changes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/events.h"
#include "core/types.h"

namespace raft {

enum class PeerState : std::uint8_t {
  kProbe,      // the leader does not know where this peer's log meets its own
  kReplicate,  // entries flow
  kSnapshot,   // it lacks entries that were trimmed, or waits for another state, and is sent one
};

// The leader's view of one peer; empty on other roles.
struct PeerStatus {
  ServerId peer;
  LogIndex match_index;
  LogIndex next_index;
  PeerState state = PeerState::kProbe;
  bool entries_in_flight = false;
  std::uint64_t lag_entries = 0;         // last_log_index - match_index
  std::uint64_t lag_bytes = 0;           // charged bytes of those entries
  LogTimeMs lag_ms = 0;                  // age of the oldest entry the peer lacks; 0: lacks none
  std::uint64_t last_contact_ticks = 0;  // since the last answer of any kind in this leadership
};

struct RaftStatus {
  ServerId server_id;
  RoleName role = RoleName::kFollower;
  Term current_term;
  std::optional<ServerId> voted_for;
  std::optional<ServerId> leader;
  LogIndex first_log_index;  // first index still in memory: base + 1
  LogIndex last_log_index;
  LogIndex durable_index;
  LogIndex commit_index;
  LogIndex applied_index;
  LogIndex checkpointed_index;  // the state machine survives any crash up to here; 0: not known
  LogTimeMs log_time_ms = 0;
  std::uint64_t log_bytes = 0;          // charged bytes of the log in memory
  std::uint64_t uncommitted_bytes = 0;  // charged bytes after commit_index
  std::uint64_t reads_waiting = 0;
  // Follower: ticks since this term's leader last spoke. Leader: ticks since a majority, itself
  // included, last answered. Others: none.
  std::optional<std::uint64_t> leader_contact_ticks;
  std::shared_ptr<const ClusterConfiguration> configuration;  // in force; never null
  LogIndex configuration_index;                               // of its entry; 0: the founding one
  // This server was told that a committed configuration of this index lists it no more.
  std::optional<LogIndex> removed_at;
  std::optional<ServerId> transfer_target;  // this leader is handing over to it
  // The state here was the one of a majority of the voters up to this index; 0: not compared yet.
  LogIndex verified_index;
  // It was another one than the majority's at this index. Nothing is applied to it any more, and it
  // waits to be replaced by a snapshot.
  std::optional<LogIndex> diverged_index;
  std::vector<PeerStatus> peers;
};

}  // namespace raft
