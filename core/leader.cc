#include "core/leader.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/voting.h"

namespace raft {
// Figure 2, Leaders: "Upon election: send initial empty AppendEntries RPCs". Ours carry the no-op
// that starts the term (§8), so one round both announces the leader and commits what came before.
NextRole Leader::OnEnter() {
  RAFT_CHECK(state_.persistent.voted_for() == state_.self, "a leader voted for itself");
  state_.election_timer.Stop();
  started_at_ticks_ = state_.ticks;
  disk_idle_or_done_at_ticks_ = state_.ticks;
  log_time_at_start_ms_ = state_.log().last_log_time_ms();
  MeetPeers();
  heartbeat_ticks_left_ = options().heartbeat_ticks;
  term_start_index_ = AppendEntry(EntryKind::kNoOp, {}).index;
  state_.Note(LeaderRecognized{.leader = state_.self, .term = state_.current_term()});
  return NextRole::kStay;  // BeforeEffects sends the no-op.
}

void Leader::OnExit() {
  RefuseWaitingReads(RefusalReason::kLeadershipLost);
  state_.Note(LeaderLost{.term = state_.current_term()});
}

NextRole Leader::OnTick() {
  // Quorum check (dissertation §6.2): a leader that reaches no majority cannot commit, and must not
  // keep clients waiting or believe in itself (trap A13).
  if (TicksSinceQuorumContact() > options().election_timeout_ticks_max) {
    state_.Note(SteppedDown{.reason = StepDownReason::kQuorumLost, .term = state_.current_term()});
    return NextRole::kFollower;
  }
  const DurabilityTracker& disk = state_.persistent.durability();
  if (disk.durable_sequence() == disk.last_sequence()) disk_idle_or_done_at_ticks_ = state_.ticks;
  if (HasDiskStalled()) {
    state_.Note(SteppedDown{.reason = StepDownReason::kDiskStalled, .term = state_.current_term()});
    return NextRole::kFollower;
  }
  if (IsRemoved() && !state_.transfer.is_running()) {
    state_.Note(SteppedDown{.reason = StepDownReason::kRemoved, .term = state_.current_term()});
    return NextRole::kFollower;
  }
  ForgetDeparted();
  PromoteThoseThatKeepUp();
  HandOverIfQuarantined();
  const std::optional<RequestNumber> needed = reads_.oldest_needed();
  reads_are_overdue_ = needed && needed == needed_at_last_tick_;
  needed_at_last_tick_ = needed;
  if (--heartbeat_ticks_left_ == 0) {
    heartbeat_ticks_left_ = options().heartbeat_ticks;
    CompareStates();
    SendHeartbeats();  // "repeat during idle periods to prevent election timeouts" (§5.2)
  }
  return NextRole::kStay;
}

NextRole Leader::OnPreVoteRequest(const PreVoteRequest& request, ReturnAddress sender) {
  AnswerPreVote(state_, outbox_, request, sender, IsLeaderNear(request.candidate_id));
  return NextRole::kStay;
}

NextRole Leader::OnPreVoteResponse(ServerId, const PreVoteResponse&) {
  return NextRole::kStay;  // The election it prepared is won.
}

NextRole Leader::OnRequestVoteRequest(const RequestVoteRequest& request, ReturnAddress sender) {
  const bool granted = AnswerRequestVote(state_, outbox_, request, sender);
  RAFT_CHECK(!granted || request.candidate_id == state_.self,
             "Election Safety: a leader's vote is its own");
  return NextRole::kStay;
}

NextRole Leader::OnRequestVoteResponse(ServerId, const RequestVoteResponse&) {
  return NextRole::kStay;  // A vote more than was needed.
}

NextRole Leader::OnAppendEntriesRequest(const AppendEntriesRequest& request, ReturnAddress sender) {
  // A leader's own term has no other leader (Election Safety): whoever says so is broken.
  state_.Note(ImpossibleMessageRefused{.peer = request.leader_id,
                                       .law = "Election Safety: a second leader in one term"});
  const AppendEntriesResponse refusal{
      .number = request.number, .term = state_.current_term(), .success = false};
  outbox_.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = refusal});
  return NextRole::kStay;
}

