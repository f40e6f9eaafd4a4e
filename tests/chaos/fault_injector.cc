#include "tests/chaos/fault_injector.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <thread>

namespace raft::chaos {
namespace {

constexpr Milliseconds kGracefulStop{5'000};

// From the first to each of the others.
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

// Both directions of every pair of places in `servers` that `is_cut` names.
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

// What a cut of this kind holds; `servers` begins with the target.
std::vector<Direction> HeldBy(FaultKind kind, const std::vector<Id>& servers) {
  const std::size_t middle = servers.size() / 2;
  switch (kind) {
    case FaultKind::kMute:
      return Outgoing(servers);
    case FaultKind::kDeafen:
      return Incoming(servers);
    case FaultKind::kPart:
      return PairsOf(servers, [](auto one, auto other) { return one == 0 && other == 1; });
    case FaultKind::kBridge:
      return PairsOf(servers,
                     [middle](auto one, auto other) { return one < middle && other > middle; });
    case FaultKind::kChain:
      return PairsOf(servers, [](auto one, auto other) { return other - one > 1; });
    default:  // kIsolate
      return PairsOf(servers, [](auto one, auto) { return one == 0; });
  }
}

}  // namespace

void FaultInjector::StartAll() {
  for (const Id id : cluster_.ids()) Start(id);
}

void FaultInjector::Start(Id server) {
  cluster_.Start(server);
  network_.Expect(server, cluster_.process(server).pid());
  struck_.erase(server);
}

void FaultInjector::CarryOut(const Schedule& schedule) {
  const SteadyTime start = std::chrono::steady_clock::now();
  for (const Fault& fault : schedule) {
    EndUntil(start + fault.begins);
    // The length of a fault and of a pause is what the schedule is about; nothing is awaited.
    std::this_thread::sleep_until(start + fault.begins);
    ExpectNobodyEndedByItself();
    Begin(fault, start + fault.begins + fault.lasts);
  }
  EndUntil(SteadyTime::max());
}

void FaultInjector::EndUntil(SteadyTime now) {
  while (!endings_.empty() && endings_.begin()->first <= now) {
    const auto next = endings_.extract(endings_.begin());
    std::this_thread::sleep_until(next.key());
    next.mapped()();
  }
}

void FaultInjector::Begin(const Fault& fault, SteadyTime end) {
  Undo undo = Strike(fault);
  if (!undo) return;
  ++counts_.at(static_cast<std::size_t>(fault.kind));
  endings_.emplace(end, std::move(undo));
}

void FaultInjector::ExpectNobodyEndedByItself() {
  for (const Id id : cluster_.ids()) {
    if (struck_.contains(id) || cluster_.process(id).IsRunning()) continue;
    ADD_FAILURE() << "server " << id << " ended by itself with code "
                  << cluster_.process(id).WaitForExit().value_or(-1);
    Start(id);
  }
}

FaultInjector::Undo FaultInjector::Strike(const Fault& fault) {
  const std::vector<Id> servers = InOrderFrom(fault.target);
  switch (fault.kind) {
    case FaultKind::kKill:
      return Kill(servers[0]);
    case FaultKind::kKillAll:
      return KillAll();
    case FaultKind::kStandStill:
      return StandStill(servers[0]);
    case FaultKind::kTerminate:
      return Terminate(servers[0]);
    case FaultKind::kSlow:
      return Slow(fault.slowness);
    case FaultKind::kReset:
      return Reset(servers[0]);
    default:
      return Cut(HeldBy(fault.kind, servers));
  }
}

std::vector<Id> FaultInjector::InOrderFrom(const Target& target) const {
  std::vector<Id> servers = cluster_.ids();
  const Id first = target.from_leader ? leader_() : 1;
  const std::size_t steps = (first - 1 + target.steps) % servers.size();
  std::rotate(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(steps), servers.end());
  return servers;
}

FaultInjector::Undo FaultInjector::Kill(Id server) {
  if (!struck_.insert(server).second) return {};
  cluster_.Kill(server);
  return [this, server] { Start(server); };
}

FaultInjector::Undo FaultInjector::KillAll() {
  if (!struck_.empty()) return {};
  for (const Id id : cluster_.ids()) cluster_.process(id).Signal(SIGKILL);  // all before any wait
  for (const Id id : cluster_.ids()) (void)Kill(id);
  return [this] { StartAll(); };
}

FaultInjector::Undo FaultInjector::StandStill(Id server) {
  if (!struck_.insert(server).second) return {};
  cluster_.Stop(server);
  return [this, server] {
    cluster_.Continue(server);
    struck_.erase(server);
  };
}

FaultInjector::Undo FaultInjector::Terminate(Id server) {
  if (!struck_.insert(server).second) return {};
  cluster_.process(server).Signal(SIGTERM);
  return [this, server] {
    EXPECT_EQ(cluster_.process(server).WaitForExit(kGracefulStop), 0)
        << "server " << server << " did not stop cleanly";
    cluster_.Kill(server);
    Start(server);
  };
}

FaultInjector::Undo FaultInjector::Cut(const std::vector<Direction>& directions) {
  return [this, cut = network_.Disturb(directions, {.held = true})] { network_.Lift(cut); };
}

FaultInjector::Undo FaultInjector::Slow(const LinkRule& slowness) {
  const auto every_pair = [](auto, auto) { return true; };
  return [this, slowed = network_.Disturb(PairsOf(cluster_.ids(), every_pair), slowness)] {
    network_.Lift(slowed);
  };
}

FaultInjector::Undo FaultInjector::Reset(Id server) {
  for (const Id other : cluster_.ids()) {
    if (other != server) network_.Reset(server, other);
  }
  return [] {};
}

}  // namespace raft::chaos
