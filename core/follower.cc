#include "core/follower.h"

#include <algorithm>

#include "core/check.h"
#include "core/voting.h"

namespace raft {

bool Follower::IsLeaderNear(ServerId candidate) const {
  // A leader that campaigns leads no more, so it never stands in its own way (trap A11).
  if (!leader_ || *leader_ == candidate) return false;
  return TicksSinceLeaderSpoke() < options().election_timeout_ticks_min;
}

NextRole Follower::OnEnter() {
  // Not restarted: meeting a newer term does not postpone anybody's election (Figure 2).
  state_.election_timer.StartIfStopped();
  return NextRole::kStay;
}

void Follower::OnExit() {
  if (leader_) state_.Note(LeaderLost{.term = state_.current_term()});
}

// Figure 2, Followers: "If election timeout elapses without receiving AppendEntries RPC from
// current leader or granting vote to candidate: convert to candidate". We ask first whether an
// election could be won (dissertation §9.6).
NextRole Follower::OnTick() {
  if (!state_.election_timer.TickAndCheckExpired()) return NextRole::kStay;
  // Whoever has no vote in the configuration waits to be told of one in which it has.
  if (!state_.MayCampaign()) return NextRole::kStay;
  return NextRole::kPreCandidate;
}

NextRole Follower::OnPreVoteRequest(const PreVoteRequest& request, ReturnAddress sender) {
  AnswerPreVote(state_, outbox_, request, sender, IsLeaderNear(request.candidate_id));
  return NextRole::kStay;
}

NextRole Follower::OnPreVoteResponse(ServerId, const PreVoteResponse&) {
  return NextRole::kStay;  // A follower counts no votes: the ballot it belonged to is over.
}

NextRole Follower::OnRequestVoteRequest(const RequestVoteRequest& request, ReturnAddress sender) {
  // Granting a vote restarts the timer, denying one does not (§5.2).
  if (AnswerRequestVote(state_, outbox_, request, sender)) state_.election_timer.Restart();
  return NextRole::kStay;
}

NextRole Follower::OnRequestVoteResponse(ServerId, const RequestVoteResponse&) {
  return NextRole::kStay;  // A follower counts no votes.
}

// AppendEntries RPC, receiver implementation (Figure 2). Step 1 happened in
// RaftServer::RefuseByTerm.
NextRole Follower::OnAppendEntriesRequest(const AppendEntriesRequest& request,
                                          ReturnAddress sender) {
  if (const char* law = BrokenLaw(request)) {
    state_.Note(ImpossibleMessageRefused{.peer = request.leader_id, .law = law});
    const AppendEntriesResponse refusal{
        .number = request.number, .term = state_.current_term(), .success = false};
    outbox_.Send(OutgoingResponse{.to = sender, .response = refusal});
    return NextRole::kStay;
  }
  RecognizeLeader(request.leader_id);  // restarts the election timer (§5.2)
  if (request.majority_state) state_.LearnMajorityState(*request.majority_state);
  if (!LogMatches(request.previous)) {
    RespondMismatch(request, sender);  // step 2, with a hint to back up by a whole term (§5.3)
    return NextRole::kStay;
  }
  const LogIndex last_verified = StoreNewEntries(request);   // steps 3 and 4
  FollowLeaderCommit(request.leader_commit, last_verified);  // step 5
  RespondMatch(request, last_verified, sender);
  return NextRole::kStay;
}

NextRole Follower::OnAppendEntriesResponse(ServerId, const AppendEntriesResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

// InstallSnapshot RPC, receiver implementation (Figure 13), as far as it is a follower's; the rest
// is core/snapshot_install.h.
NextRole Follower::OnInstallSnapshotRequest(const InstallSnapshotRequest& request,
                                            ReturnAddress sender) {
  if (IsSecondLeader(request.leader_id)) {
    state_.Note(ImpossibleMessageRefused{.peer = request.leader_id,
                                         .law = "Election Safety: a second leader in one term"});
    const InstallSnapshotResponse refusal{
        .number = request.number, .term = state_.current_term(), .success = false};
    outbox_.Send(OutgoingResponse{.to = sender, .response = refusal});
    return NextRole::kStay;
  }
  RecognizeLeader(request.leader_id);
  state_.snapshot_install.OnOffer(request, sender, state_, outbox_);
  return NextRole::kStay;
}

NextRole Follower::OnInstallSnapshotResponse(ServerId, const InstallSnapshotResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

// TimeoutNow RPC (dissertation §3.10): campaign as if the election timeout had elapsed, and without
// asking first, for the others still hear their leader (trap E-3).
NextRole Follower::OnTimeoutNowRequest(const TimeoutNowRequest& request, ReturnAddress sender) {
  RespondHeard(request, sender);
  if (IsSecondLeader(request.leader_id)) {
    state_.Note(ImpossibleMessageRefused{.peer = request.leader_id,
                                         .law = "Election Safety: a second leader in one term"});
    return NextRole::kStay;
  }
  RecognizeLeader(request.leader_id);
  // Its log is about to be replaced, or it cannot be elected (trap E-1).
  if (state_.snapshot_install.is_running() || !state_.MayCampaign()) return NextRole::kStay;
  if (state_.IsQuarantined()) return NextRole::kStay;  // It could answer nobody.
  return NextRole::kTransferCandidate;
}

NextRole Follower::OnTimeoutNowResponse(ServerId, const TimeoutNowResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole Follower::OnPeerUnreachable(const PeerUnreachable&) {
  return NextRole::kStay;  // A follower waits for no answers.
}

NextRole Follower::OnCommandProposed(CommandProposed proposal) {
  Refuse(proposal.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Follower::OnReadRequested(const ReadRequested& read) {
  Refuse(read.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Follower::OnMembershipChangeRequested(MembershipChangeRequested request) {
  Refuse(request.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Follower::OnLeadershipTransferRequested(const LeadershipTransferRequested& request) {
  Refuse(request.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Follower::OnWritePersisted() {
  return NextRole::kStay;  // The outbox releases what waited; a follower counts nothing itself.
}

void Follower::FillStatus(RaftStatus& status) const {
  if (leader_) status.leader_contact_ticks = TicksSinceLeaderSpoke();
}

void Follower::RecognizeLeader(ServerId leader) {
  RAFT_CHECK(!leader_ || *leader_ == leader, "Election Safety: one leader per term");
  if (!leader_) state_.Note(LeaderRecognized{.leader = leader, .term = state_.current_term()});
  leader_ = leader;
  leader_spoke_at_ticks_ = state_.ticks;
  state_.election_timer.Restart();
}

bool Follower::IsSecondLeader(ServerId leader) const {
  return leader == state_.self || (leader_ && *leader_ != leader);
}

const char* Follower::BrokenLaw(const AppendEntriesRequest& request) const {
  if (IsSecondLeader(request.leader_id)) {
    return "Election Safety: a second leader in one term";
  }
  const LogIndex committed = state_.commit_index;
  const RaftLog& log = state_.log();
  if (request.previous.index >= log.base().index && request.previous.index <= committed &&
      !log.Contains(request.previous)) {
    return "Leader Completeness: the leader's log contradicts a committed entry";
  }
  for (const LogEntryPointer& entry : request.entries) {
    if (entry->index > committed) break;
    if (entry->index >= log.base().index && !log.Contains(entry->position())) {
      return "Leader Completeness: the leader would replace a committed entry";
    }
  }
  if (request.compared_index > request.leader_commit ||
      (request.majority_state && request.majority_state->index > request.leader_commit)) {
    return "only states that are committed are compared";
  }
  if (ContradictsInstall(request)) {
    return "Leader Completeness: the leader's log contradicts a snapshot";
  }
  if (LetsLogTimeFall(request)) return "log time never falls along the log";
  return nullptr;
}

// What a snapshot holds is committed, though commit_index learns of it only with the switch.
bool Follower::ContradictsInstall(const AppendEntriesRequest& request) const {
  const std::optional<LogPosition> end = state_.snapshot_install.end();
  if (!end) return false;
  const LogTimeMs end_time = state_.snapshot_install.end_log_time_ms();
  const RaftLog& log = state_.log();
  const bool confirms_another_history =
      request.previous.index >= end->index && log.Contains(request.previous) && !log.Contains(*end);
  return confirms_another_history ||
         std::any_of(request.entries.begin(), request.entries.end(),
                     [&end, end_time](const LogEntryPointer& entry) {
                       return entry->index == end->index &&
                              (entry->term != end->term || entry->log_time_ms != end_time);
                     });
}

// Within the message the border has checked it; only here is the entry before the first new one.
bool Follower::LetsLogTimeFall(const AppendEntriesRequest& request) const {
  const RaftLog& log = state_.log();
  if (!LogMatches(request.previous)) return false;  // Step 2 decides.
  for (const LogEntryPointer& entry : request.entries) {
    if (entry->index < log.base().index || log.Contains(entry->position())) continue;
    return entry->log_time_ms < log.LogTimeAt(entry->index - 1);
  }
  return false;
}

// Step 2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches
// prevLogTerm". What was trimmed is committed, so every leader's log agrees with it.
bool Follower::LogMatches(LogPosition previous) const {
  return previous.index < state_.log().base().index || state_.log().Contains(previous);
}

// Steps 3 and 4: remove what conflicts (same index, other term) and all that follows it, append
// what is not in the log yet. What is there already stays: a delayed request must not cut entries
// that a later one brought (trap B3). Returns the last entry this request has verified.
LogIndex Follower::StoreNewEntries(const AppendEntriesRequest& request) {
  const RaftLog& log = state_.log();
  for (const LogEntryPointer& entry : request.entries) {
    if (entry->index < log.base().index || log.Contains(entry->position())) continue;
    if (entry->index <= log.last_index()) {
      RAFT_CHECK(entry->index > state_.commit_index, "no committed entry is ever removed (N6)");
      state_.Note(
          EntriesTruncated{.first = entry->index, .count = log.last_index() - entry->index + 1});
      state_.persistent.TruncateFrom(entry->index);
    }
    state_.persistent.Append(entry);
  }
  return request.previous.index + request.entries.size();
}

// Step 5: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new
// entry)". The bound is what this request verified, never our own last entry (trap B4).
void Follower::FollowLeaderCommit(LogIndex leader_commit, LogIndex last_verified) {
  RAFT_CHECK(last_verified <= state_.log().last_index(), "what was verified is in the log");
  const LogIndex commit = std::min(leader_commit, last_verified);
  if (commit > state_.commit_index) state_.AdvanceCommitIndex(commit);
}

void Follower::RespondMatch(const AppendEntriesRequest& request, LogIndex last_verified,
                            ReturnAddress sender) {
  AppendEntriesResponse response{
      .number = request.number, .term = state_.current_term(), .success = true};
  if (request.is_heartbeat()) {
    // Claims only what is durable already, so it need not wait for the log.
    response.match_index = std::min(last_verified, state_.persistent.durability().durable_index());
    TellOfState(request, response);
    outbox_.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
  } else {
    response.match_index = last_verified;  // true once all that was written so far is durable
    outbox_.Send(OutgoingResponse{.to = sender, .response = response});
  }
}

// Beyond the paper (silent divergence): the digest that the leader asks for, if it is known here.
void Follower::TellOfState(const AppendEntriesRequest& request,
                           AppendEntriesResponse& response) const {
  const StateCheck* own = state_.state_checks.At(request.compared_index);
  if (own != nullptr) response.state_check = *own;
  response.needs_snapshot = state_.IsQuarantined() && !state_.snapshot_install.is_running();
}

void Follower::RespondMismatch(const AppendEntriesRequest& request, ReturnAddress sender) {
  const RaftLog& log = state_.log();
  ConflictHint hint;
  if (request.previous.index > log.last_index()) {
    hint.index = log.last_index().Next();
  } else {
    hint.term = log.TermAt(request.previous.index);
    RAFT_CHECK(hint.term && *hint.term != request.previous.term,
               "a mismatch inside the log is a conflict of terms");
    hint.index = log.FirstIndexOfTermAt(request.previous.index);
  }
  const AppendEntriesResponse response{.number = request.number,
                                       .term = state_.current_term(),
                                       .success = false,
                                       .match_index = LogIndex(0),
                                       .conflict = hint};
  outbox_.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
}

}  // namespace raft
