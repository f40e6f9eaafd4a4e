// A leader looks after its peers' states: it sends a snapshot to whoever needs one (Figure 13), and
// compares what all hold (core/state_comparison.h): the rest of core/leader.h.
#include <algorithm>

#include "core/check.h"
#include "core/leader.h"

namespace raft {

// Figure 13: the leader sends a snapshot to a follower that needs entries which were discarded, or
// another state.
void Leader::SendSnapshotTo(ServerId to, PeerProgress& peer) {
  if (peer.snapshot_in_flight() || state_.IsQuarantined()) return;
  const RequestNumber number = state_.TakeRequestNumber();
  // What broke on its way may go on as long as the log still holds what follows it (trap C16).
  LogIndex ends_at_least = state_.last_applied;
  const std::optional<LogIndex> broken = peer.broken_snapshot();
  if (broken && *broken >= state_.log().base().index) ends_at_least = *broken;
  peer.SentSnapshot(number, std::max(ends_at_least, peer.match_index()));
  state_.snapshot_work.to_send.push_back(
      {.to = to, .number = number, .term = state_.current_term(), .ends_at_least = ends_at_least});
  state_.Note(SnapshotNeeded{.peer = to});
}

// A peer that has just installed a snapshot still lacks what came meanwhile: were the log trimmed
// to its tail then, it would need the next snapshot at once, and so for ever (trap C16).
std::vector<LogIndex> Leader::LogNeededAfter() const {
  std::vector<LogIndex> needed;
  for (const auto& [id, peer] : peers_) {
    if (const std::optional<LogIndex> held = peer.snapshot_in_flight()) {
      // A quarantined peer's own log reaches further than the state that it is sent.
      needed.push_back(std::max(*held, peer.match_index()));
    } else if (peer.state() != PeerState::kProbe) {
      needed.push_back(peer.match_index());
    }
  }
  return needed;
}

// The log could not wait for a transfer any longer (Compaction::Dispensable): what it brings would
// not be followed by any entry. A new one begins where the log does now.
void Leader::OnLogTrimmed() {
  const LogIndex base = state_.log().base().index;
  for (auto& [id, peer] : peers_) {
    const std::optional<LogIndex> held = peer.snapshot_in_flight();
    if (!held || std::max(*held, peer.match_index()) >= base) continue;
    if (peer.needs_snapshot()) continue;  // Any state of the majority ends its quarantine.
    peer.GiveUpSnapshot();
    state_.Note(SnapshotBegunAnew{.peer = id});
    SendSnapshotTo(id, peer);
  }
}

NextRole Leader::OnInstallSnapshotRequest(const InstallSnapshotRequest& request,
                                          ReturnAddress sender) {
  // As with AppendEntries: this term's leader is here.
  state_.Note(ImpossibleMessageRefused{.peer = request.leader_id,
                                       .law = "Election Safety: a second leader in one term"});
  const InstallSnapshotResponse refusal{
      .number = request.number, .term = state_.current_term(), .success = false};
  outbox_.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = refusal});
  return NextRole::kStay;
}

NextRole Leader::OnInstallSnapshotResponse(ServerId from, const InstallSnapshotResponse& response) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end()) return NextRole::kStay;
  // A snapshot holds what is committed, and this leader's log holds all of that.
  const bool is_impossible = response.success && response.match_index > state_.commit_index;
  if (is_impossible) {
    state_.Note(ImpossibleMessageRefused{
        .peer = from, .law = "Log Matching: a snapshot beyond what is committed"});
  }
  if (!response.success || is_impossible) {
    peer->second.BecameUnreachable(response.number);  // asked again after the next heartbeat
    return NextRole::kStay;
  }
  if (!peer->second.TakeSnapshotAnswered(response.number, state_.ticks)) {
    state_.Note(StaleResponseDropped{.peer = from});
    return NextRole::kStay;
  }
  peer->second.RecordMatch(response.match_index);
  AdvanceCommitIndex();
  ReleaseConfirmedReads();
  return NextRole::kStay;
}

// A heartbeat is due. Slow servers have two election timeouts to come to the compared index.
void Leader::CompareStates() {
  const std::uint64_t patience_ticks = 2 * options().election_timeout_ticks_max;
  Conclude(comparison_.Advance(state_.self, state_.state_checks.newest(), state_.configuration(),
                               state_.ticks, patience_ticks));
}

// What a follower's answer to a heartbeat tells of its state.
void Leader::NoteStateOf(ServerId from, PeerProgress& peer, const AppendEntriesResponse& response) {
  if (response.state_check) {
    Conclude(comparison_.Add(from, *response.state_check, state_.configuration()));
  }
  peer.NoteNeedsSnapshot(response.needs_snapshot);
  if (response.needs_snapshot && IsOwnStateTheMajoritys()) SendSnapshotTo(from, peer);
}

// Whoever replaces an odd state must not bring another one: two of them would be a majority.
bool Leader::IsOwnStateTheMajoritys() const {
  const std::optional<StateCheck>& majority = comparison_.majority_state();
  return majority && state_.state_checks.verified_index() >= majority->index;
}

void Leader::Conclude(StateComparison::Finding finding) {
  if (finding == StateComparison::Finding::kMajority) {
    RAFT_CHECK(comparison_.majority_state().has_value(), "what was found is there");
    state_.LearnMajorityState(*comparison_.majority_state());
  } else if (finding == StateComparison::Finding::kDoubt) {
    state_.Note(StatesInDoubt{.index = comparison_.index()});
  }
}

// A leader whose own state is the odd one can answer nobody. It stays only until somebody else can
// lead: its log is as good as any, and perhaps the only one that has everything.
void Leader::HandOverIfQuarantined() {
  if (!state_.IsQuarantined() || state_.transfer.is_running()) return;
  if (const std::optional<ServerId> successor = BestSuccessor()) {
    BeginTransfer(std::nullopt, *successor);
  }
}

}  // namespace raft
