// Which planted bug this program runs with. Only the build of tests/planted_bugs has any; its
// implementation of this declaration takes the place of the one in no_planted_bugs.cc.
#pragma once

#include <string>

namespace raft::simulation {

// False: this program has no bug of that name.
bool ChoosePlantedBug(const std::string& name);

}  // namespace raft::simulation
