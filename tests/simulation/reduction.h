// From a red seed to the shortest story that is still red: fewer faults, a shorter storm, fewer
// servers.
#pragma once

#include "tests/simulation/fault_plan.h"
#include "tests/simulation/seed_runner.h"

namespace raft::simulation {

// Tries to take things away as long as the same law is broken, for at most `seconds_max`. Returns
// the wishes of the smallest red run found, which may be `wishes` themselves.
Wishes Reduce(const Red& red, const Wishes& wishes, double seconds_max);

// The command line that repeats a run.
std::string ReplayCommand(std::uint64_t seed, const Wishes& wishes);

}  // namespace raft::simulation