NextRole Leader::OnAppendEntriesResponse(ServerId from, const AppendEntriesResponse& response) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end()) return NextRole::kStay;  // Not a peer of this configuration (A6).
  if (!response.success && !response.conflict) {
    // A refusal without a reason is no answer of a follower of this term: it confirms nothing.
    peer->second.BecameUnreachable(response.number);
    return NextRole::kStay;
  }
  const std::optional<AnsweredRequest> answered =
      peer->second.TakeAnswered(response.number, state_.ticks);
  if (!answered) {
    state_.Note(StaleResponseDropped{.peer = from});
    return NextRole::kStay;
  }
  if (response.success) {
    RecordMatch(from, peer->second, *answered, response.match_index);
    if (!answered->carried_entries) NoteStateOf(from, peer->second, response);
  } else {
    BackUp(from, peer->second, *answered, *response.conflict);
  }
  AdvanceCommitIndex();
  ReleaseConfirmedReads();
  return NextRole::kStay;
}

NextRole Leader::OnPeerUnreachable(const PeerUnreachable& unreachable) {
  const auto peer = peers_.find(unreachable.peer);
  if (peer != peers_.end()) peer->second.BecameUnreachable(unreachable.number);
  if (state_.transfer.IsAsking(unreachable.number)) {
    state_.transfer.GiveUp(state_.current_term(), answers_.transfers_ended);
  }
  return NextRole::kStay;
}

// "If command received from client: append entry to local log, respond after entry applied to state
// machine". It is sent to the peers when the turn ends, with everything else that came in it.
NextRole Leader::OnCommandProposed(CommandProposed proposal) {
  if (const std::optional<RefusalReason> reason = ReasonToRefuse(proposal)) {
    const bool is_full =
        *reason == RefusalReason::kOverloaded || *reason == RefusalReason::kLogFull;
    Refuse(proposal.ticket, *reason, is_full ? SilentPeer() : std::nullopt);
    if (*reason == RefusalReason::kTransferring) {
      answers_.refusals.back().leader_hint = state_.transfer.target();
    }
    return NextRole::kStay;
  }
  const LogPosition position = AppendEntry(EntryKind::kCommand, std::move(proposal.command));
  answers_.proposals_appended.push_back({.ticket = proposal.ticket, .position = position});
  return NextRole::kStay;
}

NextRole Leader::OnReadRequested(const ReadRequested& read) {
  if (state_.IsQuarantined()) {
    Refuse(read.ticket, RefusalReason::kStateDiverged);
    return NextRole::kStay;
  }
  if (TicksSinceQuorumContact() > options().election_timeout_ticks_min) {
    Refuse(read.ticket, RefusalReason::kNoQuorum);
    return NextRole::kStay;
  }
  reads_.Add(read.ticket, state_.next_request_number());
  return NextRole::kStay;  // Heartbeats leave when the turn ends.
}

NextRole Leader::OnWritePersisted() {
  disk_idle_or_done_at_ticks_ = state_.ticks;
  AdvanceCommitIndex();  // The leader counts its own entries once its disk has them (trap B13).
  return NextRole::kStay;
}

void Leader::BeforeEffects() {
  for (auto& [id, peer] : peers_) ReplicateTo(id, peer);
  AskTargetToCampaign();
  ConfirmLeadershipForReads();
  ReleaseConfirmedReads();  // Alone in its cluster a leader is its own majority.
}

