#include "tests/chaos/scenario.h"

#include <algorithm>
#include <functional>

namespace raft::chaos {
namespace {

// Before the first fault of most scenarios: the cluster forms, and there is something to lose.
constexpr Milliseconds kQuietStart{1'000};
// How long a cluster is disturbed at its birth.
constexpr Milliseconds kBirth{2'000};
// Several times what a new leader needs, on a machine that has other work too; less than the 5.5 s
// after which keepalive would silence a leader that hears nobody and leads on.
constexpr Milliseconds kGapMax{4'500};
// Longer than that: a cluster that only waits for the end of a fault is found out.
constexpr Milliseconds kLongFault{8'000};

struct Range {
  std::uint32_t min_ms;
  std::uint32_t max_ms;

  Milliseconds max() const { return Milliseconds(max_ms); }
  Milliseconds Draw(RandomSource& random) const {
    return Milliseconds(random.Between(min_ms, max_ms));
  }
};

// Faults one after the other.
struct Rhythm {
  Range lasts;
  Range pause;  // after each
  Milliseconds first = kQuietStart;
  bool awaits_calm = true;
};

using DrawFault = std::function<Fault(RandomSource&)>;

Schedule Repeat(RandomSource& random, Milliseconds length, const Rhythm& rhythm,
                const DrawFault& draw) {
  Schedule schedule;
  for (Milliseconds now = rhythm.first; now < length;) {
    Fault fault = draw(random);
    fault.begins = now;
    fault.lasts = rhythm.lasts.Draw(random);
    fault.awaits_calm = rhythm.awaits_calm;
    now += fault.lasts + rhythm.pause.Draw(random);
    schedule.push_back(fault);
  }
  return schedule;
}

// One of these, the leader or a server that far behind it.
DrawFault AnyOf(std::vector<FaultKind> kinds, std::uint32_t servers) {
  return [kinds = std::move(kinds), servers](RandomSource& random) {
    const std::uint32_t kind = random.Between(0, static_cast<std::uint32_t>(kinds.size()) - 1);
    return Fault{.kind = kinds[kind], .target = {.steps = random.Between(0, servers - 1)}};
  };
}

// Always the leader.
DrawFault OfLeader(std::vector<FaultKind> kinds) { return AnyOf(std::move(kinds), 1); }

Fault SlowLinks(RandomSource& random) {
  const LinkRule slowness{.delay = Milliseconds(random.Between(0, 60)),
                          .jitter = Milliseconds(random.Between(0, 60))};
  return {.kind = FaultKind::kSlow, .slowness = slowness};
}

Schedule Merged(std::vector<Schedule> schedules) {
  Schedule merged;
  for (const Schedule& one : schedules) merged.insert(merged.end(), one.begin(), one.end());
  std::stable_sort(merged.begin(), merged.end(),
                   [](const Fault& one, const Fault& other) { return one.begins < other.begins; });
  return merged;
}

// Short faults first, and these long ones at the end if there is time.
Schedule RepeatAndEndLong(RandomSource& random, Milliseconds length, const Rhythm& rhythm,
                          const DrawFault& draw, Schedule long_faults) {
  Milliseconds begins = length;
  for (Fault& fault : long_faults) {
    begins -= kLongFault + rhythm.pause.max();
    fault.begins = begins;
    fault.lasts = kLongFault;
    fault.awaits_calm = true;
  }
  std::reverse(long_faults.begin(), long_faults.end());
  if (begins <= kQuietStart + rhythm.lasts.max()) return Repeat(random, length, rhythm, draw);
  return Merged({Repeat(random, begins - rhythm.lasts.max(), rhythm, draw), long_faults});
}

Schedule KillLeader(RandomSource& random, Milliseconds length) {
  const Rhythm rhythm{.lasts = {50, 1'500}, .pause = {700, 2'000}};
  return Repeat(random, length, rhythm, OfLeader({FaultKind::kKill}));
}

Schedule KillAll(RandomSource& random, Milliseconds length) {
  const Rhythm birth{
      .lasts = {0, 100}, .pause = {20, 400}, .first = Milliseconds(0), .awaits_calm = false};
  const Rhythm life{.lasts = {0, 300}, .pause = {1'000, 3'000}, .first = kBirth};
  const DrawFault kill_all = OfLeader({FaultKind::kKillAll});
  return Merged({Repeat(random, std::min(length, kBirth), birth, kill_all),
                 Repeat(random, length, life, kill_all)});
}

// Every other time as a suspended machine, whose network comes back a little later than itself: its
// clients meet a leader that cannot have heard yet that it leads no more.
Schedule StopLeader(RandomSource& random, Milliseconds length) {
  const Rhythm rhythm{.lasts = {100, 3'000}, .pause = {700, 1'500}};
  const Schedule stops = Repeat(random, length, rhythm, OfLeader({FaultKind::kStandStill}));
  Schedule cuts;
  for (std::size_t number = 0; number < stops.size(); number += 2) {
    cuts.push_back({.kind = FaultKind::kIsolate,
                    .begins = stops[number].begins,
                    .lasts = stops[number].lasts + Milliseconds(250),
                    .awaits_calm = true});
  }
  return Merged({cuts, stops});
}

Schedule OneWayCuts(RandomSource& random, Milliseconds length) {
  const Rhythm rhythm{.lasts = {100, 3'000}, .pause = {500, 1'500}};
  return RepeatAndEndLong(random, length, rhythm, OfLeader({FaultKind::kMute, FaultKind::kDeafen}),
                          {{.kind = FaultKind::kMute}, {.kind = FaultKind::kDeafen}});
}

Schedule PartialPartitions(RandomSource& random, Milliseconds length) {
  const Rhythm rhythm{.lasts = {300, 2'500}, .pause = {200, 1'000}};
  const DrawFault draw =
      AnyOf({FaultKind::kSplit, FaultKind::kPart, FaultKind::kBridge, FaultKind::kChain}, 5);
  return RepeatAndEndLong(random, length, rhythm, draw, {draw(random)});
}

Schedule BadLinks(RandomSource& random, Milliseconds length) {
  const Rhythm slow{.lasts = {1'000, 4'000}, .pause = {0, 500}, .awaits_calm = false};
  const Rhythm resets{.lasts = {0, 0}, .pause = {100, 800}, .awaits_calm = false};
  return Merged({Repeat(random, length, slow, SlowLinks),
                 Repeat(random, length, resets, AnyOf({FaultKind::kReset}, 3))});
}

// Every other time it is the leader, which has become deaf shortly before and stays so until it has
// stopped: of proposals whose fate it cannot learn it must say that nobody knows it.
Schedule RollingRestart(RandomSource& random, Milliseconds length) {
  constexpr Milliseconds kDeafBefore{200};
  constexpr Milliseconds kLongestStop{2'000};
  const Range down{0, 1'000};
  const Range pause{700, 1'500};
  Schedule schedule;
  Milliseconds now = kQuietStart;
  for (std::uint32_t number = 0; now < length; ++number) {
    const bool is_leader = number % 2 == 1;
    Fault restart{.kind = FaultKind::kTerminate,
                  .begins = now,
                  .lasts = down.Draw(random),
                  .awaits_calm = true};
    restart.target = {.from_leader = is_leader, .steps = is_leader ? 0 : number / 2 % 3};
    if (is_leader) {
      schedule.push_back(
          {.kind = FaultKind::kDeafen, .begins = now, .lasts = kLongestStop, .awaits_calm = true});
      restart.begins += kDeafBefore;
      restart.lasts = kLongestStop - kDeafBefore;
    }
    schedule.push_back(restart);
    now = restart.begins + restart.lasts + pause.Draw(random);
  }
  return schedule;
}

Schedule EverythingAtOnce(RandomSource& random, Milliseconds length) {
  const Rhythm flapping{.lasts = {50, 1'000}, .pause = {50, 1'000}, .awaits_calm = false};
  const Target flapper{.from_leader = false, .steps = random.Between(0, 4)};
  const Rhythm storm{.lasts = {100, 2'000}, .pause = {200, 1'500}, .awaits_calm = false};
  const Rhythm resets{.lasts = {0, 0}, .pause = {200, 2'000}, .awaits_calm = false};
  return Merged(
      {Repeat(random, length, flapping,
              [flapper](RandomSource&) {
                return Fault{.kind = FaultKind::kIsolate, .target = flapper};
              }),
       Repeat(random, length, storm,
              AnyOf({FaultKind::kKill, FaultKind::kStandStill, FaultKind::kTerminate}, 5)),
       Repeat(random, length, storm,
              AnyOf({FaultKind::kMute, FaultKind::kDeafen, FaultKind::kIsolate, FaultKind::kSplit,
                     FaultKind::kPart, FaultKind::kBridge, FaultKind::kChain},
                    5)),
       Repeat(random, length, storm, SlowLinks),
       Repeat(random, length, resets, AnyOf({FaultKind::kReset}, 5))});
}

}  // namespace

const std::vector<Scenario>& Scenarios() {
  static const std::vector<Scenario> kScenarios = {
      {"kill-leader", "NothingIsLostWhenEveryLeaderIsKilledInTurn", 3, kGapMax, KillLeader},
      {"kill-all", "NothingIsLostWhenAllServersAreKilledAtOnce", 3, {}, KillAll},
      {"stop-leader", "ALeaderThatStoodStillServesNoStaleReadAndForgetsNoWrite", 3, kGapMax,
       StopLeader},
      {"one-way-cuts", "ALeaderThatIsOnlyHeardOrOnlyHearsDoesNoHarm", 3, kGapMax, OneWayCuts},
      {"partial-partitions", "ServersThatDisagreeAboutWhoIsReachableDoNoHarm", 5, kGapMax,
       PartialPartitions},
      {"bad-links", "DelaysAndResetsEverywhereDoNoHarm", 3, {}, BadLinks},
      {"rolling-restart", "ARollingRestartUnderLoadLosesNothing", 3, kGapMax, RollingRestart},
      {"everything", "AllFaultsAtOnceAndAFlappingServerDoNoHarm", 5, {}, EverythingAtOnce},
  };
  return kScenarios;
}

std::optional<Scenario> FindScenario(const std::string& name) {
  for (const Scenario& scenario : Scenarios()) {
    if (scenario.name == name) return scenario;
  }
  return std::nullopt;
}

}  // namespace raft::chaos
