// The normal build: no bug is planted, so none can be chosen.
#include "tests/simulation/planted_bug_choice.h"

namespace raft::simulation {

bool ChoosePlantedBug(const std::string&) { return false; }

}  // namespace raft::simulation
