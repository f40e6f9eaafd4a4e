// Schedules are what their seeds make them, and cuts hold what their names say.
#include "tests/chaos/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/chaos/cuts.h"

namespace raft::chaos {
namespace {

constexpr Milliseconds kLength{30'000};

Schedule Draw(const Scenario& scenario, std::uint64_t seed) {
  RandomSource random(seed);
  return scenario.draw(random, kLength);
}

auto Fields(const Fault& fault) {
  return std::tuple(fault.kind, fault.target.from_leader, fault.target.steps, fault.begins,
                    fault.lasts, fault.slowness.delay, fault.slowness.jitter);
}

bool AreSame(const Schedule& one, const Schedule& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const Fault& a, const Fault& b) { return Fields(a) == Fields(b); });
}

TEST(ScenarioTest, TheSameSeedDrawsTheSameScheduleAndAnotherSeedAnotherOne) {
  for (const Scenario& scenario : Scenarios()) {
    EXPECT_TRUE(AreSame(Draw(scenario, 7), Draw(scenario, 7))) << scenario.name;
    EXPECT_FALSE(AreSame(Draw(scenario, 7), Draw(scenario, 8))) << scenario.name;
  }
}

TEST(ScenarioTest, FaultsComeInOrderWithinTheRunAndOften) {
  for (const Scenario& scenario : Scenarios()) {
    const Schedule schedule = Draw(scenario, 1);
    EXPECT_GE(schedule.size(), 6u) << scenario.name;
    EXPECT_TRUE(std::is_sorted(schedule.begin(), schedule.end(), [](const auto& a, const auto& b) {
      return a.begins < b.begins;
    })) << scenario.name;
    EXPECT_LT(schedule.back().begins, kLength) << scenario.name;
    EXPECT_GE(schedule.front().begins, Milliseconds(0)) << scenario.name;
  }
}

TEST(ScenarioTest, EveryKindOfFaultIsDrawnBySomeScenario) {
  std::set<FaultKind> drawn;
  for (const Scenario& scenario : Scenarios()) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      for (const Fault& fault : Draw(scenario, seed)) drawn.insert(fault.kind);
    }
  }
  EXPECT_EQ(drawn.size(), kFaultKinds);
}

TEST(ScenarioTest, ARollingRestartTakesOneServerAfterTheOtherAndTheLeaderInBetween) {
  std::vector<std::uint32_t> servers;
  std::size_t leaders = 0;
  for (const Fault& fault : Draw(*FindScenario("rolling-restart"), 1)) {
    if (fault.kind != FaultKind::kTerminate) continue;
    if (fault.target.from_leader) {
      EXPECT_EQ(++leaders, servers.size());
    } else {
      servers.push_back(fault.target.steps);
    }
  }
  ASSERT_GE(servers.size(), 3u);
  for (std::size_t number = 0; number < servers.size(); ++number) {
    EXPECT_EQ(servers[number], number % 3);
  }
}

std::set<Direction> Held(FaultKind kind, const std::vector<Id>& servers) {
  const std::vector<Direction> held = HeldBy(kind, servers);
  return {held.begin(), held.end()};
}

TEST(CutsTest, AMuteServerHearsAllAndADeafOneIsHeardByAll) {
  EXPECT_EQ(Held(FaultKind::kMute, {2, 3, 1}), (std::set<Direction>{{2, 3}, {2, 1}}));
  EXPECT_EQ(Held(FaultKind::kDeafen, {2, 3, 1}), (std::set<Direction>{{3, 2}, {1, 2}}));
  EXPECT_EQ(Held(FaultKind::kIsolate, {2, 3, 1}),
            (std::set<Direction>{{2, 3}, {2, 1}, {3, 2}, {1, 2}}));
}

TEST(CutsTest, ASplitLeavesAMinorityThatHearsItself) {
  const std::set<Direction> held = Held(FaultKind::kSplit, {4, 5, 1, 2, 3});
  EXPECT_EQ(held.size(), 12u);
  for (const Direction& direction : held) EXPECT_NE(direction.from >= 4, direction.to >= 4);
}

TEST(CutsTest, PartedServersHearEverybodyElse) {
  EXPECT_EQ(Held(FaultKind::kPart, {2, 3, 1}), (std::set<Direction>{{2, 3}, {3, 2}}));
}

TEST(CutsTest, TheBridgeHearsBothHalvesAndTheyDoNotHearEachOther) {
  EXPECT_EQ(Held(FaultKind::kBridge, {1, 2, 3, 4, 5}),
            (std::set<Direction>{{1, 4}, {4, 1}, {1, 5}, {5, 1}, {2, 4}, {4, 2}, {2, 5}, {5, 2}}));
}

TEST(CutsTest, InAChainEachServerHearsItsNeighbours) {
  const std::set<Direction> held = Held(FaultKind::kChain, {1, 2, 3, 4, 5});
  EXPECT_EQ(held.size(), AllDirections({1, 2, 3, 4, 5}).size() - 8);
  for (const Id left : {1, 2, 3, 4}) {
    EXPECT_FALSE(held.contains({left, left + 1}));
    EXPECT_FALSE(held.contains({left + 1, left}));
  }
}

}  // namespace
}  // namespace raft::chaos