void Leader::FillStatus(RaftStatus& status) const {
  status.leader_contact_ticks = TicksSinceQuorumContact();
  status.reads_waiting = reads_.size();
  status.log_time_ms = LogTimeNow();
  status.transfer_target = state_.transfer.target();
  const RaftLog& log = state_.log();
  for (const auto& [id, peer] : peers_) {
    status.peers.push_back({.peer = id,
                            .match_index = peer.match_index(),
                            .next_index = peer.next_index(),
                            .state = peer.state(),
                            .entries_in_flight = peer.has_entries_in_flight(),
                            .lag_entries = log.last_index() - peer.match_index(),
                            .lag_bytes = log.BytesBetween(MatchWithinLog(peer), log.last_index()),
                            .lag_ms = LagMs(peer),
                            .last_contact_ticks = state_.ticks - peer.last_contact_ticks()});
  }
}

LogPosition Leader::AppendEntry(EntryKind kind, std::string data) {
  auto entry = std::make_shared<LogEntry>();
  entry->index = state_.log().last_index().Next();
  entry->term = state_.current_term();
  entry->kind = kind;
  entry->log_time_ms = LogTimeNow();
  entry->data = std::move(data);
  const LogPosition position = entry->position();
  state_.persistent.Append(std::move(entry));
  return position;
}

// The cluster's own clock: it continues where the log stands and adds this leader's ticks.
LogTimeMs Leader::LogTimeNow() const {
  const auto ticks = static_cast<LogTimeMs>(state_.ticks - started_at_ticks_);
  return log_time_at_start_ms_ + ticks * options().tick_ms;
}

void Leader::SendHeartbeats() {
  for (auto& [id, peer] : peers_) SendHeartbeat(id, peer, /*for_reads=*/false);
}

void Leader::SendHeartbeat(ServerId to, PeerProgress& peer, bool for_reads) {
  // Whoever needs what was trimmed is asked about the earliest place that is left.
  const LogIndex previous = std::max(peer.HeartbeatPrevious(), state_.log().base().index);
  const std::optional<Term> previous_term = state_.log().TermAt(previous);
  RAFT_CHECK(previous_term.has_value(), "a heartbeat names a position of the leader's log");
  const AppendEntriesRequest heartbeat{.number = state_.TakeRequestNumber(),
                                       .term = state_.current_term(),
                                       .leader_id = state_.self,
                                       .previous = {.index = previous, .term = *previous_term},
                                       .leader_commit = state_.commit_index,
                                       .entries = {},
                                       .compared_index = comparison_.asked_index(),
                                       .majority_state = comparison_.majority_state()};
  peer.SentHeartbeat(heartbeat.number, previous, for_reads);
  outbox_.SendWithoutWaitingForDisk({.to = to, .request = heartbeat});
}

// "If last log index >= nextIndex for a follower: send AppendEntries RPC with log entries starting
// at nextIndex". One such request is under way per peer; the next takes what gathered meanwhile.
void Leader::ReplicateTo(ServerId to, PeerProgress& peer) {
  const RaftLog& log = state_.log();
  if (!peer.MaySendEntries() || peer.next_index() > log.last_index()) return;
  const LogIndex previous = peer.next_index() - 1;
  if (previous < log.base().index) return SendSnapshotTo(to, peer);
  // While nobody knows where the logs meet, the way there from match_index says nothing of what is
  // in flight, which is one request: a new leader's first entry must not wait for a heartbeat.
  const std::uint64_t in_flight = log.BytesBetween(MatchWithinLog(peer), previous);
  if (peer.has_met() && in_flight >= options().inflight_bytes_max) return;
  const std::optional<Term> previous_term = log.TermAt(previous);
  RAFT_CHECK(previous_term.has_value(), "next_index follows a position of the leader's log");
  AppendEntriesRequest request{
      .number = state_.TakeRequestNumber(),
      .term = state_.current_term(),
      .leader_id = state_.self,
      .previous = {.index = previous, .term = *previous_term},
      .leader_commit = state_.commit_index,
      .entries = log.EntriesFrom(peer.next_index(), options().append_bytes_max)};
  peer.SentEntries(request.number, request.entries.back()->index);
  outbox_.SendWithoutWaitingForDisk({.to = to, .request = std::move(request)});
}

