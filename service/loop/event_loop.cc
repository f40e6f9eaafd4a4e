#include "service/loop/event_loop.h"

#include <optional>
#include <variant>

#include "service/loop/thread_name.h"

namespace raft {
namespace {

// Deadlines of calls are looked at this often, and this many are given up at once, so that a flood
// of late clients cannot hold up a turn.
constexpr std::chrono::milliseconds kOverdueInterval{100};
constexpr std::size_t kOverdueCallsMax = 4096;

// Whether an event changes what answers to clients say about this server or its cluster.
bool ChangesStanding(const RaftEvent& event) {
  return std::holds_alternative<TermAdopted>(event) || std::holds_alternative<RoleChanged>(event) ||
         std::holds_alternative<LeaderRecognized>(event) ||
         std::holds_alternative<LeaderLost>(event) || std::holds_alternative<SteppedDown>(event) ||
         std::holds_alternative<ConfigurationChanged>(event) ||
         std::holds_alternative<ToldRemoved>(event) ||
         std::holds_alternative<StateDiverged>(event) ||
         std::holds_alternative<SnapshotInstalled>(event);
}

// Whom a client's input is for; none: it is no client's, or nobody waits for its outcome.
std::optional<Ticket> TicketOf(const Input& input) {
  std::optional<Ticket> ticket;
  if (const auto* proposed = std::get_if<CommandProposed>(&input)) {
    ticket = proposed->ticket;
  } else if (const auto* requested = std::get_if<ReadRequested>(&input)) {
    ticket = requested->ticket;
  } else if (const auto* change = std::get_if<MembershipChangeRequested>(&input)) {
    ticket = change->ticket;
  } else if (const auto* transfer = std::get_if<LeadershipTransferRequested>(&input)) {
    ticket = transfer->ticket;
  }
  return ticket == Ticket() ? std::nullopt : ticket;
}

}  // namespace

void EventLoop::Start() {
  parts_.board.Publish(parts_.raft.status());
  thread_ = std::thread([this] { Run(); });
}

void EventLoop::Stop() {
  parts_.inbox.Close();
  if (thread_.joinable()) thread_.join();
}

void EventLoop::Run() {
  SetThreadName("raft-loop");
  std::vector<Input> turn;
  while (parts_.inbox.WaitAndTake(turn)) {
    turn_began_ = std::chrono::steady_clock::now();
    StepAll(turn);
    CarryOut(parts_.raft.TakeEffects());
    parts_.observer.OnLoopTurn(std::chrono::steady_clock::now() - turn_began_);
  }
}

void EventLoop::StepAll(std::vector<Input>& turn) {
  for (Input& input : turn) {
    if (std::holds_alternative<Tick>(input)) status_due_ = true;
    if (WorthStepping(input)) parts_.raft.Step(std::move(input));
  }
}

bool EventLoop::WorthStepping(const Input& input) const {
  const std::optional<Ticket> ticket = TicketOf(input);
  return !ticket || parts_.calls.MayStart(*ticket, turn_began_);
}

void EventLoop::CarryOut(Effects effects) {
  // The disk first: it takes longest. Everything after it runs while the disk works.
  if (effects.persist) parts_.disk.Push(std::move(*effects.persist));
  parts_.peers.BeginTurn();
  if (effects.configuration) parts_.peers.Reconfigure(*effects.configuration);
  for (OutgoingRequest& request : effects.requests) parts_.peers.SendRequest(std::move(request));
  for (OutgoingResponse& response : effects.responses) {
    parts_.peers.SendResponse(std::move(response));
  }
  CarryOutTransfers(effects);
  parts_.calls.RecordAppended(effects.proposals_appended);
  // Before clients hear anything, so that their answers show the standing that caused them.
  NoteEvents(effects);
  ApplyWork work{.proposals_appended = std::move(effects.proposals_appended),
                 .entries = std::move(effects.entries_to_apply),
                 .reads_ready = std::move(effects.reads_ready),
                 .refusals = std::move(effects.refusals),
                 .transfers_ended = std::move(effects.transfers_ended),
                 .overdue = OverdueCalls(),
                 .tasks = {},
                 .state_change = {.mark_diverged = effects.mark_state_diverged,
                                  .checkpoint = effects.checkpoint_state,
                                  .switch_to = effects.switch_state,
                                  .complete_install = effects.complete_install}};
  if (!work.empty()) parts_.apply.Push(std::move(work));
}

void EventLoop::CarryOutTransfers(const Effects& effects) {
  if (effects.abandon_snapshots) parts_.peers.AbandonSnapshots();
  // First away with what is not needed: a snapshot that is to be stored takes its place.
  if (effects.discard_snapshot) parts_.peers.DiscardSnapshot();
  for (const SnapshotToStore& snapshot : effects.snapshots_to_store) {
    parts_.peers.StoreSnapshot(snapshot);
  }
  for (const SnapshotToSend& snapshot : effects.snapshots_to_send) {
    parts_.peers.SendSnapshot(snapshot);
  }
}

void EventLoop::NoteEvents(const Effects& effects) {
  for (const ProposalAppended& proposal : effects.proposals_appended) {
    uncommitted_.emplace_back(proposal.position.index, turn_began_);
  }
  for (const RaftEvent& event : effects.events) {
    parts_.observer.OnEvent(event);
    if (ChangesStanding(event)) status_due_ = true;
    if (std::holds_alternative<SteppedDown>(event)) uncommitted_.clear();
    if (const auto* advanced = std::get_if<CommitAdvanced>(&event)) {
      MeasureCommits(advanced->commit_index);
    }
  }
  if (status_due_) parts_.board.Publish(parts_.raft.status());
  status_due_ = false;
}

void EventLoop::MeasureCommits(LogIndex commit_index) {
  while (!uncommitted_.empty() && uncommitted_.front().first <= commit_index) {
    parts_.observer.OnCommitted(std::chrono::steady_clock::now() - uncommitted_.front().second);
    uncommitted_.pop_front();
  }
}

std::vector<UnansweredCall> EventLoop::OverdueCalls() {
  if (turn_began_ - overdue_looked_at_ < kOverdueInterval) return {};
  overdue_looked_at_ = turn_began_;
  return parts_.calls.TakeOverdue(turn_began_, kOverdueCallsMax);
}

}  // namespace raft
