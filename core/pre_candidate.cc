#include "core/pre_candidate.h"

#include "core/check.h"
#include "core/voting.h"

namespace raft {

NextRole PreCandidate::OnEnter() {
  RAFT_CHECK(state_.MayCampaign(), "only a voter campaigns");
  state_.election_timer.Restart();
  first_number_ = state_.next_request_number();
  tally_.Grant(state_.self);
  AskForPreVotes();
  // Alone in its cluster it has its majority already.
  return tally_.HasMajority() ? NextRole::kCandidate : NextRole::kStay;
}

void PreCandidate::OnExit() {
  if (tally_.HasMajority()) EndBallot(BallotOutcome::kWon);
  EndBallot(BallotOutcome::kLost);
}

NextRole PreCandidate::OnTick() {
  if (!state_.election_timer.TickAndCheckExpired()) return NextRole::kStay;
  EndBallot(BallotOutcome::kTimeout);
  return NextRole::kPreCandidate;  // Ask again; the term stays (trap A15).
}

NextRole PreCandidate::OnPreVoteRequest(const PreVoteRequest& request, ReturnAddress sender) {
  // Two that ask at once may both be told yes: a pre-vote binds nobody.
  AnswerPreVote(state_, outbox_, request, sender, IsLeaderNear(request.candidate_id));
  return NextRole::kStay;
}

NextRole PreCandidate::OnPreVoteResponse(ServerId from, const PreVoteResponse& response) {
  const bool is_told = response.removed_at != LogIndex(0);
  if (is_told && response.removed_at >= state_.configuration_index()) {
    state_.removed_at = response.removed_at;
    state_.Note(ToldRemoved{.configuration_index = response.removed_at});
    return NextRole::kFollower;  // Nobody needs an election by a server that is no member (D9).
  }
  if (response.number < first_number_ || !response.vote_granted) return NextRole::kStay;
  if (response.term != state_.current_term().Next()) return NextRole::kStay;
  tally_.Grant(from);
  return tally_.HasMajority() ? NextRole::kCandidate : NextRole::kStay;
}

NextRole PreCandidate::OnRequestVoteRequest(const RequestVoteRequest& request,
                                            ReturnAddress sender) {
  if (!AnswerRequestVote(state_, outbox_, request, sender)) return NextRole::kStay;
  // It voted for somebody who is further: wait for that election like any follower.
  state_.election_timer.Restart();
  return NextRole::kFollower;
}

NextRole PreCandidate::OnRequestVoteResponse(ServerId, const RequestVoteResponse&) {
  return NextRole::kStay;  // That election ended without a majority.
}

NextRole PreCandidate::OnAppendEntriesRequest(const AppendEntriesRequest&, ReturnAddress) {
  return NextRole::kFollowerThenRedeliver;  // This term has a leader after all.
}

NextRole PreCandidate::OnAppendEntriesResponse(ServerId, const AppendEntriesResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole PreCandidate::OnInstallSnapshotRequest(const InstallSnapshotRequest&, ReturnAddress) {
  return NextRole::kFollowerThenRedeliver;  // There is a leader, as with AppendEntries.
}

NextRole PreCandidate::OnInstallSnapshotResponse(ServerId, const InstallSnapshotResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole PreCandidate::OnTimeoutNowRequest(const TimeoutNowRequest&, ReturnAddress) {
  return NextRole::kFollowerThenRedeliver;  // There is a leader, as with AppendEntries.
}

NextRole PreCandidate::OnTimeoutNowResponse(ServerId, const TimeoutNowResponse&) {
  return NextRole::kStay;  // It belongs to a leadership of ours that is over.
}

NextRole PreCandidate::OnPeerUnreachable(const PeerUnreachable&) {
  return NextRole::kStay;  // No answer is not an answer; the timer decides.
}

NextRole PreCandidate::OnCommandProposed(CommandProposed proposal) {
  Refuse(proposal.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole PreCandidate::OnReadRequested(const ReadRequested& read) {
  Refuse(read.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole PreCandidate::OnMembershipChangeRequested(MembershipChangeRequested request) {
  Refuse(request.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole PreCandidate::OnLeadershipTransferRequested(const LeadershipTransferRequested& request) {
  Refuse(request.ticket, RefusalReason::kNotLeader);
  return NextRole::kStay;
}

NextRole PreCandidate::OnWritePersisted() {
  return NextRole::kStay;  // A pre-vote promises nothing that needs a disk.
}

void PreCandidate::AskForPreVotes() {
  for (const ServerId peer : state_.configuration().voters()) {
    if (peer == state_.self) continue;
    const PreVoteRequest request{.number = state_.TakeRequestNumber(),
                                 .term = state_.current_term().Next(),
                                 .candidate_id = state_.self,
                                 .last_log = state_.log().last_position()};
    outbox_.SendOncePromiseIsDurable(OutgoingRequest{.to = peer, .request = request});
  }
}

void PreCandidate::EndBallot(BallotOutcome outcome) {
  if (has_ended_) return;
  has_ended_ = true;
  state_.Note(BallotEnded{
      .kind = BallotKind::kPreVote, .outcome = outcome, .term = state_.current_term().Next()});
}

}  // namespace raft
