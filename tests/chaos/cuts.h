// Which directions of the network a cut of some kind holds. Pure.
#pragma once

#include <vector>

#include "tests/chaos/fault.h"
#include "tests/chaos/link_rule.h"

namespace raft::chaos {

// `servers`: all of them, the target first. Requires: the kind is one of the cuts, kMute to kChain.
std::vector<Direction> HeldBy(FaultKind kind, const std::vector<Id>& servers);

// Every direction there is.
std::vector<Direction> AllDirections(const std::vector<Id>& servers);

}  // namespace raft::chaos
