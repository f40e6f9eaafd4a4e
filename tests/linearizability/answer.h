// What an answer shows, and what only looks as if it did. Knows one Operation.
#pragma once

#include "tests/linearizability/history.h"

namespace raft::linearizability {

// The item that the operation's answer showed; null if it showed that there is none, or is of no
// kind that shows anything.
inline const Item* Shown(const Operation& operation) {
  const bool can_show = operation.outcome == Outcome::kHappened &&
                        (operation.kind == OperationKind::kGet ||
                         (operation.kind == OperationKind::kCompareAndSet && !operation.succeeded));
  return can_show && operation.seen ? &*operation.seen : nullptr;
}

}  // namespace raft::linearizability
