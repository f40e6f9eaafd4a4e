#include "core/raft_server.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/candidate.h"
#include "core/check.h"
#include "core/follower.h"
#include "core/leader.h"
#include "core/pre_candidate.h"
#include "core/voting.h"

namespace raft {
namespace {

// Alone in its cluster a server goes follower, pre-candidate, candidate, leader; nothing goes
// further in one step.
constexpr int kRoleHopsMax = 4;

constexpr std::uint64_t kTermJumpMax = std::uint64_t{1} << 32;

}  // namespace

RaftServer::RaftServer(ServerId self, const ClusterConfiguration& configuration,
                       const RaftOptions& options, std::uint64_t random_seed,
                       const RecoveredState& recovered)
    : state_(self, configuration, options, random_seed, recovered), outbox_(state_.persistent) {
  role_ = MakeRole(NextRole::kFollower);
  const NextRole next = role_->OnEnter();
  RAFT_CHECK(next == NextRole::kStay, "a server starts as a follower (§5.2)");
  was_member_ = configuration.Lists(self, recovered.incarnation);
  invariants_.Check(state_, *role_);
}

void RaftServer::Step(Input input) {
  std::visit([this](auto&& happened) { Handle(std::move(happened)); }, std::move(input));
  state_.transfer.Look(role_->leader(), state_.current_term(), state_.ticks,
                       answers_.transfers_ended);
  NoteRemoval();
  invariants_.Check(state_, *role_);
}

Effects RaftServer::TakeEffects() {
  role_->BeforeEffects();
  compaction_.BeforeEffects(role_->LogNeededAfter(), state_);
  Effects effects;
  AnnounceConfiguration(effects);
  if (state_.persistent.has_unsaved_changes()) {
    effects.persist = state_.persistent.TakePersistRequest();
  }
  HandOverCommittedEntries(effects);
  HandOverSnapshotWork(effects);
  outbox_.ReleaseInto(effects);
  effects.proposals_appended = std::exchange(answers_.proposals_appended, {});
  effects.reads_ready = std::exchange(answers_.reads_ready, {});
  effects.refusals = std::exchange(answers_.refusals, {});
  effects.transfers_ended = std::exchange(answers_.transfers_ended, {});
  effects.events = std::exchange(state_.events, {});
  invariants_.Check(state_, *role_);
  return effects;
}

RaftStatus RaftServer::status() const {
  const RaftLog& log = state_.log();
  RaftStatus status{
      .server_id = state_.self,
      .role = role_->name(),
      .current_term = state_.current_term(),
      .voted_for = state_.persistent.voted_for(),
      .leader = role_->leader(),
      .first_log_index = log.first_index(),
      .last_log_index = log.last_index(),
      .durable_index = state_.persistent.durability().durable_index(),
      .commit_index = state_.commit_index,
      .applied_index = state_.last_applied,
      .checkpointed_index = std::max(compaction_.checkpointed_index(), log.base().index),
      .log_time_ms = log.last_log_time_ms(),
      .log_bytes = log.bytes(),
      .uncommitted_bytes = log.BytesBetween(state_.commit_index, log.last_index()),
      .reads_waiting = 0,
      .leader_contact_ticks = std::nullopt,
      .configuration = state_.persistent.configurations().newest().configuration,
      .configuration_index = state_.configuration_index(),
      .removed_at = state_.removed_at,
      .transfer_target = std::nullopt,
      .verified_index = state_.state_checks.verified_index(),
      .diverged_index = state_.state_checks.diverged_index(),
      .peers = {}};
  role_->FillStatus(status);
  return status;
}

void RaftServer::Handle(Tick) {
  ++state_.ticks;
  ChangeRole(role_->OnTick());
}

void RaftServer::Handle(RequestReceived received) {
  std::visit([&](const auto& request) { Receive(request, received.sender); }, received.request);
}

void RaftServer::Handle(ResponseReceived received) {
  std::visit([&](const auto& response) { Receive(response, received.from); }, received.response);
}

void RaftServer::Handle(PeerUnreachable unreachable) {
  ChangeRole(role_->OnPeerUnreachable(unreachable));
}

void RaftServer::Handle(CommandProposed proposal) {
  ChangeRole(role_->OnCommandProposed(std::move(proposal)));
}

void RaftServer::Handle(ReadRequested read) { ChangeRole(role_->OnReadRequested(read)); }

void RaftServer::Handle(MembershipChangeRequested request) {
  ChangeRole(role_->OnMembershipChangeRequested(std::move(request)));
}

void RaftServer::Handle(LeadershipTransferRequested request) {
  ChangeRole(role_->OnLeadershipTransferRequested(request));
}

void RaftServer::Handle(WritePersisted persisted) {
  state_.persistent.CompletePersist(persisted.sequence);
  state_.snapshot_install.OnWritePersisted(state_);
  ChangeRole(role_->OnWritePersisted());
}

void RaftServer::Handle(EntriesApplied applied) {
  RAFT_CHECK(applied.last_applied <= state_.handed_to_apply_index,
             "only what was handed over is applied");
  RAFT_CHECK(applied.last_applied >= state_.last_applied, "the apply lane is FIFO");
  state_.last_applied = applied.last_applied;
}

void RaftServer::Handle(StateDigested digested) { state_.RecordDigest(std::move(digested.check)); }

void RaftServer::Handle(StateCheckpointed checkpointed) {
  const LogIndex old_base = state_.log().base().index;
  compaction_.OnCheckpointed(checkpointed.through, role_->LogNeededAfter(), state_);
  if (state_.log().base().index > old_base) role_->OnLogTrimmed();
}

void RaftServer::Handle(SnapshotStored stored) {
  const bool leads = role_->name() == RoleName::kLeader;
  state_.snapshot_install.OnStored(stored, leads, state_, outbox_);
}

void RaftServer::Handle(StateSwitched switched) {
  state_.snapshot_install.OnSwitched(switched, state_);
  // A ballot among the members of before is none any more; this server may not even be one now.
  const bool campaigns =
      role_->name() == RoleName::kPreCandidate || role_->name() == RoleName::kCandidate;
  if (campaigns) ChangeRole(NextRole::kFollower);
}

void RaftServer::Handle(InstallCompleted) { state_.snapshot_install.OnCompleted(state_, outbox_); }

// A pre-vote asks about a term that does not exist yet, so it bypasses the gate: nobody adopts a
// term because somebody thinks of campaigning in it.
void RaftServer::Receive(const PreVoteRequest& request, ReturnAddress sender) {
  ChangeRole(role_->OnPreVoteRequest(request, sender));
}

void RaftServer::Receive(const RequestVoteRequest& request, ReturnAddress sender) {
  if (RefuseByTerm<RequestVoteRequest, RequestVoteResponse>(request, sender)) return;
  const bool disturbs = role_->IsLeaderNear(request.candidate_id) && !request.leadership_transfer;
  if (request.term > state_.current_term() && disturbs) {
    DisregardRequestVote(state_, outbox_, request, sender);  // §6, before the term is adopted
    return;
  }
  AdoptTermIfNewer(request.term);
  ChangeRole(role_->OnRequestVoteRequest(request, sender));
}

void RaftServer::Receive(const AppendEntriesRequest& request, ReturnAddress sender) {
  if (RefuseByTerm<AppendEntriesRequest, AppendEntriesResponse>(request, sender)) return;
  AdoptTermIfNewer(request.term);
  DeliverFromLeader([&] { return role_->OnAppendEntriesRequest(request, sender); });
}

void RaftServer::Receive(const InstallSnapshotRequest& request, ReturnAddress sender) {
  if (RefuseByTerm<InstallSnapshotRequest, InstallSnapshotResponse>(request, sender)) return;
  AdoptTermIfNewer(request.term);
  DeliverFromLeader([&] { return role_->OnInstallSnapshotRequest(request, sender); });
}

void RaftServer::Receive(const TimeoutNowRequest& request, ReturnAddress sender) {
  if (RefuseByTerm<TimeoutNowRequest, TimeoutNowResponse>(request, sender)) return;
  AdoptTermIfNewer(request.term);
  DeliverFromLeader([&] { return role_->OnTimeoutNowRequest(request, sender); });
}

template <typename Deliver>
void RaftServer::DeliverFromLeader(Deliver deliver) {
  NextRole next = deliver();
  if (next == NextRole::kFollowerThenRedeliver) {
    state_.Note(SteppedDown{.reason = StepDownReason::kLeaderFound, .term = state_.current_term()});
    ChangeRole(NextRole::kFollower);
    next = deliver();  // same message, new role, exactly once
    RAFT_CHECK(next != NextRole::kFollowerThenRedeliver, "a follower handles what it is given");
  }
  ChangeRole(next);
}

void RaftServer::Receive(const PreVoteResponse& response, ServerId from) {
  if (IsAbsurd(response.term, from)) return;
  // A grant echoes the asked-for term; only a denial tells of a term that exists.
  if (!response.vote_granted) AdoptTermIfNewer(response.term);
  ChangeRole(role_->OnPreVoteResponse(from, response));
}

void RaftServer::Receive(const RequestVoteResponse& response, ServerId from) {
  if (IsAbsurd(response.term, from)) return;
  AdoptTermIfNewer(response.term);
  if (response.term < state_.current_term()) return;  // about an election that is over
  ChangeRole(role_->OnRequestVoteResponse(from, response));
}

void RaftServer::Receive(const AppendEntriesResponse& response, ServerId from) {
  if (IsAbsurd(response.term, from)) return;
  AdoptTermIfNewer(response.term);
  if (response.term < state_.current_term()) return;  // about a leadership that is over
  ChangeRole(role_->OnAppendEntriesResponse(from, response));
}

void RaftServer::Receive(const InstallSnapshotResponse& response, ServerId from) {
  if (IsAbsurd(response.term, from)) return;
  AdoptTermIfNewer(response.term);
  if (response.term < state_.current_term()) return;  // about a leadership that is over
  ChangeRole(role_->OnInstallSnapshotResponse(from, response));
}

void RaftServer::Receive(const TimeoutNowResponse& response, ServerId from) {
  if (IsAbsurd(response.term, from)) return;
  AdoptTermIfNewer(response.term);
  if (response.term < state_.current_term()) return;  // about a leadership that is over
  ChangeRole(role_->OnTimeoutNowResponse(from, response));
}

template <typename Request, typename Response>
bool RaftServer::RefuseByTerm(const Request& request, ReturnAddress sender) {
  const bool is_stale = request.term < state_.current_term();
  if (!is_stale && !IsAbsurd(request.term, sender.peer)) return false;
  Response response;
  response.number = request.number;
  response.term = state_.current_term();  // neither granted nor successful
  outbox_.SendOncePromiseIsDurable(OutgoingResponse{.to = sender, .response = response});
  return true;
}

// Adopted, it would leave no room for the terms of later elections; at ten elections a second the
// jump takes more than ten years.
bool RaftServer::IsAbsurd(Term term, ServerId peer) {
  if (term.value() <= state_.current_term().value() + kTermJumpMax) return false;
  state_.Note(ImpossibleMessageRefused{.peer = peer, .law = "terms rise election by election"});
  return true;
}

void RaftServer::AdoptTermIfNewer(Term term) {
  if (term <= state_.current_term()) return;
  if (role_->name() != RoleName::kFollower) {
    state_.Note(SteppedDown{.reason = StepDownReason::kNewerTerm, .term = state_.current_term()});
  }
  // The old role leaves while its term still stands, so that what it refuses names that term.
  const RoleName left = role_->name();
  role_->OnExit();
  state_.persistent.AdoptTerm(term);
  state_.Note(TermAdopted{.term = term});
  role_ = MakeRole(NextRole::kFollower);
  const NextRole next = role_->OnEnter();
  RAFT_CHECK(next == NextRole::kStay, "a new follower waits");
  NoteRoleChange(left);
}

void RaftServer::ChangeRole(NextRole next) {
  for (int hops = 0; next != NextRole::kStay; ++hops) {
    RAFT_CHECK(hops < kRoleHopsMax, "a step changes roles a bounded number of times");
    const RoleName left = role_->name();
    role_->OnExit();
    role_ = MakeRole(next);
    next = role_->OnEnter();
    NoteRoleChange(left);
  }
}

std::unique_ptr<Role> RaftServer::MakeRole(NextRole next) {
  const RoleContext context{.state = state_, .outbox = outbox_, .answers = answers_};
  switch (next) {
    case NextRole::kFollower:
    case NextRole::kFollowerThenRedeliver:
      return std::make_unique<Follower>(context);
    case NextRole::kPreCandidate:
      return std::make_unique<PreCandidate>(context);
    case NextRole::kCandidate:
      return std::make_unique<Candidate>(context);
    case NextRole::kTransferCandidate:
      return std::make_unique<Candidate>(context, BallotKind::kTransfer);
    case NextRole::kLeader:
      return std::make_unique<Leader>(context);
    case NextRole::kStay:
      break;
  }
  CheckFailed(__FILE__, __LINE__, "next names a role", "a transition leads to a role");
}

// A new object of the same role (a new round of pre-votes, a follower of a newer term) is no change
// that anybody outside would call one.
void RaftServer::NoteRoleChange(RoleName left) {
  if (role_->name() == left) return;
  state_.Note(RoleChanged{.role = role_->name(), .term = state_.current_term()});
}

void RaftServer::AnnounceConfiguration(Effects& effects) {
  const ConfigurationHistory::Item& now = state_.persistent.configurations().newest();
  std::vector<Member> departed = role_->DepartedPeers();
  if (now.configuration == announced_ && departed == announced_departed_) return;
  const bool is_news =
      announced_ && (now.index != announced_index_ || *now.configuration != *announced_);
  if (is_news) {
    state_.Note(
        ConfigurationChanged{.index = now.index, .is_joint = now.configuration->is_joint()});
  }
  announced_ = now.configuration;
  announced_index_ = now.index;
  announced_departed_ = std::move(departed);
  std::vector<Member> peers = now.configuration->AllMembers();
  peers.insert(peers.end(), announced_departed_.begin(), announced_departed_.end());
  effects.configuration = ConfigurationInForce{
      .index = now.index, .configuration = now.configuration, .peers = std::move(peers)};
}

void RaftServer::NoteRemoval() {
  const bool is_member = state_.configuration().Lists(state_.self, state_.incarnation);
  const LogIndex index = state_.configuration_index();
  // Already while it is not committed: it may be committed by this server's vote alone.
  if (is_member && state_.removed_at && index > *state_.removed_at) state_.removed_at.reset();
  if (!state_.IsConfigurationCommitted()) return;
  if (was_member_ && !is_member && !state_.removed_at) {
    state_.removed_at = index;
    state_.Note(ToldRemoved{.configuration_index = index});
  }
  was_member_ = is_member;
}

void RaftServer::HandOverSnapshotWork(Effects& effects) {
  SnapshotWork work = std::exchange(state_.snapshot_work, {});
  effects.snapshots_to_send = std::move(work.to_send);
  effects.snapshots_to_store = std::move(work.to_store);
  effects.discard_snapshot = work.discard;
  effects.mark_state_diverged = work.mark_diverged;
  effects.abandon_snapshots = work.mark_diverged;
  effects.checkpoint_state = work.checkpoint;
  effects.switch_state = work.switch_to;
  effects.complete_install = work.complete;
}

void RaftServer::HandOverCommittedEntries(Effects& effects) {
  if (state_.snapshot_install.is_running()) return;  // the state is about to jump over them
  if (state_.IsQuarantined()) return;                // what comes of them would be wrong
  const LogIndex last =
      std::min(state_.commit_index, state_.persistent.durability().durable_index());
  for (LogIndex index = state_.handed_to_apply_index.Next(); index <= last; index = index.Next()) {
    effects.entries_to_apply.push_back(state_.log().At(index));
  }
  state_.handed_to_apply_index = std::max(state_.handed_to_apply_index, last);
}

}  // namespace raft
