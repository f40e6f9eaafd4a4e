#include "core/voting.h"

namespace raft {
namespace {

// Receiver implementation, step 2: "if votedFor is null or candidateId, and candidate's log is at
// least as up-to-date as receiver's log, grant vote".
VoteDecision DecideVote(const ServerState& state, const RequestVoteRequest& request) {
  const std::optional<ServerId> voted_for = state.persistent.voted_for();
  if (voted_for && *voted_for != request.candidate_id) return VoteDecision::kDeniedVotedOther;
  if (!state.log().IsOtherAtLeastAsUpToDate(request.last_log)) {
    return VoteDecision::kDeniedLogBehind;
  }
  return VoteDecision::kGranted;
}

// Would the vote be given if the candidate asked for it in `request.term`? Nobody voted in a term
// that does not exist yet, so only the term, the log and a near leader speak against it.
VoteDecision DecidePreVote(const ServerState& state, const PreVoteRequest& request,
                           bool leader_is_near) {
  if (request.term <= state.current_term()) return VoteDecision::kDeniedStaleTerm;
  if (leader_is_near) return VoteDecision::kDisregarded;
  if (!state.log().IsOtherAtLeastAsUpToDate(request.last_log)) {
    return VoteDecision::kDeniedLogBehind;
  }
  return VoteDecision::kGranted;
}

// The newest committed configuration, if it does not list the candidate: no leader will ever need
// its vote in it. Whether its log lacks the entry or it only does not know that it is committed, it
// has to hear of it. It may have been added again since; then its log or a leader tells it (D9).
// Later changes need not be committed here: this server may have been removed since, and be the
// only one that the candidate knows.
LogIndex RemovedAt(const ServerState& state, const PreVoteRequest& request) {
  const auto& committed = state.persistent.configurations().At(state.commit_index);
  const bool is_listed = committed.configuration->Find(request.candidate_id) != nullptr ||
                         state.configuration().Find(request.candidate_id) != nullptr;
  return is_listed ? LogIndex(0) : committed.index;
}

void NoteDecision(ServerState& state, BallotKind kind, ServerId candidate, VoteDecision decision,
                  Term term) {
  state.Note(VoteDecided{.kind = kind, .candidate = candidate, .decision = decision, .term = term});
}

}  // namespace

bool AnswerRequestVote(ServerState& state, Outbox& outbox, const RequestVoteRequest& request,
                       ReturnAddress sender) {
  RAFT_CHECK(request.term == state.current_term(), "the term gate ran in front of the role");
  const VoteDecision decision = DecideVote(state, request);
  const bool granted = decision == VoteDecision::kGranted;
  if (granted) state.persistent.GrantVote(request.candidate_id);
  NoteDecision(state, BallotKind::kVote, request.candidate_id, decision, request.term);
  const RequestVoteResponse response{
      .number = request.number, .term = state.current_term(), .vote_granted = granted};
  outbox.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
  return granted;
}

void DisregardRequestVote(ServerState& state, Outbox& outbox, const RequestVoteRequest& request,
                          ReturnAddress sender) {
  RAFT_CHECK(request.term > state.current_term(), "only a newer term can disturb a leader");
  NoteDecision(state, BallotKind::kVote, request.candidate_id, VoteDecision::kDisregarded,
               request.term);
  const RequestVoteResponse response{
      .number = request.number, .term = state.current_term(), .vote_granted = false};
  outbox.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
}

void AnswerPreVote(ServerState& state, Outbox& outbox, const PreVoteRequest& request,
                   ReturnAddress sender, bool leader_is_near) {
  const VoteDecision decision = DecidePreVote(state, request, leader_is_near);
  const bool granted = decision == VoteDecision::kGranted;
  NoteDecision(state, BallotKind::kPreVote, request.candidate_id, decision, request.term);
  // A denial carries our own term, so that a server left behind learns of it; a grant carries the
  // asked-for one, so that it is not taken for a denial by an older term (trap A9).
  const PreVoteResponse response{.number = request.number,
                                 .term = granted ? request.term : state.current_term(),
                                 .vote_granted = granted,
                                 .removed_at = granted ? LogIndex(0) : RemovedAt(state, request)};
  outbox.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
}

}  // namespace raft
