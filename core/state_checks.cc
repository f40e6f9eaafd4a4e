#include "core/state_checks.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace raft {

bool AreStatesComparedAfter(const LogEntry& entry, std::uint64_t interval) {
  RAFT_CHECK(interval > 0, "states are compared at the multiples of a number");
  return entry.kind == EntryKind::kNoOp || entry.index.value() % interval == 0;
}

bool StateChecks::Record(StateCheck check) {
  RAFT_CHECK(check.index > LogIndex(0), "states are compared after entries");
  RAFT_CHECK(own_.empty() || check.index > own_.back().index, "entries are applied in order");
  own_.push_back(std::move(check));
  if (own_.size() > kKeptMax) own_.pop_front();
  return Compare();
}

bool StateChecks::LearnMajority(const StateCheck& majority) {
  // What an older message says was compared, or cannot be any more.
  if (majority_ && majority.index <= majority_->index) return false;
  majority_ = majority;
  return Compare();
}

bool StateChecks::Compare() {
  if (!majority_ || diverged_index_) return false;
  const StateCheck* own = At(majority_->index);
  if (own == nullptr) return false;  // Not applied yet, or too long ago: no reason to judge.
  if (own->digest == majority_->digest) {
    verified_index_ = std::max(verified_index_, own->index);
    return false;
  }
  diverged_index_ = own->index;
  return true;
}

void StateChecks::BeginAnew() {
  own_.clear();
  majority_.reset();
  verified_index_ = LogIndex(0);
  diverged_index_.reset();
}

const StateCheck* StateChecks::At(LogIndex index) const {
  const auto found = std::lower_bound(
      own_.begin(), own_.end(), index,
      [](const StateCheck& check, LogIndex wanted) { return check.index < wanted; });
  return found != own_.end() && found->index == index ? &*found : nullptr;
}

}  // namespace raft
