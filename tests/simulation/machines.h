// The machines of a cluster, as the plan wants them: thin, or with raftd's own storage code.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/simulation/fault_plan.h"
#include "tests/simulation/machine.h"

namespace raft::simulation {

// One per server, in order of id.
std::vector<std::unique_ptr<Machine>> MakeMachines(std::uint64_t seed, const FaultPlan& plan);

}  // namespace raft::simulation
