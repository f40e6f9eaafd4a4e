#include "tests/linearizability/breakages.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace raft::linearizability {
namespace {

bool IsAcknowledgedChange(const Operation& operation) { return operation.revision != 0; }

bool IsAcknowledgedWrite(const Operation& operation) {
  return IsAcknowledgedChange(operation) && operation.kind != OperationKind::kDelete;
}

bool IsAnswered(const Operation& operation, OperationKind kind) {
  return operation.outcome == Outcome::kHappened && operation.kind == kind;
}

bool IsShownItem(const Operation& operation) {
  return IsAnswered(operation, OperationKind::kGet) && operation.seen.has_value();
}

bool EndedBefore(const Operation& first, const Operation& second) {
  return first.key == second.key && first.returned_at < second.called_at;
}

// Whether the key certainly holds an item from the end of `write` to the end of `until`: every
// deletion that may take effect ended before the write was called, or was called after `until`.
bool IsKept(const History& history, const Operation& write, const Operation& until) {
  return std::none_of(history.begin(), history.end(), [&](const Operation& other) {
    return other.key == write.key && other.kind == OperationKind::kDelete &&
           (other.outcome == Outcome::kUnknown || other.succeeded) &&
           other.returned_at >= write.called_at && other.called_at <= until.returned_at;
  });
}

// Whether an acknowledged write made sure that `read` finds an item.
bool CertainlyFindsAnItem(const History& history, const Operation& read) {
  return std::any_of(history.begin(), history.end(), [&](const Operation& write) {
    return IsAcknowledgedWrite(write) && EndedBefore(write, read) && IsKept(history, write, read);
  });
}

// The highest revision that was acknowledged before the operation was called.
std::uint64_t RevisionKnownBefore(const History& history, const Operation& operation) {
  std::uint64_t highest = 0;
  for (const Operation& other : history) {
    if (EndedBefore(other, operation)) highest = std::max(highest, other.revision);
  }
  return highest;
}

std::uint64_t UnusedRevision(const History& history) {
  std::uint64_t highest = 0;
  for (const Operation& operation : history) {
    highest = std::max(
        {highest, operation.revision, operation.seen ? operation.seen->modified_revision : 0});
  }
  return highest + 1;
}

using Break = std::function<bool(Operation&)>;

// Tries every operation once, from a random one on, until one can be broken.
bool BreakAny(History& history, RandomSource& random, const Break& break_operation) {
  const auto size = static_cast<std::uint32_t>(history.size());
  const std::uint32_t first = random.Between(0, size - 1);
  for (std::uint32_t i = 0; i < size; ++i) {
    if (break_operation(history[(first + i) % size])) return true;
  }
  return false;
}

// A newer revision was acknowledged before the get was called.
bool ShowWhatWasOverwritten(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& get) {
    if (!IsAnswered(get, OperationKind::kGet)) return false;
    const std::uint64_t known = RevisionKnownBefore(history, get);
    return std::any_of(history.begin(), history.end(), [&](const Operation& write) {
      if (!IsAcknowledgedWrite(write) || write.key != get.key || write.revision >= known) {
        return false;
      }
      get.seen = Item{write.value, write.revision};
      return true;
    });
  });
}

// The write was called after the get had returned.
bool ShowTheFuture(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& get) {
    if (!IsAnswered(get, OperationKind::kGet)) return false;
    return std::any_of(history.begin(), history.end(), [&](const Operation& write) {
      if (!IsAcknowledgedWrite(write) || !EndedBefore(get, write)) return false;
      get.seen = Item{write.value, write.revision};
      return true;
    });
  });
}

// Only a write that certainly did not happen has this value.
bool ShowARefusedWrite(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& get) {
    if (!IsShownItem(get)) return false;
    return std::any_of(history.begin(), history.end(), [&](const Operation& write) {
      if (write.outcome != Outcome::kCertainlyNot || write.value.empty()) return false;
      if (write.key != get.key) return false;
      get.seen->value = write.value;
      return true;
    });
  });
}

bool ShowAValueThatNobodyWrote(History& history, RandomSource& random) {
  return BreakAny(history, random, [](Operation& get) {
    if (!IsShownItem(get)) return false;
    get.seen->value = "nobody wrote this";
    return true;
  });
}

// The only writer of the value was acknowledged with another revision.
bool ShowAnotherRevisionOfAnAcknowledgedWrite(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& get) {
    if (!IsShownItem(get)) return false;
    const bool is_acknowledged =
        std::any_of(history.begin(), history.end(), [&](const Operation& write) {
          return IsAcknowledgedWrite(write) && write.value == get.seen->value;
        });
    if (is_acknowledged) ++get.seen->modified_revision;
    return is_acknowledged;
  });
}

