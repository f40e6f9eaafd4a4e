// Which planted bug of the catalogue this process has, chosen once at run time.
//
// Only the planted copies of the product include this file (tests/planted_bugs/plant.py); no source
// of the product knows that it exists.
#pragma once

#include <span>
#include <string_view>

#include "planted_bugs/catalogue.h"

namespace planted_bugs {

// The chosen bug; kNone unless RAFT_PLANTED_BUG in the environment names one when the process
// starts. A name that the catalogue does not have ends the process with status 2.
extern Bug chosen;

// Chooses the bug of this name. False: the catalogue does not have it, and nothing changes.
// Requires: no server of this process has started.
[[nodiscard]] bool Choose(std::string_view name);

// The names of all bugs, in the order of their traps.
std::span<const std::string_view> Names();

}  // namespace planted_bugs

// Whether the bug of this name is the chosen one.
#define PLANTED_BUG(name) (::planted_bugs::chosen == ::planted_bugs::Bug::name)
