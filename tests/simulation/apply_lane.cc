#include "tests/simulation/apply_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/check.h"
#include "core/state_checks.h"

namespace raft::simulation {
namespace {

constexpr Moment kApplyMean = kMillisecond / 2;
constexpr std::uint32_t kBatchEntriesMax = 8;

}  // namespace

void ApplyLane::Begin(KeyValueStore& state, std::uint64_t state_check_entries, ApplyHooks hooks) {
  state_ = &state;
  state_check_entries_ = state_check_entries;
  hooks_ = std::move(hooks);
}

void ApplyLane::EndLife() {
  lane_.EndLife();
  is_due_ = false;
  waiting_ = {};
  proposals_ = {};
  reads_.clear();
  state_ = nullptr;
}

void ApplyLane::Push(ApplyWork work) {
  if (waiting_.empty() || waiting_.back().changes_state()) waiting_.emplace_back();
  ApplyWork& back = waiting_.back();
  std::move(work.proposals_appended.begin(), work.proposals_appended.end(),
            std::back_inserter(back.proposals_appended));
  std::move(work.entries.begin(), work.entries.end(), std::back_inserter(back.entries));
  std::move(work.reads_ready.begin(), work.reads_ready.end(), std::back_inserter(back.reads_ready));
  back.mark_diverged = work.mark_diverged;
  back.checkpoint = work.checkpoint;
  back.switch_to = work.switch_to;
  back.complete = work.complete;
  if (std::exchange(is_due_, true)) return;
  lane_.After(dice_.About(kApplyMean), [this] { DoWork(); });
}

void ApplyLane::DoWork() {
  is_due_ = false;
  for (const ApplyWork& work : std::exchange(waiting_, {})) {
    for (const ProposalAppended& proposal : work.proposals_appended) proposals_.Add(proposal);
    for (const ReadReady& read : work.reads_ready) reads_.emplace(read.read_index, read.ticket);
    if (AnswerDueReads() && ApplyEntries(work.entries) && DoSnapshotWork(work)) continue;
    return hooks_.failed();
  }
}

bool ApplyLane::ApplyEntries(std::span<const LogEntryPointer> entries) {
  while (!entries.empty()) {
    const std::size_t applied = ApplyBatch(entries.first(BatchOf(entries)));
    if (applied == 0) return false;
    entries = entries.subspan(applied);
  }
  return true;
}

std::size_t ApplyLane::BatchOf(std::span<const LogEntryPointer> entries) {
  const std::size_t drawn = dice_.Between(1, kBatchEntriesMax);
  const auto batch = entries.first(std::min(entries.size(), drawn));
  const auto compared = std::find_if(batch.begin(), batch.end(), [this](const auto& entry) {
    return AreStatesComparedAfter(*entry, state_check_entries_);
  });
  return compared == batch.end() ? batch.size() : compared - batch.begin() + 1;
}

bool ApplyLane::DoSnapshotWork(const ApplyWork& work) {
  if (work.mark_diverged && !state_->MarkDiverged().ok()) return false;
  if (work.checkpoint) {
    if (!state_->Checkpoint().ok()) return false;
    hooks_.checkpointed(state_->applied().index);
  }
  if (work.switch_to && !SwitchState(*work.switch_to)) return false;
  if (work.complete) {
    if (!state_->CompleteInstall().ok()) return false;
    hooks_.completed();
  }
  return true;
}

bool ApplyLane::SwitchState(LogPosition to) {
  state_ = hooks_.switch_state();
  if (state_ == nullptr) return false;
  RAFT_CHECK(state_->applied() == to, "the state is switched to what was asked for");
  laws_.Applied(self_, to, state_->digest());
  // What became of proposals whose place was jumped over cannot be told here any more.
  proposals_.TakeThrough(to.index, [](const ProposalAppended&) {});
  hooks_.switched(to);
  return AnswerDueReads();
}

std::size_t ApplyLane::ApplyBatch(std::span<const LogEntryPointer> batch) {
  ApplyOutcome outcome = state_->Apply(batch);
  if (outcome.failure) return 0;
  batch = batch.first(outcome.results.size());
  const LogIndex last = batch.back()->index;
  if (!hooks_.is_distorted()) laws_.Applied(self_, batch.back()->position(), state_->digest());
  AnswerProposals(batch, outcome.results);
  if (AreStatesComparedAfter(*batch.back(), state_check_entries_)) {
    hooks_.digested({.index = last, .digest = state_->digest()});
  }
  hooks_.applied(last);
  return AnswerDueReads() ? batch.size() : 0;
}

void ApplyLane::AnswerProposals(std::span<const LogEntryPointer> batch,
                                std::vector<std::string>& results) {
  proposals_.TakeThrough(batch.back()->index, [&](const ProposalAppended& proposal) {
    const std::uint64_t place = proposal.position.index - batch.front()->index;
    if (batch[place]->term != proposal.position.term) {
      story_.Count(Sometimes::kProposalReplaced);
      return hooks_.answer(proposal.ticket, {.kind = ClientAnswer::Kind::kRefused});
    }
    hooks_.answer(proposal.ticket, {.kind = ClientAnswer::Kind::kApplied,
                                    .position = proposal.position,
                                    .result = std::move(results[place])});
  });
}

bool ApplyLane::AnswerDueReads() {
  const LogIndex applied = state_->applied().index;
  while (!reads_.empty() && reads_.begin()->first <= applied) {
    const auto [read_index, ticket] = *reads_.begin();
    reads_.erase(reads_.begin());
    const std::string key = hooks_.key_of(ticket);
    if (key.empty()) continue;
    ClientAnswer answer{.kind = ClientAnswer::Kind::kRead, .read_index = read_index};
    raft::v1::Query query;
    query.mutable_get()->set_key(key);
    if (!state_->Read(query, &answer.read).ok()) return false;
    hooks_.answer(ticket, std::move(answer));
  }
  return true;
}

}  // namespace raft::simulation