// An item was there since before the get was called, and no deletion can have come between.
bool ShowNothingWhereSomethingIs(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& get) {
    if (!IsShownItem(get) || !CertainlyFindsAnItem(history, get)) return false;
    get.seen.reset();
    return true;
  });
}

// A change that ended before another was called cannot have the higher revision.
bool SwapTwoRevisions(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& second) {
    if (!IsAcknowledgedChange(second)) return false;
    return std::any_of(history.begin(), history.end(), [&](Operation& first) {
      if (!IsAcknowledgedChange(first) || !EndedBefore(first, second)) return false;
      std::swap(first.revision, second.revision);
      return true;
    });
  });
}

bool GiveOneRevisionToTwoChanges(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& second) {
    if (!IsAcknowledgedChange(second)) return false;
    return std::any_of(history.begin(), history.end(), [&](const Operation& first) {
      if (&first == &second || !IsAcknowledgedChange(first) || first.key != second.key) {
        return false;
      }
      second.revision = first.revision;
      return true;
    });
  });
}

// Says that the comparison failed, and shows the very revision it asked for.
bool FailAComparisonThatHeld(History& history, RandomSource& random) {
  return BreakAny(history, random, [](Operation& cas) {
    if (!IsAnswered(cas, OperationKind::kCompareAndSet) || !cas.succeeded) return false;
    cas.succeeded = false;
    cas.revision = 0;
    if (cas.expected_revision != 0) cas.seen = Item{"anything", cas.expected_revision};
    return true;
  });
}

// What it compared with had been overwritten, or what must not exist did, before it was called.
bool SwapThoughTheComparisonFailed(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& cas) {
    if (!IsAnswered(cas, OperationKind::kCompareAndSet) || cas.succeeded) return false;
    const bool cannot_hold = cas.expected_revision == 0
                                 ? CertainlyFindsAnItem(history, cas)
                                 : cas.expected_revision < RevisionKnownBefore(history, cas);
    if (!cannot_hold) return false;
    cas.succeeded = true;
    cas.revision = UnusedRevision(history);
    cas.seen.reset();
    return true;
  });
}

bool DeleteNothingWhereSomethingIs(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& deletion) {
    if (!IsAnswered(deletion, OperationKind::kDelete) || !deletion.succeeded) return false;
    deletion.succeeded = false;
    const std::uint64_t revision = std::exchange(deletion.revision, 0);
    if (CertainlyFindsAnItem(history, deletion)) return true;
    deletion.succeeded = true;
    deletion.revision = revision;
    return false;
  });
}

// Between this deletion and an acknowledged one before it, nobody can have written.
bool DeleteSomethingWhereNothingIs(History& history, RandomSource& random) {
  return BreakAny(history, random, [&](Operation& deletion) {
    if (!IsAnswered(deletion, OperationKind::kDelete) || deletion.succeeded) return false;
    const bool can_exist = std::any_of(history.begin(), history.end(), [&](const Operation& write) {
      return write.key == deletion.key && !write.value.empty() &&
             write.outcome != Outcome::kCertainlyNot && write.called_at <= deletion.returned_at;
    });
    if (can_exist) return false;
    deletion.succeeded = true;
    deletion.revision = UnusedRevision(history);
    return true;
  });
}

}  // namespace

const std::vector<Breakage>& Breakages() {
  static const std::vector<Breakage> breakages = {
      {"shows what was overwritten", ShowWhatWasOverwritten},
      {"shows the future", ShowTheFuture},
      {"shows a refused write", ShowARefusedWrite},
      {"shows a value that nobody wrote", ShowAValueThatNobodyWrote},
      {"shows another revision of an acknowledged write", ShowAnotherRevisionOfAnAcknowledgedWrite},
      {"shows nothing where something is", ShowNothingWhereSomethingIs},
      {"swaps two revisions", SwapTwoRevisions},
      {"gives one revision to two changes", GiveOneRevisionToTwoChanges},
      {"fails a comparison that held", FailAComparisonThatHeld},
      {"swaps though the comparison failed", SwapThoughTheComparisonFailed},
      {"deletes nothing where something is", DeleteNothingWhereSomethingIs},
      {"deletes something where nothing is", DeleteSomethingWhereNothingIs},
  };
  return breakages;
}

}  // namespace raft::linearizability
