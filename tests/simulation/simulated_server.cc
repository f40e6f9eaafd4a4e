#include "tests/simulation/simulated_server.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/check.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPartOfFirstServer = 1'000;
// A write of promise and log, and another that it waits for, take about so many steps.
constexpr std::uint32_t kStepsOfAimedCut = 4;
constexpr Moment kTurnDelayMax = 300;  // microseconds: what gathers meanwhile shares a turn
// Now and then the loop is late, and much shares a turn.
constexpr std::uint32_t kLatePerThousand = 30;
constexpr Moment kLateDelayMax = 10 * kMillisecond;

// Servers of one cluster need not trim alike: some never do, so that a new leader may still have
// what an old one had not.
RaftOptions OptionsOf(const FaultPlan& plan, Dice& dice) {
  RaftOptions options = plan.options;
  if (dice.Chance(300)) options.compaction_entries = options.compaction_bytes = 1ull << 40;
  return options;
}

}  // namespace

SimulatedServer::SimulatedServer(ServerId self, std::uint64_t seed,
                                 std::unique_ptr<Machine> machine, const Surroundings& surroundings)
    : self_(self),
      world_(surroundings),
      dice_(seed, kPartOfFirstServer + self.value()),
      options_(OptionsOf(surroundings.plan, dice_)),
      machine_(std::move(machine)),
      laws_(self, surroundings.plan.options, surroundings.story),
      disk_(surroundings.time, surroundings.plan, dice_, laws_),
      apply_(self, surroundings.time, dice_, surroundings.laws, surroundings.story),
      snapshots_(surroundings.time, dice_, surroundings.network, surroundings.story),
      turns_(surroundings.time) {}

// ---- Lives.

bool SimulatedServer::Start() {
  if (is_up()) return true;
  if (was_told_of_old_copy_) return false;  // as raftd, which would be told again
  absl::StatusOr<OpenedServer> opened = machine_->Start();
  if (!opened.ok()) {
    refusal_ = opened.status().ToString();
    world_.story.Count(Sometimes::kStartRefused);
    world_.story.Tell([&] { return NameOf(self_) + " does not start: " + refusal_; });
    EndOnMachine(machine_->has_lost_power());
    return false;
  }
  refusal_.clear();
  opened_ = *std::move(opened);
  ++life_;
  world_.story.Tell([&] { return NameOf(self_) + " starts with " + Tell(opened_.recovered); });
  if (std::exchange(begins_on_old_copy_, false)) {
    laws_.StartedFromOldCopy(opened_.recovered);
  } else {
    laws_.Started(opened_.recovered);
  }
  start_ = StartingPointOf(opened_.recovered);
  memory_.emplace();
  raft_ = std::make_unique<RaftServer>(self_, opened_.configuration, options_, dice_.Any64(),
                                       opened_.recovered);
  configuration_ = configuration_before_ = raft_->status().configuration;
  reachable_.clear();
  is_put_aside_ = told_distorted_digest_ = false;
  commit_observed_ = opened_.recovered.applied.index;
  disk_.Begin(
      *opened_.storage, [this](PersistSequence sequence) { Put(WritePersisted{sequence}); },
      [this] { FailedToWrite(); });
  BeginApplyLane();
  snapshots_.Begin(
      *opened_.installer, [this](SnapshotStored stored) { Put(stored); },
      [this](CallId call) { EndCall(call); }, [this] { FailedToWrite(); });
  ScheduleTick();
  return true;
}

