// The list of everything a role can be asked to answer. One file per role implements it.
//
// A handler changes the shared state, puts messages into the outbox and *returns* the role the
// server should play next; it never performs the transition, because the object it runs on would be
// gone. Every role answers every event, even with nothing and the reason why.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/inputs.h"
#include "core/messages.h"
#include "core/outbox.h"
#include "core/raft_status.h"
#include "core/server_state.h"

namespace raft {

enum class [[nodiscard]] NextRole : std::uint8_t{
    kStay,
    kFollower,
    kFollowerThenRedeliver,  // a candidate met this term's leader (§5.2): handle the message again
    kPreCandidate,
    kCandidate,
    kTransferCandidate,  // the leader asked it to campaign at once
    kLeader,
};

// Answers for clients that leave the core as soon as effects are taken.
struct ClientAnswers {
  std::vector<ProposalAppended> proposals_appended;
  std::vector<ReadReady> reads_ready;
  std::vector<Refusal> refusals;
  std::vector<TransferEnded> transfers_ended;
};

// What every role works with. All of it outlives every role; none of it leads to RaftServer.
struct RoleContext {
  ServerState& state;
  Outbox& outbox;
  ClientAnswers& answers;
};

class Role {
 public:
  explicit Role(RoleContext context)
      : state_(context.state), outbox_(context.outbox), answers_(context.answers) {}
  virtual ~Role() = default;
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;

  virtual RoleName name() const = 0;
  // This term's leader as this role knows it.
  virtual std::optional<ServerId> leader() const = 0;
  // Whether a working leader was heard so lately that `candidate` should not disturb it (§6,
  // dissertation §4.2.3).
  virtual bool IsLeaderNear(ServerId candidate) const = 0;

  virtual NextRole OnEnter() = 0;
  virtual void OnExit() = 0;
  virtual NextRole OnTick() = 0;
  virtual NextRole OnPreVoteRequest(const PreVoteRequest& request, ReturnAddress sender) = 0;
  virtual NextRole OnPreVoteResponse(ServerId from, const PreVoteResponse& response) = 0;
  virtual NextRole OnRequestVoteRequest(const RequestVoteRequest& request,
                                        ReturnAddress sender) = 0;
  virtual NextRole OnRequestVoteResponse(ServerId from, const RequestVoteResponse& response) = 0;
  virtual NextRole OnAppendEntriesRequest(const AppendEntriesRequest& request,
                                          ReturnAddress sender) = 0;
  virtual NextRole OnAppendEntriesResponse(ServerId from,
                                           const AppendEntriesResponse& response) = 0;
  virtual NextRole OnInstallSnapshotRequest(const InstallSnapshotRequest& request,
                                            ReturnAddress sender) = 0;
  virtual NextRole OnInstallSnapshotResponse(ServerId from,
                                             const InstallSnapshotResponse& response) = 0;
  virtual NextRole OnTimeoutNowRequest(const TimeoutNowRequest& request, ReturnAddress sender) = 0;
  virtual NextRole OnTimeoutNowResponse(ServerId from, const TimeoutNowResponse& response) = 0;
  virtual NextRole OnPeerUnreachable(const PeerUnreachable& unreachable) = 0;
  virtual NextRole OnCommandProposed(CommandProposed proposal) = 0;
  virtual NextRole OnReadRequested(const ReadRequested& read) = 0;
  virtual NextRole OnMembershipChangeRequested(MembershipChangeRequested request) = 0;
  virtual NextRole OnLeadershipTransferRequested(const LeadershipTransferRequested& request) = 0;
  virtual NextRole OnWritePersisted() = 0;
  // The turn ends: send what gathered in it.
  virtual void BeforeEffects() = 0;
  // Somebody still needs the log after each of these: a peer that a snapshot is on its way to, or
  // that follows. None: nobody needs more than the tail.
  virtual std::vector<LogIndex> LogNeededAfter() const { return {}; }
  // The log was cut at its beginning.
  virtual void OnLogTrimmed() {}
  // Servers that left the configuration and are still to hear of it.
  virtual std::vector<Member> DepartedPeers() const { return {}; }
  // Adds what only this role knows.
  virtual void FillStatus(RaftStatus& status) const = 0;

 protected:
  const RaftOptions& options() const { return state_.options; }
  // Refuses a client's call with the leader this role knows.
  void Refuse(Ticket ticket, RefusalReason reason,
              std::optional<ServerId> silent_peer = std::nullopt) {
    answers_.refusals.push_back({.ticket = ticket,
                                 .reason = reason,
                                 .leader_hint = leader(),
                                 .current_term = state_.current_term(),
                                 .silent_peer = silent_peer});
  }
  // A TimeoutNow was heard, whatever comes of it.
  void RespondHeard(const TimeoutNowRequest& request, ReturnAddress sender) {
    const TimeoutNowResponse response{.number = request.number, .term = state_.current_term()};
    outbox_.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
  }

  ServerState& state_;
  Outbox& outbox_;
  ClientAnswers& answers_;
};

}  // namespace raft
