#include "tests/simulation/machines.h"

#include <string>
#include <utility>

#include "tests/simulation/real_machine.h"
#include "tests/simulation/thin_machine.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPartOfFirstMachine = 2'000;
constexpr LogTimeMs kFoundingTimeMs = 1'700'000'000'000;

std::uint64_t SeedOf(std::uint64_t seed, std::uint32_t id) {
  return seed + kPartOfFirstMachine * id;
}

std::vector<std::unique_ptr<Machine>> MakeThin(std::uint64_t seed, const FaultPlan& plan) {
  std::vector<std::unique_ptr<Machine>> machines;
  std::vector<Member> voters;
  for (std::uint32_t id = 1; id <= plan.servers; ++id) {
    voters.push_back({.server_id = ServerId(id),
                      .incarnation = ThinMachine::kFirstIncarnation,
                      .peer_address = "simulated:" + std::to_string(id)});
  }
  for (std::uint32_t id = 1; id <= plan.all_servers(); ++id) {
    machines.push_back(std::make_unique<ThinMachine>(SeedOf(seed, id), kFoundingTimeMs,
                                                     ClusterConfiguration(voters)));
  }
  return machines;
}

std::vector<std::unique_ptr<Machine>> MakeReal(std::uint64_t seed, const FaultPlan& plan) {
  std::vector<std::unique_ptr<RealMachine>> born;
  FoundingConfiguration founding{
      .cluster_id = std::string(16, 'c'), .log_time_ms = kFoundingTimeMs, .members = {}};
  for (std::uint32_t id = 1; id <= plan.all_servers(); ++id) {
    const bool founds = id <= plan.servers;
    born.push_back(std::make_unique<RealMachine>(SeedOf(seed, id), ServerId(id), founds));
    if (founds) founding.members.push_back(born.back()->member());
  }
  std::vector<std::unique_ptr<Machine>> machines;
  for (std::unique_ptr<RealMachine>& machine : born) {
    machine->Found(founding);
    machines.push_back(std::move(machine));
  }
  return machines;
}

}  // namespace

std::vector<std::unique_ptr<Machine>> MakeMachines(std::uint64_t seed, const FaultPlan& plan) {
  return plan.real_storage ? MakeReal(seed, plan) : MakeThin(seed, plan);
}

}  // namespace raft::simulation
