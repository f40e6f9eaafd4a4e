// chaos: real raftd processes under load and faults, and the check that nobody could tell.
//
//   chaos --scenario kill-leader --seconds 30
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/chaos/round.h"
#include "tests/chaos/scenario.h"

namespace raft::chaos {
namespace {

struct Options {
  std::string scenario = "all";
  std::uint32_t seconds = 30;
  std::uint32_t round_seconds = 60;
  std::uint64_t seed = std::random_device{}();
};

// Rounds until the time is over or something fails. Each is a run of its own seed, so that the one
// that fails can be repeated alone.
class ChaosTest : public testing::Test {
 public:
  ChaosTest(Scenario scenario, const Options& options)
      : scenario_(std::move(scenario)), options_(options) {}

  void TestBody() override {
    std::uint64_t seed = options_.seed;
    for (std::uint32_t over = 0; over < options_.seconds && !HasFailure(); ++seed) {
      const std::uint32_t seconds = std::min(options_.round_seconds, options_.seconds - over);
      RunRound(scenario_, seed, std::chrono::seconds(seconds));
      over += seconds;
    }
  }

 private:
  const Scenario scenario_;
  const Options options_;
};

void Register(const Scenario& scenario, const Options& options) {
  testing::RegisterTest("ChaosTest", scenario.claim.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [=]() -> testing::Test* { return new ChaosTest(scenario, options); });
}

std::vector<std::string> Names() {
  std::vector<std::string> names{"all"};
  for (const Scenario& scenario : Scenarios()) names.push_back(scenario.name);
  return names;
}

int Run(int argc, char** argv) {
  Options options;
  CLI::App app{"Real raftd processes under load and faults; checks that clients cannot tell."};
  app.add_option("--scenario", options.scenario)->check(CLI::IsMember(Names()));
  app.add_option("--seconds", options.seconds, "how long faults begin, all rounds together")
      ->check(CLI::PositiveNumber);
  app.add_option("--round-seconds", options.round_seconds, "a fresh cluster that often")
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "of the first round; the next has one more")
      ->envname("RAFT_TEST_SEED");
  CLI11_PARSE(app, argc, argv);
  for (const Scenario& scenario : Scenarios()) {
    if (options.scenario == "all" || options.scenario == scenario.name) Register(scenario, options);
  }
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace raft::chaos

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return raft::chaos::Run(argc, argv);
}
