// Honest histories of random clients are accepted, and refused once one place is broken.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "tests/linearizability/breakages.h"
#include "tests/linearizability/checker.h"
#include "tests/linearizability/history_text.h"
#include "tests/linearizability/simulated_register.h"
#include "tests/linearizability/test_seed.h"

namespace raft::linearizability {
namespace {

constexpr std::uint64_t kHistories = 2'000;

RegisterOptions RandomOptions(RandomSource& random) {
  RegisterOptions options;
  options.clients = random.Between(1, 8);
  options.operations = random.Between(20, 400);
  options.keys = random.Between(1, 4);
  options.unknown_percent = random.Between(0, 3) * 15;
  options.refused_percent = random.Between(0, 10);
  return options;
}

TEST(RandomHistoryTest, AnHonestStoreIsAccepted) {
  const std::uint64_t first = TestSeed();
  std::uint64_t operations = 0;
  std::uint64_t unknown = 0;
  for (std::uint64_t seed = first; seed < first + kHistories; ++seed) {
    RandomSource random(seed);
    RegisterOptions options = RandomOptions(random);
    options.values = random.Between(0, 3);
    const History history = SimulatedRegister(options, seed).Run();
    const Verdict verdict = CheckHistory(history);
    ASSERT_TRUE(verdict.is_linearizable()) << "RAFT_TEST_SEED=" << seed << "\n"
                                           << verdict.explanation << ToText(history);
    operations += history.size();
    unknown += static_cast<std::uint64_t>(std::count_if(
        history.begin(), history.end(),
        [](const Operation& operation) { return operation.outcome == Outcome::kUnknown; }));
  }
  std::printf("%llu operations, %llu of unknown outcome\n", (unsigned long long)operations,
              (unsigned long long)unknown);
  EXPECT_GT(unknown, operations / 20);
}

// The breakage that applies first, tried from a random one on.
const Breakage* BreakInOnePlace(History& history, RandomSource& random) {
  const auto size = static_cast<std::uint32_t>(Breakages().size());
  const std::uint32_t first = random.Between(0, size - 1);
  for (std::uint32_t i = 0; i < size; ++i) {
    const Breakage& breakage = Breakages()[(first + i) % size];
    if (breakage.apply(history, random)) return &breakage;
  }
  return nullptr;
}

TEST(RandomHistoryTest, OneBrokenPlaceIsRefused) {
  std::map<std::string, int> times;
  const std::uint64_t first = TestSeed();
  for (std::uint64_t seed = first; seed < first + kHistories; ++seed) {
    RandomSource random(seed);
    const RegisterOptions options = RandomOptions(random);
    History history = SimulatedRegister(options, seed).Run();
    ASSERT_TRUE(CheckHistory(history).is_linearizable()) << "RAFT_TEST_SEED=" << seed;
    const Breakage* breakage = BreakInOnePlace(history, random);
    ASSERT_NE(breakage, nullptr) << "RAFT_TEST_SEED=" << seed;
    EXPECT_EQ(CheckHistory(history).judgement, Judgement::kNotLinearizable)
        << "RAFT_TEST_SEED=" << seed << ": " << breakage->name << "\n"
        << ToText(history);
    ++times[breakage->name];
  }
  for (const auto& [name, count] : times) std::printf("%5d %s\n", count, name.c_str());
  EXPECT_EQ(times.size(), Breakages().size()) << "a way to break a history was never used";
}

}  // namespace
}  // namespace raft::linearizability
