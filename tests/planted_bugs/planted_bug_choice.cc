// The planted build's answer to --planted-bug of the simulator.
#include "tests/simulation/planted_bug_choice.h"

#include "tests/planted_bugs/planted_bugs.h"

namespace raft::simulation {

bool ChoosePlantedBug(const std::string& name) { return planted_bugs::Choose(name); }

}  // namespace raft::simulation
