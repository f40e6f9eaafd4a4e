// The scenarios: which faults, how often, for how long.
//
// A scenario is a function from a seed and a length to a schedule; it touches nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/random_source.h"
#include "tests/chaos/fault.h"

namespace raft::chaos {

struct Scenario {
  std::string name;   // on the command line
  std::string claim;  // what a green run shows
  std::size_t servers = 3;
  // Where a majority stays in touch all the time: the longest that no write may be acknowledged.
  std::optional<Milliseconds> gap_max = std::nullopt;
  // Faults begin within `length`; some end after it. In order of begin.
  Schedule (*draw)(RandomSource& random, Milliseconds length) = nullptr;
};

const std::vector<Scenario>& Scenarios();

// None: no scenario has this name.
std::optional<Scenario> FindScenario(const std::string& name);

}  // namespace raft::chaos