void SimulatedServer::BeginApplyLane() {
  apply_.Begin(*opened_.state, options_.state_check_entries,
               {.answer = [this](Ticket ticket, ClientAnswer answer) { Answer(ticket, answer); },
                .key_of =
                    [this](Ticket ticket) {
                      const auto client = clients_.find(ticket);
                      return client == clients_.end() ? std::string() : client->second.request.key;
                    },
                .is_distorted = [this] { return machine_->is_state_distorted(); },
                .digested =
                    [this](StateCheck check) {
                      told_distorted_digest_ |= machine_->is_state_distorted();
                      Put(StateDigested{std::move(check)});
                    },
                .applied = [this](LogIndex index) { Put(EntriesApplied{index}); },
                .checkpointed =
                    [this](LogIndex through) {
                      laws_.StateIsDurable(through);
                      Put(StateCheckpointed{through});
                    },
                .switch_state = [this]() -> KeyValueStore* {
                  absl::StatusOr<std::unique_ptr<KeyValueStore>> state =
                      opened_.installer->Switch();
                  if (!state.ok()) return nullptr;
                  opened_.state = *std::move(state);
                  return opened_.state.get();
                },
                .switched =
                    [this](LogPosition to) {
                      laws_.StateIsDurable(to.index);
                      Put(StateSwitched{to});
                    },
                .completed = [this] { Put(InstallCompleted{}); },
                .failed = [this] { FailedToWrite(); }});
}

void SimulatedServer::EndLife(bool power_lost) {
  if (!is_up()) return;
  world_.story.Tell([&] { return NameOf(self_) + (power_lost ? " loses power" : " is killed"); });
  raft_.reset();
  turns_.EndLife();
  disk_.EndLife();
  apply_.EndLife();
  if (snapshots_.is_storing()) world_.story.Count(Sometimes::kCrashDuringInstall);
  snapshots_.EndLife();
  EndOnMachine(power_lost);
  opened_ = {};
  inbox_.clear();
  turn_due_ = tick_waits_ = false;
  requests_.clear();
  answered_.clear();
  clients_.clear();
  transfers_.clear();
  // Whoever waits for an answer is told that none will come.
  for (const auto& [call, open] : std::exchange(calls_, {})) {
    world_.network.Send(self_, open.caller, [this, open = open] {
      world_.peer(open.caller).NobodyAnswers(open.caller_life, open.number);
    });
  }
}

void SimulatedServer::EndOnMachine(bool power_lost) {
  if (power_lost) {
    machine_->PowerLost();
  } else {
    machine_->ProcessEnded();
  }
}

void SimulatedServer::Wipe() {
  Kill();
  machine_->Wipe();
  laws_.Wiped();
  told_distorted_digest_ = false;
  was_wiped_ = true;
}

void SimulatedServer::FailedToWrite() {
  const bool power_lost = machine_->has_lost_power();
  if (!power_lost) world_.story.Count(Sometimes::kDiskErrorEndedAProcess);
  EndLife(power_lost);
  world_.went_down(*this);
}

void SimulatedServer::Pause() {
  for (Lane* lane : {&turns_, &disk_.lane(), &apply_.lane(), &snapshots_.lane()}) lane->Hold();
}

void SimulatedServer::Resume() {
  for (Lane* lane : {&turns_, &disk_.lane(), &apply_.lane(), &snapshots_.lane()}) lane->Release();
}

void SimulatedServer::JumpClock(std::uint32_t ticks) {
  if (!is_up()) return;
  for (; ticks > 0; --ticks) Put(Tick{});
}

void SimulatedServer::CheckpointState() {
  if (!is_up()) return;
  if (!opened_.state->Checkpoint().ok()) return FailedToWrite();
  laws_.StateIsDurable(opened_.state->applied().index);
}

void SimulatedServer::ScheduleTick() {
  const Moment interval = world_.plan.options.tick_ms * kMillisecond * 1000 / clock_per_thousand_;
  turns_.After(interval, [this] {
    // As in raftd, at most one tick waits.
    if (!clock_frozen_ && !std::exchange(tick_waits_, true)) Put(Tick{});
    ScheduleTick();
  });
}

// ---- One turn.

void SimulatedServer::Put(Input input) {
  if (!is_up()) return;
  inbox_.push_back(std::move(input));
  if (std::exchange(turn_due_, true)) return;
  const Moment delay_max = dice_.Chance(kLatePerThousand) ? kLateDelayMax : kTurnDelayMax;
  turns_.After(dice_.MomentBetween(0, delay_max), [this] { Turn(); });
}