LogTimeMs Leader::LagMs(const PeerProgress& peer) const {
  const RaftLog& log = state_.log();
  if (peer.match_index() >= log.last_index()) return 0;
  // Of what was trimmed only the last log time is known.
  return LogTimeNow() - log.LogTimeAt(std::max(peer.match_index().Next(), log.base().index));
}

LogIndex Leader::MatchWithinLog(const PeerProgress& peer) const {
  return std::max(peer.match_index(), state_.log().base().index);
}

// Reads wait for a majority's answers to requests issued after they came. One round is under way at
// a time and asks no more peers than a majority needs, those that answered last; reads that come
// meanwhile share the next round. When a read has waited for a whole tick, everybody is asked. A
// peer that just failed to answer is left to the interval's heartbeats: asked again at once, one
// that refuses connections would be asked for as long as a read waits, as fast as the loop turns.
void Leader::ConfirmLeadershipForReads() {
  const std::optional<RequestNumber> needed = reads_.newest_needed();
  if (!needed) return;
  std::vector<std::pair<RequestNumber, ServerId>> may_be_asked;
  const bool is_overdue = reads_are_overdue_ && reads_.oldest_needed() == needed_at_last_tick_;
  const ClusterConfiguration& configuration = state_.configuration();
  // Two majorities, or one that this server is no part of, are asked for from everybody.
  const bool asks_all =
      is_overdue || configuration.is_joint() || !configuration.IsVoter(state_.self);
  std::size_t still_to_ask = asks_all ? peers_.size() : configuration.majority() - 1;
  for (const auto& [id, peer] : peers_) {
    if (!configuration.IsVoter(id)) continue;
    if (peer.highest_answered() >= *needed || peer.has_read_heartbeat_in_flight() ||
        peer.HasHeartbeatInFlightSince(*needed)) {
      if (still_to_ask > 0) --still_to_ask;
    } else if (!peer.is_probed()) {
      may_be_asked.emplace_back(peer.highest_answered(), id);
    }
  }
  std::stable_sort(may_be_asked.begin(), may_be_asked.end(),
                   [](const auto& one, const auto& other) { return one.first > other.first; });
  may_be_asked.resize(std::min(may_be_asked.size(), still_to_ask));
  for (const auto& [answered, id] : may_be_asked) {
    SendHeartbeat(id, peers_.at(id), /*for_reads=*/true);
  }
}

// "If successful: update nextIndex and matchIndex for follower".
void Leader::RecordMatch(ServerId from, PeerProgress& peer, const AnsweredRequest& answered,
                         LogIndex match) {
  if (match > answered.last) {  // more than was asked about (trap B6)
    state_.Note(
        ImpossibleMessageRefused{.peer = from, .law = "Log Matching: a match beyond the request"});
    return;
  }
  peer.RecordMatch(match);
  RAFT_CHECK(peer.match_index() <= state_.log().last_index(), "no follower matches more (N5)");
}

// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry", by whole
// terms (§5.3): if this log knows the conflicting term, its last entry of it may match; if not, the
// follower's whole run of that term goes.
void Leader::BackUp(ServerId from, PeerProgress& peer, const AnsweredRequest& answered,
                    const ConflictHint& hint) {
  // A heartbeat may have overtaken entries that are still under way; their own answer decides.
  if (!answered.carried_entries && peer.has_entries_in_flight()) return;
  LogIndex next = hint.index;
  if (hint.term) {
    const std::optional<LogIndex> last_of_term = state_.log().LastIndexOfTerm(*hint.term);
    if (last_of_term) next = last_of_term->Next();
  }
  next = std::max(next, LogIndex(1));
  if (peer.BackUp(answered.previous, next)) {
    state_.Note(AppendMismatched{.peer = from, .next_index = peer.next_index()});
  }
}

// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and
// log[N].term == currentTerm: set commitIndex = N" (§5.3, §5.4). Entries of earlier terms are
// committed only by what follows them (§5.4.2, Figure 8).
void Leader::AdvanceCommitIndex() {
  const LogIndex reached = state_.configuration().ReachedByMajority([this](ServerId voter) {
    return voter == state_.self ? state_.persistent.durability().durable_index()
                                : peers_.at(voter).match_index();
  });
  if (reached <= state_.commit_index) return;
  if (state_.log().TermAt(reached) != state_.current_term()) return;
  state_.AdvanceCommitIndex(reached);
  ContinueChange();
}

void Leader::RefuseWaitingReads(RefusalReason reason) {
  for (const Ticket ticket : reads_.TakeAll()) {
    answers_.refusals.push_back({.ticket = ticket,
                                 .reason = reason,
                                 .leader_hint = std::nullopt,
                                 .current_term = state_.current_term(),
                                 .silent_peer = std::nullopt});
  }
}

void Leader::ReleaseConfirmedReads() {
  if (reads_.empty()) return;
  if (state_.IsQuarantined()) return RefuseWaitingReads(RefusalReason::kStateDiverged);
  // Before the first commit of the term the commit index may be stale (dissertation §6.4, step 1).
  if (!HasCommittedInItsTerm()) return;
  const RequestNumber confirmed = state_.configuration().ReachedByMajority([this](ServerId voter) {
    return voter == state_.self ? state_.next_request_number()  // this server hears itself
                                : peers_.at(voter).highest_answered();
  });
  for (ReadReady& ready : reads_.TakeConfirmed(confirmed, state_.commit_index)) {
    answers_.reads_ready.push_back(ready);
  }
}

std::uint64_t Leader::TicksSinceQuorumContact() const {
  return state_.ticks - state_.configuration().ReachedByMajority([this](ServerId voter) {
    return voter == state_.self ? state_.ticks : peers_.at(voter).last_contact_ticks();
  });
}

// A leader whose disk hangs may still commit by its peers' disks, but applies nothing and so
// answers nobody, while its heartbeats keep everybody else from leading (trap H11). Twice as
// patient as with silent peers, because a slow sync is often shared by every disk. Where nobody
// else could lead there is nothing better.
bool Leader::HasDiskStalled() const {
  if (!CouldAnotherLead()) return false;
  return state_.ticks - disk_idle_or_done_at_ticks_ > 2 * options().election_timeout_ticks_max;
}

std::optional<RefusalReason> Leader::ReasonToRefuse(const CommandProposed& proposal) const {
  const RaftLog& log = state_.log();
  if (state_.transfer.is_running()) return RefusalReason::kTransferring;
  if (state_.IsQuarantined()) return RefusalReason::kStateDiverged;
  if (proposal.expected_term && *proposal.expected_term != state_.current_term()) {
    return RefusalReason::kTermMoved;
  }
  if (TicksSinceQuorumContact() > options().election_timeout_ticks_min) {
    return RefusalReason::kNoQuorum;
  }
  // Counted from the log itself, so the account cannot drift (trap B19).
  if (log.BytesBetween(state_.commit_index, log.last_index()) >= options().uncommitted_bytes_max) {
    return RefusalReason::kOverloaded;
  }
  if (log.bytes() >= options().log_bytes_max) return RefusalReason::kLogFull;
  return std::nullopt;
}

std::optional<ServerId> Leader::SilentPeer() const {
  std::optional<ServerId> silent;
  std::uint64_t longest_ticks = options().election_timeout_ticks_min;
  for (const auto& [id, peer] : peers_) {
    if (!state_.configuration().IsVoter(id)) continue;
    const std::uint64_t silent_ticks = state_.ticks - peer.last_contact_ticks();
    if (silent_ticks <= longest_ticks) continue;
    longest_ticks = silent_ticks;
    silent = id;
  }
  return silent;
}

}  // namespace raft
