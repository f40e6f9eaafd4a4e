#include "tests/linearizability/brute_force.h"

#include <algorithm>
#include <map>

namespace raft::linearizability {
namespace {

struct Slot {
  std::optional<Item> item;
  std::uint64_t newest_revision = 0;
};
using Store = std::map<std::string, Slot>;

// What a register answers, in the words of an Operation.
struct Answer {
  bool is_change = false;
  bool succeeded = false;
  std::optional<Item> seen;
};

// Executes the operation as a real store would; a change is given `revision`.
Answer Execute(Slot& slot, const Operation& operation, std::uint64_t revision) {
  Answer answer;
  switch (operation.kind) {
    case OperationKind::kGet:
      return {.is_change = false, .succeeded = false, .seen = slot.item};
    case OperationKind::kPut:
      answer.is_change = true;
      break;
    case OperationKind::kDelete:
      answer.is_change = answer.succeeded = slot.item.has_value();
      break;
    case OperationKind::kCompareAndSet:
      answer.succeeded =
          (slot.item ? slot.item->modified_revision : 0) == operation.expected_revision;
      answer.is_change = answer.succeeded;
      if (!answer.succeeded) answer.seen = slot.item;
      break;
  }
  if (!answer.is_change) return answer;
  slot.newest_revision = revision;
  slot.item = Item{operation.value, revision};
  if (operation.kind == OperationKind::kDelete) slot.item.reset();
  return answer;
}

bool IsWhatWasTold(const Answer& answer, const Operation& operation) {
  if (answer.is_change != (operation.revision != 0)) return false;
  switch (operation.kind) {
    case OperationKind::kGet:
      return answer.seen == operation.seen;
    case OperationKind::kPut:
      return true;
    case OperationKind::kDelete:
      return answer.succeeded == operation.succeeded;
    case OperationKind::kCompareAndSet:
      break;
  }
  return answer.succeeded == operation.succeeded &&
         (answer.succeeded || answer.seen == operation.seen);
}

// Whether one log can give both their revisions.
bool CanBeInOneLog(const Operation& earlier, const Operation& later) {
  if (&earlier == &later || later.outcome != Outcome::kHappened || later.revision == 0) return true;
  if (earlier.outcome != Outcome::kHappened) return true;
  if (earlier.revision == later.revision) return false;
  if (earlier.returned_at >= later.called_at) return true;
  const bool has_seen =
      earlier.revision == 0 && earlier.seen.has_value() && earlier.kind != OperationKind::kDelete;
  return earlier.revision < later.revision &&
         (!has_seen || earlier.seen->modified_revision < later.revision);
}

class Orders {
 public:
  explicit Orders(const History& history) : history_(history), is_placed_(history.size()) {
    for (const Operation& operation : history) {
      if (operation.outcome == Outcome::kUnknown) ++unknown_;
      revision_max_ = std::max({revision_max_, operation.revision, operation.expected_revision,
                                operation.seen ? operation.seen->modified_revision : 0});
    }
    revision_max_ += unknown_;  // room for each that nobody was shown
  }

  // Whether the operations that are not placed yet can follow on this store.
  bool CanContinue(const Store& store) {
    if (IsComplete()) return true;
    for (std::size_t next = 0; next < history_.size(); ++next) {
      if (!MayBeNext(next)) continue;
      is_placed_[next] = true;
      const bool can_continue = IsCertain(next) ? CanContinueWithCertain(store, next)
                                                : CanContinueWithUnknown(store, next);
      is_placed_[next] = false;
      if (can_continue) return true;
    }
    return false;
  }

 private:
  bool IsCertain(std::size_t i) const { return history_[i].outcome == Outcome::kHappened; }

  bool IsComplete() const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (IsCertain(i) && !is_placed_[i]) return false;
    }
    return true;
  }

  // Not placed, may take effect, and nothing that has to be placed returned before it was called.
  bool MayBeNext(std::size_t next) const {
    if (is_placed_[next] || history_[next].outcome == Outcome::kCertainlyNot) return false;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (IsCertain(i) && !is_placed_[i] && history_[i].returned_at < history_[next].called_at) {
        return false;
      }
    }
    return true;
  }

  bool CanContinueWithCertain(Store store, std::size_t next) {
    const Operation& operation = history_[next];
    Slot& slot = store[operation.key];
    const std::uint64_t before = slot.newest_revision;
    const Answer answer = Execute(slot, operation, operation.revision);
    if (answer.is_change && operation.revision <= before) return false;
    return IsWhatWasTold(answer, operation) && CanContinue(store);
  }

  bool CanContinueWithUnknown(const Store& store, std::size_t next) {
    const auto found = store.find(history_[next].key);
    const std::uint64_t before = found == store.end() ? 0 : found->second.newest_revision;
    for (std::uint64_t revision = before + 1; revision <= revision_max_; ++revision) {
      Store after = store;
      const Answer answer = Execute(after[history_[next].key], history_[next], revision);
      if (!answer.is_change) return false;  // as if it never happened, which is tried elsewhere
      if (CanContinue(after)) return true;
    }
    return false;
  }

  const History& history_;
  std::vector<bool> is_placed_;
  std::uint64_t unknown_ = 0;
  std::uint64_t revision_max_ = 0;
};

}  // namespace

bool IsLinearizableByBruteForce(const History& history) {
  for (const Operation& earlier : history) {
    for (const Operation& later : history) {
      if (!CanBeInOneLog(earlier, later)) return false;
    }
  }
  return Orders(history).CanContinue({});
}

}  // namespace raft::linearizability
