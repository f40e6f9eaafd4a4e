#include "service/loop/apply_thread.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "core/check.h"
#include "core/state_checks.h"
#include "service/loop/thread_name.h"

namespace raft {
namespace {

template <typename T>
void MoveToEnd(std::vector<T>& to, std::vector<T>&& from) {
  if (to.empty()) {
    to.swap(from);
    return;
  }
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// Reads that wait for an index may have been abandoned by their clients; below this many nobody
// cares.
constexpr std::size_t kAbandonedReadsTolerated = 4096;

}  // namespace

bool ApplyWork::empty() const {
  return proposals_appended.empty() && entries.empty() && reads_ready.empty() && refusals.empty() &&
         transfers_ended.empty() && overdue.empty() && tasks.empty() && state_change.empty();
}

void ApplyWork::clear() {
  proposals_appended.clear();
  entries.clear();
  reads_ready.clear();
  refusals.clear();
  transfers_ended.clear();
  overdue.clear();
  tasks.clear();
  state_change = {};
}

void ApplyWork::Append(ApplyWork&& later) {
  MoveToEnd(proposals_appended, std::move(later.proposals_appended));
  MoveToEnd(entries, std::move(later.entries));
  MoveToEnd(reads_ready, std::move(later.reads_ready));
  MoveToEnd(refusals, std::move(later.refusals));
  MoveToEnd(transfers_ended, std::move(later.transfers_ended));
  MoveToEnd(overdue, std::move(later.overdue));
  MoveToEnd(tasks, std::move(later.tasks));
  state_change = later.state_change;
}

void ApplyBacklog::clear() {
  first_.clear();
  rest_.clear();
}

ApplyWork& ApplyBacklog::back() {
  ApplyWork& newest = rest_.empty() ? first_ : rest_.back();
  return newest.state_change.empty() ? newest : rest_.emplace_back();
}

ApplyThread::ApplyThread(std::unique_ptr<KeyValueStore> state, SnapshotInstaller& installer,
                         Inbox& inbox, PendingCalls& calls, const StatusBoard& board,
                         LoopObserver& observer, FatalHandler fatal, const ApplyLimits& limits)
    : state_(std::move(state)),
      installer_(installer),
      inbox_(inbox),
      calls_(calls),
      board_(board),
      observer_(observer),
      fatal_(std::move(fatal)),
      limits_(limits) {
  RAFT_CHECK(limits.state_check_entries > 0, "states are compared at the multiples of a number");
}

ApplyThread::~ApplyThread() { DrainAndStop(); }

void ApplyThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

bool ApplyThread::Push(ApplyWork work) {
  return waiting_.Put([&work](ApplyBacklog& waiting) { waiting.Append(std::move(work)); });
}

bool ApplyThread::PushRead(ReadReady read) {
  return waiting_.Put(
      [&read](ApplyBacklog& waiting) { waiting.back().reads_ready.push_back(read); });
}

bool ApplyThread::PushTask(std::function<void(KeyValueStore&)> task) {
  return waiting_.Put(
      [&task](ApplyBacklog& waiting) { waiting.back().tasks.push_back(std::move(task)); });
}

void ApplyThread::DrainAndStop() {
  waiting_.Close();
  if (thread_.joinable()) thread_.join();
}

void ApplyThread::Run() {
  SetThreadName("raft-apply");
  ApplyBacklog backlog;
  while (waiting_.WaitAndTake(backlog)) {
    if (!backlog.ForEach([this](ApplyWork& work) { return DoWork(work); })) return;
  }
}

bool ApplyThread::DoWork(ApplyWork& work) {
  for (const ProposalAppended& proposal : work.proposals_appended) proposals_.Add(proposal);
  AnswerRefusals(work);
  for (const ReadReady& read : work.reads_ready) {
    if (!AnswerRead(read)) return false;
  }
  std::span<const LogEntryPointer> rest = work.entries;
  while (!rest.empty()) {
    const std::size_t applied = ApplyBatch(NextBatch(rest));
    if (applied == 0) return false;
    rest = rest.subspan(applied);
  }
  for (const std::function<void(KeyValueStore&)>& task : work.tasks) task(*state_);
  ForgetAbandonedReads();
  return ChangeState(work.state_change);
}

bool ApplyThread::ChangeState(const StateChange& change) {
  if (change.mark_diverged && !MarkDiverged()) return false;
  if (change.checkpoint && !Checkpoint()) return false;
  if (change.switch_to && !SwitchState(*change.switch_to)) return false;
  return !change.complete_install || CompleteInstall();
}

bool ApplyThread::MarkDiverged() {
  if (const absl::Status marked = state_->MarkDiverged(); !marked.ok()) {
    fatal_(marked);
    return false;
  }
  RefuseWaitingReads();
  return true;
}

// What they wait for is not applied here any more.
void ApplyThread::RefuseWaitingReads() {
  for (; !reads_.empty(); reads_.pop()) {
    const Ticket ticket = reads_.top().ticket;
    ClientCall* call = calls_.Take(ticket);
    if (call == nullptr) continue;
    const Leadership leadership = board_.leadership();
    call->OnRefused({.ticket = ticket,
                     .reason = RefusalReason::kStateDiverged,
                     .leader_hint = leadership.leader,
                     .current_term = leadership.term});
  }
}

bool ApplyThread::Checkpoint() {
  const auto began = std::chrono::steady_clock::now();
  if (const absl::Status synced = state_->Checkpoint(); !synced.ok()) {
    fatal_(synced);
    return false;
  }
  observer_.OnCheckpointed(std::chrono::steady_clock::now() - began);
  inbox_.PushCheckpointed(state_->applied().index);
  return true;
}

bool ApplyThread::SwitchState(LogPosition last_included) {
  absl::StatusOr<std::unique_ptr<KeyValueStore>> installed = installer_.Switch();
  if (!installed.ok()) {
    fatal_(installed.status());
    return false;
  }
  RAFT_CHECK((*installed)->applied() == last_included,
             "the state that is switched to is the snapshot that the core asked for");
  state_ = *std::move(installed);
  // Whether a proposal is in the snapshot cannot be told from it: its outcome stays unknown, and
  // its client hears so at its deadline.
  proposals_.TakeThrough(last_included.index, [](const ProposalAppended&) {});
  inbox_.PushSwitched(last_included);
  return AnswerDueReads();
}

bool ApplyThread::CompleteInstall() {
  if (const absl::Status completed = state_->CompleteInstall(); !completed.ok()) {
    fatal_(completed);
    return false;
  }
  inbox_.PushInstallCompleted();
  return true;
}

std::span<const LogEntryPointer> ApplyThread::NextBatch(
    std::span<const LogEntryPointer> rest) const {
  const std::size_t count_max = std::min<std::size_t>(rest.size(), limits_.batch_entries_max);
  std::size_t count = 1;
  std::uint64_t bytes = ChargedBytes(*rest.front());
  while (count < count_max) {
    if (AreStatesComparedAfter(*rest[count - 1], limits_.state_check_entries)) break;
    bytes += ChargedBytes(*rest[count]);
    if (bytes > limits_.batch_bytes_max) break;
    ++count;
  }
  return rest.first(count);
}

std::size_t ApplyThread::ApplyBatch(std::span<const LogEntryPointer> batch) {
  const auto began = std::chrono::steady_clock::now();
  ApplyOutcome outcome = state_->Apply(batch);
  if (outcome.failure) {
    fatal_(absl::InternalError(*outcome.failure));
    return 0;
  }
  RAFT_CHECK(!outcome.results.empty() && outcome.results.size() <= batch.size(),
             "the state machine answers every entry it applies");
  batch = batch.first(outcome.results.size());
  observer_.OnApplied(std::chrono::steady_clock::now() - began, batch.size());
  AnswerProposals(batch, outcome.results);
  TellDigestWhereCompared(*batch.back());
  inbox_.PushApplied(batch.back()->index);
  return AnswerDueReads() ? batch.size() : 0;
}

// A batch may have been applied in part: then the rest of it comes to the entry.
void ApplyThread::TellDigestWhereCompared(const LogEntry& applied) {
  if (!AreStatesComparedAfter(applied, limits_.state_check_entries)) return;
  inbox_.PushDigested({.index = applied.index, .digest = state_->digest()});
}

void ApplyThread::AnswerProposals(std::span<const LogEntryPointer> batch,
                                  std::vector<std::string>& results) {
  if (proposals_.empty()) return;
  const Standing standing = StandingNow();
  const LogIndex first = batch.front()->index;
  proposals_.TakeThrough(batch.back()->index, [&](const ProposalAppended& proposal) {
    RAFT_CHECK(proposal.position.index >= first, "a proposal is announced before it is applied");
    ClientCall* call = calls_.Take(proposal.ticket);
    if (call == nullptr) return;
    const std::uint64_t place = proposal.position.index - first;
    if (batch[place]->term == proposal.position.term) {
      call->OnApplied(proposal.position, std::move(results[place]), standing);
      return;
    }
    call->OnRefused({.ticket = proposal.ticket,
                     .reason = RefusalReason::kNotLeader,
                     .leader_hint = standing.leadership.leader,
                     .current_term = standing.leadership.term,
                     .silent_peer = std::nullopt});
  });
}

void ApplyThread::AnswerRefusals(const ApplyWork& work) {
  for (const Refusal& refusal : work.refusals) {
    if (ClientCall* call = calls_.Take(refusal.ticket)) call->OnRefused(refusal);
  }
  for (const TransferEnded& ended : work.transfers_ended) {
    if (ClientCall* call = calls_.Take(ended.ticket)) call->OnTransferEnded(ended);
  }
  for (const UnansweredCall& overdue : work.overdue) {
    overdue.call->OnDeadlinePassed(overdue.appended);
  }
}

bool ApplyThread::AnswerRead(const ReadReady& read) {
  const LogIndex applied = state_->applied().index;
  if (read.read_index > applied) {
    reads_.push(read);
    return true;
  }
  const TakenRead taken = calls_.TakeRead(read.ticket, applied);
  if (taken.wait_until) reads_.push({.ticket = read.ticket, .read_index = *taken.wait_until});
  if (taken.call == nullptr) return true;
  const absl::Status answered = taken.call->OnReadable(*state_, applied, StandingNow());
  if (!answered.ok()) fatal_(answered);
  return answered.ok();
}

bool ApplyThread::AnswerDueReads() {
  const LogIndex applied = state_->applied().index;
  while (!reads_.empty() && reads_.top().read_index <= applied) {
    const ReadReady read = reads_.top();
    reads_.pop();
    if (!AnswerRead(read)) return false;
  }
  return true;
}

void ApplyThread::ForgetAbandonedReads() {
  if (reads_.size() <= kAbandonedReadsTolerated || reads_.size() / 2 <= calls_.size()) return;
  ReadQueue kept;
  for (; !reads_.empty(); reads_.pop()) {
    if (calls_.Waits(reads_.top().ticket)) kept.push(reads_.top());
  }
  reads_ = std::move(kept);
}

Standing ApplyThread::StandingNow() const {
  return {.leadership = board_.leadership(), .applied_index = state_->applied().index};
}

}  // namespace raft
