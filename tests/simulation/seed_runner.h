// Runs seeds in child processes, so that a seed that aborts inside the core is a red seed and not
// the end of the run.
//
// Workers share nothing but what they report. Main thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/simulation/fault_plan.h"
#include "tests/simulation/story.h"

namespace raft::simulation {

struct Red {
  std::uint64_t seed = 0;
  std::string law;   // the law broken, or the text of the check that stopped the process
  std::string seen;  // what was seen
  Moment ended_at = 0;
  std::string story;  // the last lines, when it was told
};

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t count = 1'000;
  double seconds_max = 0;  // stop after this long, when above zero
};

struct RangeResult {
  Counters counters;
  std::optional<Red> red;  // the first one found; the run stops there
  double seconds = 0;
};

// Runs the seeds on `jobs` processes.
RangeResult RunSeeds(const SeedRange& range, const Wishes& wishes, unsigned jobs);

// Runs one seed in a child; none: it is green. `told`: with its story.
std::optional<Red> RunOneSeed(std::uint64_t seed, const Wishes& wishes, bool told);

}  // namespace raft::simulation
