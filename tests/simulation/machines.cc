#include "tests/simulation/machines.h"

#include "tests/simulation/thin_machine.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPartOfFirstMachine = 2'000;
constexpr LogTimeMs kFoundingTimeMs = 1'700'000'000'000;

}  // namespace

std::vector<std::unique_ptr<Machine>> MakeMachines(std::uint64_t seed, const FaultPlan& plan) {
  std::vector<std::unique_ptr<Machine>> machines;
  for (std::uint32_t id = 1; id <= plan.servers; ++id) {
    machines.push_back(
        std::make_unique<ThinMachine>(seed + kPartOfFirstMachine * id, kFoundingTimeMs));
  }
  return machines;
}

}  // namespace raft::simulation
