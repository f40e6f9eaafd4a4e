// Everything a server asks of the world. The whole way out of the core.
//
// The contract: DO EVERY EFFECT; THE DISK LANE (`persist`) AND THE APPLY LANE (`entries_to_apply`)
// ARE FIFO; NOTHING ELSE IS ORDERED. Messages that promise durability are not here until the disk
// has answered, so whoever carries effects out has no order to get wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/cluster_configuration.h"
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

// The log begins later from now on. Two reasons: its beginning is in the state machine, durably (it
// is trimmed), or a snapshot has replaced it (it is reset).
struct LogRebase {
  LogPosition base;
  LogTimeMs log_time_ms = 0;  // at the base
  bool keeps_suffix = false;  // true: `base` is an entry of the log; what follows it stays
                              // false: nothing of the old log stays
  friend bool operator==(const LogRebase&, const LogRebase&) = default;
};

// One write for the disk thread. Done when promise and log are both durable; then the world answers
// WritePersisted{sequence}. Several may be merged into one sync as long as the order is kept.
struct PersistRequest {
  PersistSequence sequence;
  std::optional<Promise> promise;         // present when term or vote changed; write it first
  std::optional<LogRebase> rebase;        // present: move the base of the log before anything else
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
  kTransferring,    // this leader is handing over; ask the one it hands over to
  kStateDiverged,   // this server's state is not the cluster's; ask another one
  // Of changes of members and hand-overs:
  kTermNotCommitted,     // this leader has not committed an entry of its term yet (trap D1)
  kConfigurationMoved,   // another configuration is in force than the one expected
  kChangeUnderWay,       // the last change of members is not finished
  kNoMajorityReachable,  // of the voters that would be, too few answer (RefusedChange)
  kLearnerBehind,        // a voter to be lags too far; it may be listed as joining instead
  kTransferToSelf,       // this server leads already
  kTargetNotVoter,       // unknown, a learner or leaving
  kTargetUnreachable,    // it has not answered for an election timeout
  kTransferUnderWay,     // one at a time
};

// The arithmetic of kNoMajorityReachable.
struct RefusedChange {
  std::size_t voters = 0;     // that would be
  std::size_t majority = 0;   // of them
  std::size_t reachable = 0;  // of them, this server included
};

// The proposal was certainly not appended; the read was certainly not answered.
struct Refusal {
  Ticket ticket;
  RefusalReason reason;
  std::optional<ServerId> leader_hint;
  Term current_term;
  std::optional<ServerId> silent_peer{};          // whose silence fills the log, or who lags
  std::optional<RefusedChange> refused_change{};  // of kNoMajorityReachable
};

enum class TransferOutcome : std::uint8_t {
  kDone,         // the target leads
  kOtherLeads,   // somebody else does
  kNothingCame,  // no new leader within an election timeout; this server may still lead
};

// How a hand-over that was begun ended.
struct TransferEnded {
  Ticket ticket;
  TransferOutcome outcome;
  std::optional<ServerId> leader;
  Term current_term;
};

// What the transport needs to know when the configuration in force has changed, and at start.
struct ConfigurationInForce {
  LogIndex index;
  std::shared_ptr<const ClusterConfiguration> configuration;
  // Whom requests may go to: the members, and those that left and are still to hear of it.
  std::vector<Member> peers;
};

// The peer needs entries that were trimmed. Stream it a snapshot of the state machine, taken now or
// later; the world answers as for any request, with ResponseReceived or PeerUnreachable{number}.
struct SnapshotToSend {
  ServerId to;
  RequestNumber number;
  Term term;
  LogIndex ends_at_least;  // one that ends before this is of no use
};

// An offer was accepted: store the snapshot that `sender` streams, beside the live state; then the
// world answers SnapshotStored. A newer one replaces one that is still under way.
struct SnapshotToStore {
  ReturnAddress sender;
  RequestNumber number;
  LogPosition last_included;
};

struct Effects {
  std::optional<PersistRequest> persist;
  std::vector<OutgoingRequest> requests;
  std::vector<OutgoingResponse> responses;
  std::vector<LogEntryPointer> entries_to_apply;  // committed and durable here, in order
  std::vector<ProposalAppended> proposals_appended;
  std::vector<ReadReady> reads_ready;
  std::vector<Refusal> refusals;
  std::vector<TransferEnded> transfers_ended;
  std::optional<ConfigurationInForce> configuration;  // carry it out before `requests`
  std::vector<RaftEvent> events;

  std::vector<SnapshotToSend> snapshots_to_send;
  std::vector<SnapshotToStore> snapshots_to_store;
  bool abandon_snapshots = false;  // those on their way to peers are of a state that is not the
                                   // cluster's
  bool discard_snapshot = false;   // the one that was stored last is not needed any more
  // Four more for the apply lane, after `entries_to_apply`.
  bool mark_state_diverged = false;         // durably: RecoveredState::state_is_diverged
  bool checkpoint_state = false;            // make the state durable; answer StateCheckpointed
  std::optional<LogPosition> switch_state;  // the stored snapshot of this position becomes the
                                            // live state, durably; answer StateSwitched
  bool complete_install = false;            // the log has followed; answer InstallCompleted
};

}  // namespace raft