void SimulatedServer::Turn() {
  turn_due_ = false;
  GiveUpLateRequests();
  tick_waits_ = false;
  laws_.TurnBegins(static_cast<std::uint64_t>(
      std::count_if(inbox_.begin(), inbox_.end(),
                    [](const Input& input) { return std::holds_alternative<Tick>(input); })));
  for (Input& input : std::exchange(inbox_, {})) raft_->Step(std::move(input));
  CarryOut(raft_->TakeEffects());
}

void SimulatedServer::CarryOut(Effects effects) {
  if (effects.persist) {
    laws_.AskedToWrite(*effects.persist, commit_observed_);
    world_.laws.Wrote(*effects.persist, laws_.written());
    if (AimsPowerCutAt(*effects.persist)) machine_->CutPowerAfter(kStepsOfAimedCut);
    disk_.Push(std::move(*effects.persist));
  }
  const RaftStatus status = raft_->status();
  NoteConfiguration(effects, status);
  NoteEvents(effects.events);
  ObserveCommit(status);
  laws_.Shows(status);
  DemandQuarantine(effects, status);
  world_.laws.HandedToApply(effects.entries_to_apply);
  for (const ReadReady& ready : effects.reads_ready) DemandConfirmed(ready);
  for (OutgoingRequest& request : effects.requests) SendRequest(std::move(request));
  for (OutgoingResponse& response : effects.responses) SendResponse(std::move(response));
  AnswerRefusals(effects.refusals);
  for (const TransferEnded& ended : effects.transfers_ended) {
    const bool is_done = ended.outcome == TransferOutcome::kDone;
    world_.story.Count(is_done ? Sometimes::kTransferDone : Sometimes::kTransferFailed);
    if (transfers_.erase(ended.ticket) == 0) {
      throw LawBroken("a transfer ends once", NameOf(self_) + " ended one twice");
    }
  }
  ApplyWork work{.proposals_appended = std::move(effects.proposals_appended),
                 .entries = std::move(effects.entries_to_apply),
                 .reads_ready = std::move(effects.reads_ready),
                 .mark_diverged = effects.mark_state_diverged,
                 .checkpoint = effects.checkpoint_state,
                 .switch_to = effects.switch_state,
                 .complete = effects.complete_install};
  if (!work.empty()) apply_.Push(std::move(work));
  CarryOutSnapshotWork(effects);
}

// V2: nobody is answered from a state that was put aside, and nothing is applied to it.
void SimulatedServer::DemandQuarantine(const Effects& effects, const RaftStatus& status) {
  const bool was_put_aside = std::exchange(is_put_aside_, status.diverged_index.has_value());
  if (!is_put_aside_) return;
  if (!was_put_aside && status.role == RoleName::kLeader) {
    world_.story.Count(Sometimes::kLeaderPutItsStateAside);
  }
  // What this turn did before it found out is no fault.
  const bool sends = was_put_aside && !effects.snapshots_to_send.empty();
  if (sends || !effects.entries_to_apply.empty()) {
    throw LawBroken("V2 a state that was put aside is neither changed nor sent",
                    NameOf(self_) + " uses its own");
  }
  if (was_put_aside && !effects.reads_ready.empty()) {
    throw LawBroken("V2 nobody is answered from a state that was put aside",
                    NameOf(self_) + " answers a read");
  }
}

void SimulatedServer::NoteConfiguration(const Effects& effects, const RaftStatus& status) {
  configuration_before_ = configuration_;
  configuration_ = status.configuration;
  if (effects.configuration) {
    reachable_.clear();
    for (const Member& peer : effects.configuration->peers) {
      reachable_.emplace(peer.server_id, peer.incarnation);
    }
  }
  if (was_wiped_ && configuration_->IsVoterInLife(self_, machine_->incarnation())) {
    was_wiped_ = false;
    laws_.ForgetLostLife();
    world_.story.Count(Sometimes::kWipedServerIsAVoterAgain);
  }
  for (const ServerId peer : configuration_->PeersOf(self_)) {
    if (reachable_.contains(peer)) continue;
    throw LawBroken("W8 the transport knows every member",
                    NameOf(self_) + " was not told of " + NameOf(peer));
  }
}

