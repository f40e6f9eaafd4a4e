// A candidate: raises the term, votes for itself and asks the others (§5.2).
//
// Figure 2, "Candidates". One election is one object: its tally dies with it, so a vote can never
// be counted in another term (trap A4). Knows of the log only its last position.
#pragma once

#include "core/role.h"
#include "core/vote_tally.h"

namespace raft {

class Candidate final : public Role {
 public:
  // `kind`: of its own accord (kVote), or because the leader asked it to (kTransfer).
  explicit Candidate(RoleContext context, BallotKind kind = BallotKind::kVote)
      : Role(context), kind_(kind), tally_(context.state.configuration()) {}

  RoleName name() const override { return RoleName::kCandidate; }
  std::optional<ServerId> leader() const override { return std::nullopt; }
  bool IsLeaderNear(ServerId) const override { return false; }  // its election timeout has elapsed

  NextRole OnEnter() override;
  void OnExit() override;
  NextRole OnTick() override;
  NextRole OnPreVoteRequest(const PreVoteRequest& request, ReturnAddress sender) override;
  NextRole OnPreVoteResponse(ServerId from, const PreVoteResponse& response) override;
  NextRole OnRequestVoteRequest(const RequestVoteRequest& request, ReturnAddress sender) override;
  NextRole OnRequestVoteResponse(ServerId from, const RequestVoteResponse& response) override;
  NextRole OnAppendEntriesRequest(const AppendEntriesRequest& request,
                                  ReturnAddress sender) override;
  NextRole OnAppendEntriesResponse(ServerId from, const AppendEntriesResponse& response) override;
  NextRole OnInstallSnapshotRequest(const InstallSnapshotRequest& request,
                                    ReturnAddress sender) override;
  NextRole OnInstallSnapshotResponse(ServerId from,
                                     const InstallSnapshotResponse& response) override;
  NextRole OnTimeoutNowRequest(const TimeoutNowRequest& request, ReturnAddress sender) override;
  NextRole OnTimeoutNowResponse(ServerId from, const TimeoutNowResponse& response) override;
  NextRole OnPeerUnreachable(const PeerUnreachable& unreachable) override;
  NextRole OnCommandProposed(CommandProposed proposal) override;
  NextRole OnReadRequested(const ReadRequested& read) override;
  NextRole OnMembershipChangeRequested(MembershipChangeRequested request) override;
  NextRole OnLeadershipTransferRequested(const LeadershipTransferRequested& request) override;
  NextRole OnWritePersisted() override;
  void BeforeEffects() override {}                // It spoke when it entered.
  void FillStatus(RaftStatus&) const override {}  // It knows nothing others do not.

 private:
  void AskForVotes();
  void EndBallot(BallotOutcome outcome);

  const BallotKind kind_;
  VoteTally tally_;
  PersistSequence own_vote_sequence_;  // the write that makes the own vote count
  Term election_term_;
  bool has_ended_ = false;
};

}  // namespace raft
