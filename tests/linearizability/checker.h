// Is a history of client calls linearizable? The one question, and its answer for people.
//
// Knows histories alone: the same check judges simulated clients and clients of real processes.
#pragma once

#include <cstdint>
#include <string>

#include "tests/linearizability/history.h"

namespace raft::linearizability {

enum class Judgement : std::uint8_t {
  kLinearizable,
  kNotLinearizable,
  kUndecided,  // the budget was spent; treat it as red, it never means "probably"
};

struct Verdict {
  Judgement judgement = Judgement::kLinearizable;
  std::string explanation;  // empty if linearizable
  std::uint64_t steps = 0;  // attempts to place an operation that the search made

  bool is_linearizable() const { return judgement == Judgement::kLinearizable; }
};

// Far more than a history of an honest register needs, which is a few steps for an operation.
inline constexpr std::uint64_t kStepsMax = 20'000'000;

// Judges a history that begins with an empty store: each key alone (search.h), then what keys have
// in common (log_order.h). Stops at the first key that is not linearizable. Any thread; keeps
// nothing.
Verdict CheckHistory(const History& history, std::uint64_t steps_max = kStepsMax);

}  // namespace raft::linearizability