void SimulatedServer::AnswerRefusals(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    if (refusal.reason == RefusalReason::kOverloaded) {
      world_.story.Count(Sometimes::kProposalOverloaded);
    }
    if (refusal.reason == RefusalReason::kLeadershipLost) {
      world_.story.Count(Sometimes::kReadRefusedAtStepDown);
    }
    if (refusal.reason > RefusalReason::kStateDiverged) {
      world_.story.Count(Sometimes::kChangeRefused);
    }
    if (transfers_.erase(refusal.ticket) > 0) continue;
    Answer(refusal.ticket,
           {.kind = ClientAnswer::Kind::kRefused, .leader_hint = refusal.leader_hint});
  }
}

// Writes that do several things at once are where a crash hurts most, and rare: aimed at.
bool SimulatedServer::AimsPowerCutAt(const PersistRequest& request) {
  std::uint32_t per_thousand = 0;
  if (request.promise) per_thousand = disk_.is_busy() ? 400 : 20;
  if (request.promise && !request.entries.empty()) per_thousand = 300;
  if (request.truncate_from) per_thousand = 800;
  if (request.rebase) per_thousand = request.rebase->keeps_suffix ? 100 : 500;
  const bool changes_members = std::any_of(
      request.entries.begin(), request.entries.end(),
      [](const LogEntryPointer& entry) { return entry->kind == EntryKind::kConfiguration; });
  if (changes_members) per_thousand = 300;
  if (!dice_.Chance(per_thousand) || !world_.network.is_storming()) return false;
  if (!world_.plan.Has(Fault::kPowerLostInDiskStep)) return false;
  world_.story.Count(Fault::kPowerLostInDiskStep);
  return true;
}

void SimulatedServer::NoteEvents(const std::vector<RaftEvent>& events) {
  for (const RaftEvent& event : events) {
    world_.story.Tell([&] { return NameOf(self_) + " " + Tell(event); });
    CountSometimes(event, world_.story);
    if (std::holds_alternative<TransferBegan>(event)) laws_.HandOverBegan();
    if (const auto* changed = std::get_if<RoleChanged>(&event)) {
      if (changed->role == RoleName::kLeader) {
        world_.laws.BecameLeader(
            self_, changed->term, laws_.written(),
            [this](const std::set<ServerId>& votes) { return IsMajorityHere(votes); });
      }
    }
    const auto* down = std::get_if<SteppedDown>(&event);
    if (down != nullptr && down->reason == StepDownReason::kRemoved) {
      const RaftStatus status = raft_->status();
      if (status.configuration_index > status.commit_index) {
        throw LawBroken("L7 a leader stays until the change that removes it is committed",
                        NameOf(self_) + " left before");
      }
    }
    if (std::holds_alternative<StateDiverged>(event) && !told_distorted_digest_ &&
        !machine_->is_state_distorted()) {
      throw LawBroken("V1 only an odd state is put aside", NameOf(self_) + " put its own aside");
    }
    if (std::holds_alternative<SnapshotInstalled>(event)) told_distorted_digest_ = false;
    if (const auto* refused = std::get_if<ImpossibleMessageRefused>(&event)) {
      throw LawBroken("an honest peer's message is never impossible",
                      NameOf(self_) + " refused " + NameOf(refused->peer) + ": " + refused->law);
    }
  }
}

void SimulatedServer::ObserveCommit(const RaftStatus& status) {
  world_.laws.Committed(
      commit_observed_, status.commit_index, status.current_term, laws_.written(),
      [this](const std::set<ServerId>& holders) { return IsMajorityHere(holders); });
  commit_observed_ = status.commit_index;
}

}  // namespace raft::simulation
