#include "tests/chaos/cuts.h"

#include "core/check.h"

namespace raft::chaos {
namespace {

// Both directions of every pair of places in `servers`, the first before the second, that `is_cut`
// names.
template <typename IsCut>
std::vector<Direction> PairsOf(const std::vector<Id>& servers, IsCut is_cut) {
  std::vector<Direction> directions;
  for (std::size_t one = 0; one < servers.size(); ++one) {
    for (std::size_t other = one + 1; other < servers.size(); ++other) {
      if (!is_cut(one, other)) continue;
      directions.push_back({.from = servers[one], .to = servers[other]});
      directions.push_back({.from = servers[other], .to = servers[one]});
    }
  }
  return directions;
}

// From the first server to each other one.
std::vector<Direction> Outgoing(const std::vector<Id>& servers) {
  std::vector<Direction> directions;
  for (std::size_t other = 1; other < servers.size(); ++other) {
    directions.push_back({.from = servers[0], .to = servers[other]});
  }
  return directions;
}

std::vector<Direction> Incoming(const std::vector<Id>& servers) {
  std::vector<Direction> directions = Outgoing(servers);
  for (Direction& direction : directions) direction = Reversed(direction);
  return directions;
}

}  // namespace

std::vector<Direction> HeldBy(FaultKind kind, const std::vector<Id>& servers) {
  const std::size_t middle = servers.size() / 2;
  switch (kind) {
    case FaultKind::kMute:
      return Outgoing(servers);
    case FaultKind::kDeafen:
      return Incoming(servers);
    case FaultKind::kIsolate:
      return PairsOf(servers, [](auto one, auto) { return one == 0; });
    case FaultKind::kSplit:
      return PairsOf(servers,
                     [middle](auto one, auto other) { return one < middle && other >= middle; });
    case FaultKind::kPart:
      return PairsOf(servers, [](auto one, auto other) { return one == 0 && other == 1; });
    case FaultKind::kBridge:
      return PairsOf(servers,
                     [middle](auto one, auto other) { return one < middle && other > middle; });
    default:
      RAFT_CHECK(kind == FaultKind::kChain, "only a cut holds anything");
      return PairsOf(servers, [](auto one, auto other) { return other - one > 1; });
  }
}

std::vector<Direction> AllDirections(const std::vector<Id>& servers) {
  return PairsOf(servers, [](auto, auto) { return true; });
}

}  // namespace raft::chaos
