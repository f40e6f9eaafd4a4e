#include "tests/simulation/apply_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace raft::simulation {
namespace {

constexpr Moment kApplyMean = kMillisecond / 2;
constexpr std::uint32_t kBatchEntriesMax = 8;

}  // namespace

void ApplyLane::Begin(KeyValueStore& state, Answer answer,
                      std::function<std::string(Ticket)> key_of,
                      std::function<void(LogIndex)> applied, std::function<void()> failed) {
  state_ = &state;
  answer_ = std::move(answer);
  key_of_ = std::move(key_of);
  applied_ = std::move(applied);
  failed_ = std::move(failed);
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
  std::move(work.proposals_appended.begin(), work.proposals_appended.end(),
            std::back_inserter(waiting_.proposals_appended));
  std::move(work.entries.begin(), work.entries.end(), std::back_inserter(waiting_.entries));
  std::move(work.reads_ready.begin(), work.reads_ready.end(),
            std::back_inserter(waiting_.reads_ready));
  if (std::exchange(is_due_, true)) return;
  lane_.After(dice_.About(kApplyMean), [this] { DoWork(); });
}

void ApplyLane::DoWork() {
  is_due_ = false;
  const ApplyWork work = std::exchange(waiting_, {});
  for (const ProposalAppended& proposal : work.proposals_appended) proposals_.Add(proposal);
  for (const ReadReady& read : work.reads_ready) reads_.emplace(read.read_index, read.ticket);
  if (!AnswerDueReads()) return failed_();
  std::span<const LogEntryPointer> rest = work.entries;
  while (!rest.empty()) {
    const std::size_t count =
        std::min<std::size_t>(rest.size(), dice_.Between(1, kBatchEntriesMax));
    const std::size_t applied = ApplyBatch(rest.first(count));
    if (applied == 0) return failed_();
    rest = rest.subspan(applied);
  }
}

std::size_t ApplyLane::ApplyBatch(std::span<const LogEntryPointer> batch) {
  ApplyOutcome outcome = state_->Apply(batch);
  if (outcome.failure) return 0;
  batch = batch.first(outcome.results.size());
  laws_.Applied(self_, batch.back()->position(), state_->digest());
  AnswerProposals(batch, outcome.results);
  applied_(batch.back()->index);
  return AnswerDueReads() ? batch.size() : 0;
}

void ApplyLane::AnswerProposals(std::span<const LogEntryPointer> batch,
                                std::vector<std::string>& results) {
  proposals_.TakeThrough(batch.back()->index, [&](const ProposalAppended& proposal) {
    const std::uint64_t place = proposal.position.index - batch.front()->index;
    if (batch[place]->term != proposal.position.term) {
      story_.Count(Sometimes::kProposalReplaced);
      return answer_(proposal.ticket, {.kind = ClientAnswer::Kind::kRefused});
    }
    answer_(proposal.ticket, {.kind = ClientAnswer::Kind::kApplied,
                              .position = proposal.position,
                              .result = std::move(results[place])});
  });
}

bool ApplyLane::AnswerDueReads() {
  const LogIndex applied = state_->applied().index;
  while (!reads_.empty() && reads_.begin()->first <= applied) {
    const auto [read_index, ticket] = *reads_.begin();
    reads_.erase(reads_.begin());
    const std::string key = key_of_(ticket);
    if (key.empty()) continue;
    ClientAnswer answer{.kind = ClientAnswer::Kind::kRead, .read_index = read_index};
    raft::v1::Query query;
    query.mutable_get()->set_key(key);
    if (!state_->Read(query, &answer.read).ok()) return false;
    answer_(ticket, std::move(answer));
  }
  return true;
}

}  // namespace raft::simulation
