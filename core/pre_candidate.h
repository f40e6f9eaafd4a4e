// A pre-candidate: asks whether an election could be won before it disturbs anybody with one
// (dissertation §9.6).
//
// Raises no term and casts no vote. One round is one object; a new round is a new one, so nothing
// leaks from a ballot to the next.
#pragma once

#include "core/role.h"
#include "core/vote_tally.h"

namespace raft {

class PreCandidate final : public Role {
 public:
  explicit PreCandidate(RoleContext context)
      : Role(context), tally_(context.state.configuration()) {}

  RoleName name() const override { return RoleName::kPreCandidate; }
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
  void AskForPreVotes();
  void EndBallot(BallotOutcome outcome);

  VoteTally tally_;
  RequestNumber first_number_;  // of this round; answers to earlier rounds do not count (trap A4)
  bool has_ended_ = false;
};

}  // namespace raft
