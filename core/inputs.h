// Everything that can happen to a server, one struct each. The whole way into the core.
//
// The world turns what it sees (a timer, an RPC, a finished write) into one of these and calls
// RaftServer::Step.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/messages.h"
#include "core/types.h"

namespace raft {

// One fixed step of logical time has passed (RaftOptions::tick_ms).
struct Tick {};

// A peer asks. Every request gets exactly one response, possibly late.
struct RequestReceived {
  ReturnAddress sender;
  PeerRequest request;
};

// A peer answered one of our requests.
struct ResponseReceived {
  ServerId from;
  PeerResponse response;
};

// One of our requests will get no answer: refused, broken off, or past its deadline. Whether the
// peer handled it is unknown. Never a made-up response (trap A15, C20).
struct PeerUnreachable {
  ServerId peer;
  RequestNumber number;
};

// A client proposes a command (Figure 2, Leaders: "if command received from client").
struct CommandProposed {
  Ticket ticket;
  std::string command;                // opaque to Raft
  std::optional<Term> expected_term;  // refuse unless this is the current term
};

// A client wants a linearizable read (dissertation §6.4).
struct ReadRequested {
  Ticket ticket;
};

// An operator wants other members (§6). Members that are new voters must be listed as joining: they
// become voters when they keep up. Answered like a proposal: appended, or refused.
struct MembershipChangeRequested {
  Ticket ticket;
  std::optional<LogIndex> expected_index;  // refuse unless this is the configuration in force
  std::vector<Member> members;             // ClusterConfiguration::IsSound
};

// Somebody wants another leader (dissertation §3.10). Answered by TransferEnded, or refused.
struct LeadershipTransferRequested {
  Ticket ticket;
  std::optional<ServerId> target;  // none: the voter that is furthest
};

// Everything up to this write is durable: promise and log both.
struct WritePersisted {
  PersistSequence sequence;
};

// The state machine holds everything up to this entry.
struct EntriesApplied {
  LogIndex last_applied;
};

// The state machine held this digest when it had applied everything up to an index at which states
// are compared (RaftOptions::state_check_entries). Comes before EntriesApplied of that index.
struct StateDigested {
  StateCheck check;
};

// The state machine up to this entry survives any crash (answers Effects::checkpoint_state).
struct StateCheckpointed {
  LogIndex through;
};

// A snapshot that was to be stored (SnapshotToStore) lies whole, verified and durable beside the
// live state. A transfer that fails is no input: its sender learns of it and tries again.
struct SnapshotStored {
  ReturnAddress sender;
  RequestNumber number;
  LogPosition last_included;
  LogTimeMs log_time_ms = 0;           // at last_included
  IndexedConfiguration configuration;  // in force there
};

// The stored snapshot is the live state now, durably (answers Effects::switch_state).
struct StateSwitched {
  LogPosition last_included;
};

// The live state no longer waits for a change of the log (answers Effects::complete_install).
struct InstallCompleted {};

using Input =
    std::variant<Tick, RequestReceived, ResponseReceived, PeerUnreachable, CommandProposed,
                 ReadRequested, MembershipChangeRequested, LeadershipTransferRequested,
                 WritePersisted, EntriesApplied, StateDigested, StateCheckpointed, SnapshotStored,
                 StateSwitched, InstallCompleted>;

}  // namespace raft
