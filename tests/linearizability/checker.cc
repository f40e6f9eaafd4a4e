#include "tests/linearizability/checker.h"

#include "tests/linearizability/explanation.h"
#include "tests/linearizability/key_history.h"
#include "tests/linearizability/search.h"

namespace raft::linearizability {

Verdict CheckHistory(const History& history, std::uint64_t steps_max) {
  for (const Operation& operation : history) {
    if (operation.outcome == Outcome::kHappened && operation.returned_at < operation.called_at) {
      return {.judgement = Judgement::kNotLinearizable,
              .explanation = "returned before it was called:\n    " + Describe(operation) + "\n"};
    }
  }
  KeyHistories keys(history);
  KeySearch search(steps_max);
  Verdict verdict;
  for (std::size_t key = 0; key < keys.size() && verdict.is_linearizable(); ++key) {
    switch (search.Search(keys.Prepare(key))) {
      case SearchEnd::kOrderFound:
        break;
      case SearchEnd::kNoOrder:
        verdict.judgement = Judgement::kNotLinearizable;
        verdict.explanation = Explain(history, search.Furthest());
        break;
      case SearchEnd::kBudgetSpent:
        verdict.judgement = Judgement::kUndecided;
        verdict.explanation = "undecided after " + std::to_string(search.steps()) + " steps\n";
        break;
    }
  }
  verdict.steps = search.steps();
  return verdict;
}

}  // namespace raft::linearizability
