// One round of a scenario: a fresh cluster under load and faults, healed, checked, and its figures.
//
// A round is a GoogleTest body: what does not hold fails the current test. Main thread only.
#pragma once

#include <cstdint>

#include "tests/chaos/scenario.h"

namespace raft::chaos {

// Faults begin for `length`; healing and checks come on top. Prints what happened, and when
// something did not hold the command that repeats the round.
void RunRound(const Scenario& scenario, std::uint64_t seed, Milliseconds length);

}  // namespace raft::chaos
