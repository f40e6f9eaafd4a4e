// One server of a Raft cluster, whole: three verbs and nothing else.
//
// RaftServer owns the role object and is the only place that swaps it. It applies the "Rules for
// All Servers" of Figure 2 in front of the roles (the term gate), hands each input to the role's
// handler, and collects what the world must now do. Pure and deterministic: no thread, clock, file
// or socket; the same options, recovered state, seed and inputs give the same effects.
//
// Threads: none of its own, and no locks; one owner (the event loop) makes every call.
#pragma once

#include <cstdint>
#include <memory>

#include "core/cluster_configuration.h"
#include "core/compaction.h"
#include "core/effects.h"
#include "core/inputs.h"
#include "core/invariants.h"
#include "core/outbox.h"
#include "core/raft_options.h"
#include "core/raft_status.h"
#include "core/recovered_state.h"
#include "core/role.h"
#include "core/server_state.h"
#include "core/types.h"

namespace raft {

class RaftServer {
 public:
  // Starts as a follower with commit index = applied index; applies nothing that no leader has
  // confirmed (trap G2). `configuration` is the one in force at the applied position. Requires:
  // `self` is not zero, entries contiguous, applied within them.
  RaftServer(ServerId self, const ClusterConfiguration& configuration, const RaftOptions& options,
             std::uint64_t random_seed, const RecoveredState& recovered);
  RaftServer(const RaftServer&) = delete;
  RaftServer& operator=(const RaftServer&) = delete;

  // Tell the server one thing that happened.
  void Step(Input input);

  // Collect what the world must now do. Step many, take once: this is the batching, on disk and on
  // the wire.
  Effects TakeEffects();

  // Look, for metrics and tests.
  RaftStatus status() const;

 private:
  // One per input, in the order of core/inputs.h.
  void Handle(Tick);
  void Handle(RequestReceived received);
  void Handle(ResponseReceived received);
  void Handle(PeerUnreachable unreachable);
  void Handle(CommandProposed proposal);
  void Handle(ReadRequested read);
  void Handle(MembershipChangeRequested request);
  void Handle(LeadershipTransferRequested request);
  void Handle(WritePersisted persisted);
  void Handle(EntriesApplied applied);
  void Handle(StateDigested digested);
  void Handle(StateCheckpointed checkpointed);
  void Handle(SnapshotStored stored);
  void Handle(StateSwitched switched);
  void Handle(InstallCompleted);

  // Rules for All Servers, per message: the term gate, then the role.
  void Receive(const PreVoteRequest& request, ReturnAddress sender);
  void Receive(const RequestVoteRequest& request, ReturnAddress sender);
  void Receive(const AppendEntriesRequest& request, ReturnAddress sender);
  void Receive(const InstallSnapshotRequest& request, ReturnAddress sender);
  void Receive(const TimeoutNowRequest& request, ReturnAddress sender);
  void Receive(const PreVoteResponse& response, ServerId from);
  void Receive(const RequestVoteResponse& response, ServerId from);
  void Receive(const AppendEntriesResponse& response, ServerId from);
  void Receive(const InstallSnapshotResponse& response, ServerId from);
  void Receive(const TimeoutNowResponse& response, ServerId from);

  // Delivers a message that only a leader sends: to a candidate as the follower it becomes by it.
  template <typename Deliver>
  void DeliverFromLeader(Deliver deliver);
  // Answers a request of an older term with the present one (Figure 2, step 1 of both RPCs), and
  // one of an absurd term too.
  template <typename Request, typename Response>
  bool RefuseByTerm(const Request& request, ReturnAddress sender);
  // Whether no chain of elections can have led from this server's term to `term` (trap A20).
  bool IsAbsurd(Term term, ServerId peer);
  // "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to
  // follower" (§5.1).
  void AdoptTermIfNewer(Term term);
  // The one place where the role is swapped; no role method is on the stack.
  void ChangeRole(NextRole next);
  std::unique_ptr<Role> MakeRole(NextRole next);
  void NoteRoleChange(RoleName left);

  // "If commitIndex > lastApplied: apply log[lastApplied]": what is committed, and durable here.
  void HandOverCommittedEntries(Effects& effects);
  void HandOverSnapshotWork(Effects& effects);
  // Whom requests may go to, if that is another answer than the last time.
  void AnnounceConfiguration(Effects& effects);
  // A configuration without this server was committed, or one with it after all.
  void NoteRemoval();

  ServerState state_;
  Outbox outbox_;
  ClientAnswers answers_;
  std::unique_ptr<Role> role_;
  Compaction compaction_;
  Invariants invariants_;
  std::shared_ptr<const ClusterConfiguration> announced_;
  LogIndex announced_index_;
  std::vector<Member> announced_departed_;
  bool was_member_ = false;  // of the newest configuration known to be committed
};

}  // namespace raft
