#include "tests/chaos/fault_injector.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <thread>

#include "tests/chaos/cuts.h"

namespace raft::chaos {
namespace {

constexpr Milliseconds kGracefulStop{5'000};

}  // namespace

void FaultInjector::Start(Id server) {
  servers_.Start(server);
  struck_.erase(server);
}

void FaultInjector::CarryOut(const Schedule& schedule) {
  SteadyTime start = std::chrono::steady_clock::now();
  for (const Fault& fault : schedule) {
    EndUntil(start + fault.begins);
    // The length of a fault and of a pause is what the schedule is about; nothing is awaited.
    std::this_thread::sleep_until(start + fault.begins);
    if (fault.awaits_calm && endings_.empty()) {
      if (!AwaitCalm()) return;
      start = std::max(start, std::chrono::steady_clock::now() - fault.begins);
    }
    ExpectNobodyEndedByItself();
    Begin(fault, start + fault.begins + fault.lasts);
  }
  EndUntil(SteadyTime::max());
}

bool FaultInjector::AwaitCalm() {
  const bool is_calm = integration::WaitUntil([this] {
    std::set<std::uint64_t> leaders;
    for (const Id id : cluster().ids()) {
      const auto status = cluster().Status(id);
      leaders.insert(status.has_value() ? status->header().leader_id() : 0);
    }
    return leaders.size() == 1 && !leaders.contains(0);
  });
  EXPECT_TRUE(is_calm) << "the servers do not agree on a leader although nothing disturbs them";
  return is_calm;
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
  for (const Id id : cluster().ids()) {
    if (struck_.contains(id) || cluster().process(id).IsRunning()) continue;
    ADD_FAILURE() << "server " << id << " ended by itself with code "
                  << cluster().process(id).WaitForExit().value_or(-1);
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

std::vector<Id> FaultInjector::InOrderFrom(const Target& target) {
  std::vector<Id> servers = cluster().ids();
  const Id first = target.from_leader ? leader_() : 1;
  const std::size_t steps = (first - 1 + target.steps) % servers.size();
  std::rotate(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(steps), servers.end());
  return servers;
}

FaultInjector::Undo FaultInjector::Kill(Id server) {
  if (!struck_.insert(server).second) return {};
  cluster().Kill(server);
  return [this, server] { Start(server); };
}

FaultInjector::Undo FaultInjector::KillAll() {
  if (!struck_.empty()) return {};
  for (const Id id : cluster().ids()) cluster().process(id).Signal(SIGKILL);  // all before any wait
  for (const Id id : cluster().ids()) (void)Kill(id);
  return [this] {
    for (const Id id : cluster().ids()) Start(id);
  };
}

FaultInjector::Undo FaultInjector::StandStill(Id server) {
  if (!struck_.insert(server).second) return {};
  cluster().Stop(server);
  return [this, server] {
    cluster().Continue(server);
    struck_.erase(server);
  };
}

FaultInjector::Undo FaultInjector::Terminate(Id server) {
  // Before it answers it has no ear for signals: that would be another way to kill it.
  if (struck_.contains(server) || !cluster().Status(server).has_value()) return {};
  struck_.insert(server);
  cluster().process(server).Signal(SIGTERM);
  return [this, server] {
    EXPECT_EQ(cluster().process(server).WaitForExit(kGracefulStop), 0)
        << "server " << server << " did not stop cleanly";
    cluster().Kill(server);
    Start(server);
  };
}

FaultInjector::Undo FaultInjector::Cut(const std::vector<Direction>& directions) {
  const DisturbanceNumber cut = network().Disturb(directions, {.held = true});
  return [this, cut] { network().Lift(cut); };
}

FaultInjector::Undo FaultInjector::Slow(const LinkRule& slowness) {
  const DisturbanceNumber slowed = network().Disturb(AllDirections(cluster().ids()), slowness);
  return [this, slowed] { network().Lift(slowed); };
}

FaultInjector::Undo FaultInjector::Reset(Id server) {
  for (const Id other : cluster().ids()) {
    if (other != server) network().Reset(server, other);
  }
  return [] {};
}

}  // namespace raft::chaos
