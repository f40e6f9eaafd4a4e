#include "tests/linearizability/checker.h"

#include "tests/linearizability/explanation.h"
#include "tests/linearizability/key_history.h"
#include "tests/linearizability/log_order.h"
#include "tests/linearizability/search.h"

namespace raft::linearizability {
namespace {

Verdict NotLinearizable(std::string explanation, std::uint64_t steps) {
  return {.judgement = Judgement::kNotLinearizable,
          .explanation = std::move(explanation),
          .steps = steps};
}

Verdict CheckKeys(const History& history, KeyHistories& keys, std::uint64_t steps_max) {
  KeySearch search(steps_max);
  for (std::size_t key = 0; key < keys.size(); ++key) {
    switch (search.Search(keys.Prepare(key))) {
      case SearchEnd::kOrderFound:
        break;
      case SearchEnd::kNoOrder:
        return NotLinearizable(Explain(history, search.Furthest()), search.steps());
      case SearchEnd::kBudgetSpent:
        return {.judgement = Judgement::kUndecided,
                .explanation = "undecided after " + std::to_string(search.steps()) +
                               " steps, in\n" + Explain(history, search.Furthest()),
                .steps = search.steps()};
    }
  }
  return {.judgement = Judgement::kLinearizable, .explanation = "", .steps = search.steps()};
}

}  // namespace

Verdict CheckHistory(const History& history, std::uint64_t steps_max) {
  for (const Operation& operation : history) {
    if (operation.outcome == Outcome::kHappened && operation.returned_at < operation.called_at) {
      return NotLinearizable("returned before it was called\n    " + Describe(operation) + "\n", 0);
    }
  }
  KeyHistories keys(history);
  Verdict verdict = CheckKeys(history, keys, steps_max);
  // Within one key the search itself sees to the order of revisions.
  if (!verdict.is_linearizable() || keys.size() < 2) return verdict;
  if (const auto breach = FindLogOrderBreach(history)) {
    return NotLinearizable(Explain(history, *breach), verdict.steps);
  }
  return verdict;
}

}  // namespace raft::linearizability
