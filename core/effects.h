// Everything a server asks of the world. The whole way out of the core.
//
// The contract: DO EVERY EFFECT; THE DISK LANE (`persist`) AND THE APPLY LANE (`entries_to_apply`)
// ARE FIFO; NOTHING ELSE IS ORDERED. Messages that promise durability are not here until the disk
// has answered, so whoever carries effects out has no order to get wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/events.h"
#include "core/log_entry.h"
#include "core/messages.h"
#include "core/types.h"

namespace raft {

// Term and vote: what a server must remember to be trusted with another vote (Figure 2, persistent
// state; lives outside the log).
struct Promise {
  Term current_term;
  std::optional<ServerId> voted_for;

  friend bool operator==(const Promise&, const Promise&) = default;
};

// One write for the disk thread. Done when promise and log are both durable; then the world answers
// WritePersisted{sequence}. Several may be merged into one sync as long as the order is kept.
struct PersistRequest {
  PersistSequence sequence;
  std::optional<Promise> promise;         // present when term or vote changed; write it first
  std::optional<LogIndex> truncate_from;  // present: drop entries from here on before appending
  std::vector<LogEntryPointer> entries;   // contiguous; to be appended
};

struct OutgoingRequest {
  ServerId to;
  PeerRequest request;
};

struct OutgoingResponse {
  ReturnAddress to;
  PeerResponse response;
};

// A proposal entered the log at `position`. It happened if an entry of this position is applied; it
// certainly did not if another term's entry is applied at its index; until then it is unknown.
struct ProposalAppended {
  Ticket ticket;
  LogPosition position;
};

// Leadership is confirmed: answer the read from the state machine once it holds `read_index`.
struct ReadReady {
  Ticket ticket;
  LogIndex read_index;
};

enum class RefusalReason : std::uint8_t {
  kNotLeader,       // another server leads, or nobody does (leader hint empty)
  kNoQuorum,        // this leader no longer hears a majority
  kTermMoved,       // expected_term is not the current term
  kOverloaded,      // uncommitted_bytes_max reached
  kLogFull,         // log_bytes_max reached
  kLeadershipLost,  // a read that was waiting when the leader stepped down: nothing was answered
};

// The proposal was certainly not appended; the read was certainly not answered.
struct Refusal {
  Ticket ticket;
  RefusalReason reason;
  std::optional<ServerId> leader_hint;
  Term current_term;
  std::optional<ServerId> silent_peer;  // the member whose silence fills the log, if one does
};

struct Effects {
  std::optional<PersistRequest> persist;
  std::vector<OutgoingRequest> requests;
  std::vector<OutgoingResponse> responses;
  std::vector<LogEntryPointer> entries_to_apply;  // committed and durable here, in order
  std::vector<ProposalAppended> proposals_appended;
  std::vector<ReadReady> reads_ready;
  std::vector<Refusal> refusals;
  std::vector<RaftEvent> events;
};

}  // namespace raft
