// A leader: takes commands, replicates its log, commits by counting, confirms reads (§5.3, §5.4.2).
//
// Figure 2, "Leaders". One leadership is one object: "reinitialized after election" is its
// constructor, and what was waiting dies with it. Knows each peer's progress; nothing of client
// connections or of what commands mean.
#pragma once

#include <map>

#include "core/peer_progress.h"
#include "core/read_queue.h"
#include "core/role.h"
#include "core/state_comparison.h"

namespace raft {

class Leader final : public Role {
 public:
  explicit Leader(RoleContext context) : Role(context) {}

  RoleName name() const override { return RoleName::kLeader; }
  std::optional<ServerId> leader() const override { return state_.self; }
  bool IsLeaderNear(ServerId) const override { return true; }  // it is here

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
  void BeforeEffects() override;
  void FillStatus(RaftStatus& status) const override;
  std::vector<LogIndex> LogNeededAfter() const override;
  void OnLogTrimmed() override;
  std::vector<Member> DepartedPeers() const override;

 private:
  // A peer that the configuration lists no more, until it knows that.
  struct Departed {
    Member member;
    // The change is committed; then it is left alone in any case.
    std::optional<std::uint64_t> until_ticks{};
    // It has the entry; requests from here on tell it that the change is committed.
    std::optional<RequestNumber> told_from{};
  };

  // Members and hand-over: leader_membership.cc.
  std::optional<Refusal> RefusalOfChange(const MembershipChangeRequested& request) const;
  RefusedChange CountReachable(const std::vector<Member>& members) const;
  bool IsChangeUnderWay() const;
  // Whether it answered within an election timeout.
  bool Answers(ServerId server) const;
  bool CanServe(ServerId server) const;
  bool KeepsUp(ServerId server) const;
  LogPosition AppendConfiguration(const ClusterConfiguration& next);
  // Makes sure that every member has its progress.
  void MeetPeers();
  void ContinueChange();
  // Whether this leader has no vote any more in what is committed.
  bool IsRemoved() const;
  void TellDeparted();
  void ForgetDeparted();
  void PromoteThoseThatKeepUp();
  bool IsFitToLead(ServerId server) const;
  // Whether any other voter could, also one that is to leave.
  bool CouldAnotherLead() const;
  std::optional<ServerId> BestSuccessor() const;
  void BeginTransfer(std::optional<Ticket> ticket, ServerId target);
  void AskTargetToCampaign();

  // Snapshots and the comparison of states: leader_states.cc.
  void SendSnapshotTo(ServerId to, PeerProgress& peer);
  void CompareStates();
  void NoteStateOf(ServerId from, PeerProgress& peer, const AppendEntriesResponse& response);
  bool IsOwnStateTheMajoritys() const;
  void Conclude(StateComparison::Finding finding);
  void HandOverIfQuarantined();

  LogPosition AppendEntry(EntryKind kind, std::string data);
  LogTimeMs LogTimeNow() const;

  void SendHeartbeats();
  void SendHeartbeat(ServerId to, PeerProgress& peer, bool for_reads);
  void ReplicateTo(ServerId to, PeerProgress& peer);
  // The age of the oldest entry that a peer lacks; 0: it lacks none.
  LogTimeMs LagMs(const PeerProgress& peer) const;
  // What a peer is known to have, as far as this log can tell: not behind its base.
  LogIndex MatchWithinLog(const PeerProgress& peer) const;
  void ConfirmLeadershipForReads();

  void RecordMatch(ServerId from, PeerProgress& peer, const AnsweredRequest& answered,
                   LogIndex match);
  void BackUp(ServerId from, PeerProgress& peer, const AnsweredRequest& answered,
              const ConflictHint& hint);
  void AdvanceCommitIndex();
  void ReleaseConfirmedReads();
  void RefuseWaitingReads(RefusalReason reason);

  bool HasCommittedInItsTerm() const { return state_.commit_index >= term_start_index_; }
  // How long ago a majority, this server included, had answered.
  std::uint64_t TicksSinceQuorumContact() const;
  // Whether the own disk has owed an answer for two election timeouts without giving any.
  bool HasDiskStalled() const;
  // The reason to refuse a new proposal now, if there is one.
  std::optional<RefusalReason> ReasonToRefuse(const CommandProposed& proposal) const;
  // The peer that has been silent longest, if it is silent beyond an election timeout.
  std::optional<ServerId> SilentPeer() const;

  std::map<ServerId, PeerProgress> peers_;  // the members, and those that departed
  std::map<ServerId, Departed> departed_;
  ReadQueue reads_;
  StateComparison comparison_;
  LogIndex term_start_index_;  // of the no-op that starts this term
  std::uint32_t heartbeat_ticks_left_ = 0;
  // What the oldest waiting read needed when time last passed; still waiting at the next tick, it
  // is not left to the peers that were asked.
  std::optional<RequestNumber> needed_at_last_tick_;
  bool reads_are_overdue_ = false;
  LogTimeMs log_time_at_start_ms_ = 0;
  std::uint64_t started_at_ticks_ = 0;
  std::uint64_t disk_idle_or_done_at_ticks_ = 0;  // it owed nothing, or had just finished a write
};

}  // namespace raft
