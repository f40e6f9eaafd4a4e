#include "core/candidate.h"

#include "core/check.h"
#include "core/voting.h"

namespace raft {

// Figure 2, Candidates: "On conversion to candidate, start election: increment currentTerm, vote
// for self, reset election timer, send RequestVote RPCs to all other servers".
NextRole Candidate::OnEnter() {
  RAFT_CHECK(state_.MayCampaign(), "only a voter campaigns");
  election_term_ = state_.current_term().Next();
  state_.persistent.AdoptTerm(election_term_);
  state_.Note(TermAdopted{.term = election_term_});
  state_.persistent.GrantVote(state_.self);
  own_vote_sequence_ = state_.persistent.durability().last_sequence().Next();
  state_.election_timer.Restart();
  AskForVotes();
  return NextRole::kStay;  // The own vote counts in OnWritePersisted, once the disk has it.
}

void Candidate::OnExit() {
  if (tally_.HasMajority()) EndBallot(BallotOutcome::kWon);
  EndBallot(BallotOutcome::kLost);
}

// "If election timeout elapses: start new election", which begins by asking whether it could be
// won: a candidate that cannot win does not keep raising terms (trap A16).
NextRole Candidate::OnTick() {
  if (!state_.election_timer.TickAndCheckExpired()) return NextRole::kStay;
  EndBallot(BallotOutcome::kTimeout);
  return NextRole::kPreCandidate;
}

NextRole Candidate::OnPreVoteRequest(const PreVoteRequest& request, ReturnAddress sender) {
  AnswerPreVote(state_, outbox_, request, sender, IsLeaderNear(request.candidate_id));
  return NextRole::kStay;
}

NextRole Candidate::OnPreVoteResponse(ServerId, const PreVoteResponse&) {
  return NextRole::kStay;  // That round was won already.
}

NextRole Candidate::OnRequestVoteRequest(const RequestVoteRequest& request, ReturnAddress sender) {
  const bool granted = AnswerRequestVote(state_, outbox_, request, sender);
  RAFT_CHECK(!granted || request.candidate_id == state_.self,
             "Election Safety: a candidate's vote is its own");
  return NextRole::kStay;
}

// "If votes received from majority of servers: become leader".
NextRole Candidate::OnRequestVoteResponse(ServerId from, const RequestVoteResponse& response) {
  RAFT_CHECK(response.term == election_term_, "the term gate ran in front of the role");
  if (!response.vote_granted) return NextRole::kStay;
  tally_.Grant(from);
  return tally_.HasMajority() ? NextRole::kLeader : NextRole::kStay;
}

// "If AppendEntries RPC received from new leader: convert to follower".
NextRole Candidate::OnAppendEntriesRequest(const AppendEntriesRequest&, ReturnAddress) {
  return NextRole::kFollowerThenRedeliver;
}

NextRole Candidate::OnAppendEntriesResponse(ServerId, const AppendEntriesResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole Candidate::OnInstallSnapshotRequest(const InstallSnapshotRequest&, ReturnAddress) {
  return NextRole::kFollowerThenRedeliver;  // This term has a leader, as with AppendEntries.
}

NextRole Candidate::OnInstallSnapshotResponse(ServerId, const InstallSnapshotResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole Candidate::OnTimeoutNowRequest(const TimeoutNowRequest&, ReturnAddress) {
  return NextRole::kFollowerThenRedeliver;  // This term has a leader, as with AppendEntries.
}

NextRole Candidate::OnTimeoutNowResponse(ServerId, const TimeoutNowResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole Candidate::OnPeerUnreachable(const PeerUnreachable&) {
  return NextRole::kStay;  // No answer is not an answer; the timer decides.
}

NextRole Candidate::OnCommandProposed(CommandProposed proposal) {
  Refuse(proposal.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Candidate::OnReadRequested(const ReadRequested& read) {
  Refuse(read.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Candidate::OnMembershipChangeRequested(MembershipChangeRequested request) {
  Refuse(request.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Candidate::OnLeadershipTransferRequested(const LeadershipTransferRequested& request) {
  Refuse(request.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole Candidate::OnWritePersisted() {
  if (state_.persistent.durability().durable_sequence() < own_vote_sequence_) {
    return NextRole::kStay;  // An older write; the own vote is still under way (trap A24).
  }
  RAFT_CHECK(state_.persistent.voted_for() == state_.self, "a candidate voted for itself");
  tally_.Grant(state_.self);
  return tally_.HasMajority() ? NextRole::kLeader : NextRole::kStay;
}

void Candidate::AskForVotes() {
  for (const ServerId peer : state_.configuration().voters()) {
    if (peer == state_.self) continue;
    const RequestVoteRequest request{.number = state_.TakeRequestNumber(),
                                     .term = election_term_,
                                     .candidate_id = state_.self,
                                     .last_log = state_.log().last_position(),
                                     .leadership_transfer = kind_ == BallotKind::kTransfer};
    outbox_.SendOncePromiseIsDurable(OutgoingRequest{.to = peer, .request = request});
  }
}

void Candidate::EndBallot(BallotOutcome outcome) {
  if (has_ended_) return;
  has_ended_ = true;
  state_.Note(BallotEnded{.kind = kind_, .outcome = outcome, .term = election_term_});
}

}  // namespace raft
