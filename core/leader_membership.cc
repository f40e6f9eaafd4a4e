// A leader changes the members (§6) and hands over (dissertation §3.10): the rest of core/leader.h.
//
// A change of voters goes through two entries: the joint configuration, then, once that is
// committed, the new one. Each is in force as soon as it is in the log. Servers that are to become
// voters are learners first, until they keep up, so that no majority ever waits for an empty log.
#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/leader.h"

namespace raft {
namespace {

// Who lacks more than this of what is committed, or lags for longer than an election timeout, does
// not keep up.
constexpr std::uint64_t kKeepsUpBytes = 1 << 20;

std::vector<ServerId> VotersIn(const std::vector<Member>& members) {
  std::vector<ServerId> voters;
  for (const Member& member : members) {
    if (member.role == MemberRole::kVoter) voters.push_back(member.server_id);
  }
  std::sort(voters.begin(), voters.end());
  return voters;
}

}  // namespace

NextRole Leader::OnMembershipChangeRequested(MembershipChangeRequested request) {
  if (std::optional<Refusal> refusal = RefusalOfChange(request)) {
    answers_.refusals.push_back(*refusal);
    return NextRole::kStay;
  }
  const ClusterConfiguration& now = state_.configuration();
  const bool changes_voters = VotersIn(request.members) != VotersIn(now.members());
  const LogPosition position =
      AppendConfiguration(changes_voters ? ClusterConfiguration(now, std::move(request.members))
                                         : ClusterConfiguration(std::move(request.members)));
  answers_.proposals_appended.push_back({.ticket = request.ticket, .position = position});
  return NextRole::kStay;
}

std::optional<Refusal> Leader::RefusalOfChange(const MembershipChangeRequested& request) const {
  Refusal refusal{.ticket = request.ticket,
                  .reason = RefusalReason::kTransferring,
                  .leader_hint = leader(),
                  .current_term = state_.current_term()};
  const auto because = [&refusal](RefusalReason reason) {
    refusal.reason = reason;
    return refusal;
  };
  if (state_.transfer.is_running() || IsRemoved()) return because(RefusalReason::kTransferring);
  // A change by a leader that has not committed in its term might not build on the one before it,
  // and two majorities might miss each other (trap D1).
  if (!HasCommittedInItsTerm()) return because(RefusalReason::kTermNotCommitted);
  if (IsChangeUnderWay()) return because(RefusalReason::kChangeUnderWay);
  const ClusterConfiguration& now = state_.configuration();
  if (request.expected_index && *request.expected_index != state_.configuration_index()) {
    return because(RefusalReason::kConfigurationMoved);
  }
  for (const Member& member : request.members) {
    const bool is_another_life =
        now.Find(member.server_id) != nullptr && !now.Lists(member.server_id, member.incarnation);
    // Of whom nothing is known yet may not take the place of whom something is (trap D10).
    if (is_another_life) return because(RefusalReason::kConfigurationMoved);
  }
  for (const ServerId voter : VotersIn(request.members)) {
    if (now.IsVoter(voter) || KeepsUp(voter)) continue;
    refusal.silent_peer = voter;
    return because(RefusalReason::kLearnerBehind);  // (trap D8)
  }
  const ClusterConfiguration wanted(request.members);
  for (const std::vector<Member>& members : {wanted.members(), wanted.MembersAfterJoining()}) {
    if (VotersIn(members) == VotersIn(now.members())) continue;
    const RefusedChange sum = CountReachable(members);
    if (sum.reachable >= sum.majority) continue;
    refusal.refused_change = sum;
    return because(RefusalReason::kNoMajorityReachable);  // (trap D20)
  }
  return std::nullopt;
}

// Whoever is new is taken for reachable: it is made a voter only once it keeps up.
RefusedChange Leader::CountReachable(const std::vector<Member>& members) const {
  RefusedChange sum;
  for (const ServerId voter : VotersIn(members)) {
    ++sum.voters;
    if (CanServe(voter) || !state_.configuration().IsVoter(voter)) ++sum.reachable;
  }
  sum.majority = sum.voters / 2 + 1;
  return sum;
}

bool Leader::IsChangeUnderWay() const {
  return state_.configuration().is_joint() || !state_.IsConfigurationCommitted();
}

bool Leader::Answers(ServerId server) const {
  if (server == state_.self) return true;
  const auto peer = peers_.find(server);
  if (peer == peers_.end()) return false;
  // A new leader gives everybody an election timeout; that is no answer.
  if (peer->second.highest_answered() == RequestNumber(0)) return false;
  return state_.ticks - peer->second.last_contact_ticks() <= options().election_timeout_ticks_min;
}

// One that waits for another state answers, but no client.
bool Leader::CanServe(ServerId server) const {
  if (server == state_.self) return !state_.IsQuarantined();
  return Answers(server) && !peers_.at(server).needs_snapshot();
}

// Judged by what the peer itself has confirmed of late, in bytes and by this leader's clock.
bool Leader::KeepsUp(ServerId server) const {
  const auto peer = peers_.find(server);
  if (peer == peers_.end() || !Answers(server)) return false;
  const PeerProgress& progress = peer->second;
  if (progress.state() != PeerState::kReplicate) return false;
  if (progress.match_index() < state_.log().base().index) return false;
  // Against what is committed: under load nobody ever has the last entry.
  const LogIndex committed = std::max(state_.commit_index, progress.match_index());
  const std::uint64_t behind = state_.log().BytesBetween(progress.match_index(), committed);
  const LogTimeMs patience = LogTimeMs{options().election_timeout_ticks_min} * options().tick_ms;
  return behind <= kKeepsUpBytes && LagMs(progress) <= patience;
}

LogPosition Leader::AppendConfiguration(const ClusterConfiguration& next) {
  const std::vector<Member> before = state_.configuration().AllMembers();
  const LogPosition position = AppendEntry(EntryKind::kConfiguration, next.Encode());
  RAFT_CHECK(state_.configuration_index() == position.index,
             "a configuration is in force as soon as it is in the log (§6)");
  for (const Member& member : before) {
    const bool departs = next.Find(member.server_id) == nullptr && member.server_id != state_.self;
    if (departs) departed_.emplace(member.server_id, Departed{.member = member});
  }
  MeetPeers();
  return position;
}

void Leader::MeetPeers() {
  for (const ServerId peer : state_.configuration().PeersOf(state_.self)) {
    // Whoever left and is back has a new life, of which nothing is known (trap D19).
    if (departed_.erase(peer) > 0) {
      peers_.erase(peer);
      comparison_.Forget(peer);
    }
    peers_.emplace(peer, PeerProgress(state_.log().last_index(), state_.ticks));
  }
}

// Something was committed. A joint configuration that is committed is left at once, by whoever
// leads: also by a leader that found it in its log (trap D4).
void Leader::ContinueChange() {
  if (!HasCommittedInItsTerm() || !state_.IsConfigurationCommitted()) return;
  if (state_.configuration().is_joint()) {
    AppendConfiguration(ClusterConfiguration(state_.configuration().members()));
    return;
  }
  TellDeparted();
  // "The leader steps down (returns to follower state) once it has committed the C_new log entry"
  // (§6); until then it leads a cluster that it does not count itself into (trap D6).
  if (IsRemoved() && !state_.transfer.is_running()) {
    if (const std::optional<ServerId> successor = BestSuccessor()) {
      BeginTransfer(std::nullopt, *successor);
    }
  }
}

bool Leader::IsRemoved() const {
  return HasCommittedInItsTerm() && !IsChangeUnderWay() &&
         !state_.configuration().IsVoter(state_.self);
}

// They hear that the configuration without them is committed, so that they know and keep quiet.
void Leader::TellDeparted() {
  bool is_news = false;
  for (auto& [id, departed] : departed_) {
    if (departed.until_ticks) continue;
    departed.until_ticks = state_.ticks + 2 * options().election_timeout_ticks_max;
    is_news = true;
  }
  if (is_news) SendHeartbeats();
}

// One that has the entry, and has answered what was sent after that was known, has heard that it is
// committed.
void Leader::ForgetDeparted() {
  for (auto departed = departed_.begin(); departed != departed_.end();) {
    auto& [id, farewell] = *departed;
    const PeerProgress& peer = peers_.at(id);
    const bool has_it = farewell.until_ticks && peer.match_index() >= state_.configuration_index();
    if (has_it && !farewell.told_from) farewell.told_from = state_.next_request_number();
    const bool knows = farewell.told_from && peer.highest_answered() >= *farewell.told_from;
    const bool is_late = farewell.until_ticks && state_.ticks >= *farewell.until_ticks;
    if (!knows && !is_late) {
      ++departed;
      continue;
    }
    peers_.erase(id);
    comparison_.Forget(id);
    departed = departed_.erase(departed);
  }
}

std::vector<Member> Leader::DepartedPeers() const {
  std::vector<Member> members;
  for (const auto& [id, departed] : departed_) members.push_back(departed.member);
  return members;
}

// Those that join become voters, and those that leave go, when all that join keep up.
void Leader::PromoteThoseThatKeepUp() {
  const ClusterConfiguration& now = state_.configuration();
  if (!now.HasJoining() || !HasCommittedInItsTerm() || IsChangeUnderWay()) return;
  if (state_.transfer.is_running()) return;
  for (const Member& member : now.members()) {
    if (member.role == MemberRole::kJoining && !KeepsUp(member.server_id)) return;
  }
  // Somebody may have gone silent since the change was asked for: then it waits (trap D20).
  const RefusedChange sum = CountReachable(now.MembersAfterJoining());
  if (sum.reachable < sum.majority) return;
  AppendConfiguration(ClusterConfiguration(now, now.MembersAfterJoining()));
}

NextRole Leader::OnLeadershipTransferRequested(const LeadershipTransferRequested& request) {
  const std::optional<ServerId> target = request.target ? request.target : BestSuccessor();
  const auto refuse = [&](RefusalReason reason) {
    Refuse(request.ticket, reason);
    return NextRole::kStay;
  };
  if (state_.transfer.is_running()) return refuse(RefusalReason::kTransferUnderWay);
  if (target == state_.self) return refuse(RefusalReason::kTransferToSelf);
  if (!target) return refuse(RefusalReason::kTargetUnreachable);
  if (!IsFitToLead(*target)) return refuse(RefusalReason::kTargetNotVoter);
  if (!CanServe(*target)) return refuse(RefusalReason::kTargetUnreachable);
  BeginTransfer(request.ticket, *target);
  return NextRole::kStay;
}

// A voter of the configuration that is to stay.
bool Leader::IsFitToLead(ServerId server) const {
  const std::vector<Member>& members = state_.configuration().members();
  return std::any_of(members.begin(), members.end(), [server](const Member& member) {
    return member.server_id == server && member.role == MemberRole::kVoter && !member.leaves;
  });
}

bool Leader::CouldAnotherLead() const {
  return std::any_of(peers_.begin(), peers_.end(), [this](const auto& peer) {
    return state_.configuration().IsVoter(peer.first) && CanServe(peer.first);
  });
}

// Whoever is furthest; but another one that keeps up, before whoever could not take over a moment
// ago.
std::optional<ServerId> Leader::BestSuccessor() const {
  const auto worth = [this](ServerId id) {
    const bool is_ready = !state_.transfer.WasInVain(id, state_.ticks) && KeepsUp(id);
    return std::pair(is_ready, peers_.at(id).match_index());
  };
  std::optional<ServerId> best;
  for (const auto& [id, peer] : peers_) {
    if (!IsFitToLead(id) || !CanServe(id)) continue;
    if (!best || worth(id) > worth(*best)) best = id;
  }
  return best;
}

void Leader::BeginTransfer(std::optional<Ticket> ticket, ServerId target) {
  state_.transfer.Begin(ticket, target, state_.current_term(),
                        state_.ticks + options().election_timeout_ticks_max);
  state_.Note(TransferBegan{.target = target});
}

// Once it has everything that this leader has, durably, the target may campaign (trap E-1). No
// proposal was taken meanwhile, so that it stays so (trap E-2).
void Leader::AskTargetToCampaign() {
  if (!state_.transfer.is_running() || state_.transfer.has_asked()) return;
  const ServerId target = *state_.transfer.target();
  const auto peer = peers_.find(target);
  if (peer == peers_.end() || peer->second.match_index() != state_.log().last_index()) return;
  if (peer->second.snapshot_in_flight()) return;  // it is busy with that, and would not listen
  if (peer->second.needs_snapshot()) {            // nor does one whose state is to be replaced
    return state_.transfer.GiveUp(state_.current_term(), answers_.transfers_ended);
  }
  const TimeoutNowRequest request{.number = state_.TakeRequestNumber(),
                                  .term = state_.current_term(),
                                  .leader_id = state_.self};
  state_.transfer.Asked(request.number);
  outbox_.SendOncePromiseIsDurable(OutgoingRequest{.to = target, .request = request});
}

NextRole Leader::OnTimeoutNowRequest(const TimeoutNowRequest& request, ReturnAddress sender) {
  // As with AppendEntries: this term's leader is here.
  state_.Note(ImpossibleMessageRefused{.peer = request.leader_id,
                                       .law = "Election Safety: a second leader in one term"});
  RespondHeard(request, sender);
  return NextRole::kStay;
}

NextRole Leader::OnTimeoutNowResponse(ServerId, const TimeoutNowResponse&) {
  return NextRole::kStay;  // It campaigns now; its term will tell.
}

}  // namespace raft
