// A follower: answers this term's leader and candidates, and waits for neither for ever (§5.2).
//
// Figure 2, "Followers" and the receiver side of AppendEntries. Knows this term's leader and when
// it last spoke; nothing of votes it might collect or of other servers' progress.
#pragma once

#include "core/role.h"

namespace raft {

class Follower final : public Role {
 public:
  explicit Follower(RoleContext context) : Role(context) {}

  RoleName name() const override { return RoleName::kFollower; }
  std::optional<ServerId> leader() const override { return leader_; }
  bool IsLeaderNear(ServerId candidate) const override;

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
  void BeforeEffects() override {}  // A follower speaks when spoken to.
  void FillStatus(RaftStatus& status) const override;

 private:
  void RecognizeLeader(ServerId leader);
  bool IsSecondLeader(ServerId leader) const;
  // The law of Raft that an honest leader's request could not break; none if it breaks none.
  const char* BrokenLaw(const AppendEntriesRequest& request) const;
  // Whether the first entry that is new here is older, in log time, than the one before it.
  bool LetsLogTimeFall(const AppendEntriesRequest& request) const;
  // Whether the leader says that what a snapshot under way holds is something else.
  bool ContradictsInstall(const AppendEntriesRequest& request) const;
  bool LogMatches(LogPosition previous) const;
  LogIndex StoreNewEntries(const AppendEntriesRequest& request);
  void FollowLeaderCommit(LogIndex leader_commit, LogIndex last_verified);
  void RespondMatch(const AppendEntriesRequest& request, LogIndex last_verified,
                    ReturnAddress sender);
  void TellOfState(const AppendEntriesRequest& request, AppendEntriesResponse& response) const;
  void RespondMismatch(const AppendEntriesRequest& request, ReturnAddress sender);
  std::uint64_t TicksSinceLeaderSpoke() const { return state_.ticks - leader_spoke_at_ticks_; }

  std::optional<ServerId> leader_;
  std::uint64_t leader_spoke_at_ticks_ = 0;
};

}  // namespace raft
