#include "tests/simulation/reduction.h"

#include <chrono>

namespace raft::simulation {

Wishes Reduce(const Red& red, const Wishes& wishes, double seconds_max) {
  using SteadyClock = std::chrono::steady_clock;
  const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds_max);
  Wishes smallest = wishes;
  const auto try_it = [&](const Wishes& smaller) {
    if (SteadyClock::now() > end) return false;
    const std::optional<Red> still = RunOneSeed(red.seed, smaller, /*told=*/false);
    if (!still || still->law != red.law) return false;
    smallest = smaller;
    return true;
  };
  // A storm that ends just after the law was broken, then shorter and shorter.
  Wishes shorter = smallest;
  const Moment drawn = DrawFaultPlan(red.seed, smallest).storm_length;
  for (Moment length = drawn / 2; length >= kSecond / 4; length /= 2) {
    shorter.storm_length = length;
    if (!try_it(shorter)) break;
  }
  const FaultSet faults = DrawFaultPlan(red.seed, smallest).faults;
  for (std::size_t fault = 0; fault < kFaults; ++fault) {
    if (!faults[fault]) continue;
    Wishes fewer = smallest;
    fewer.without.set(fault);
    try_it(fewer);
  }
  for (std::uint32_t servers = 1; servers < DrawFaultPlan(red.seed, smallest).servers; ++servers) {
    Wishes fewer = smallest;
    fewer.servers = servers;
    if (try_it(fewer)) break;
  }
  return smallest;
}

std::string ReplayCommand(std::uint64_t seed, const Wishes& wishes) {
  std::string command = "simulation --replay " + std::to_string(seed) + " --schedule " +
                        (wishes.schedule == Schedule::kSwarm ? "swarm" : "uniform");
  if (wishes.servers != 0) command += " --servers " + std::to_string(wishes.servers);
  if (wishes.real_storage) command += *wishes.real_storage ? " --storage real" : " --storage thin";
  if (wishes.storm_length) {
    command += " --storm-ms " + std::to_string(*wishes.storm_length / kMillisecond);
  }
  if (wishes.without.any()) command += " --without " + NamesOf(wishes.without);
  return command;
}

}  // namespace raft::simulation
