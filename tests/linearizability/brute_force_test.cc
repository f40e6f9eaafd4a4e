// The checker agrees with the definition, on thousands of short histories: honest ones, ones with
// a lie or two, and ones that are nothing but noise.
#include "tests/linearizability/brute_force.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "core/random_source.h"
#include "tests/linearizability/checker.h"
#include "tests/linearizability/history_text.h"
#include "tests/linearizability/simulated_register.h"
#include "tests/linearizability/test_seed.h"

namespace raft::linearizability {
namespace {

constexpr std::uint64_t kHistories = 2'000;

// Changes one word of one operation, in a way that may or may not be explainable.
void Tamper(Operation& operation, RandomSource& random) {
  const auto small = [&] { return random.Between(0, 8); };
  switch (random.Between(0, 7)) {
    case 0:
      if (operation.revision != 0) operation.revision = small();
      break;
    case 1:
      if (operation.seen) operation.seen->modified_revision = small();
      break;
    case 2:
      if (operation.seen) operation.seen->value = "v" + std::to_string(random.Between(1, 2));
      break;
    case 3:
      operation.seen.reset();
      break;
    case 4:
      operation.succeeded = !operation.succeeded;
      if (operation.succeeded && operation.revision == 0) operation.revision = 1 + small();
      if (!operation.succeeded) operation.revision = 0;
      break;
    case 5:
      operation.expected_revision = small();
      break;
    case 6:
      operation.called_at -= small();
      break;
    default:
      operation.outcome = static_cast<Outcome>(random.Between(0, 2));
      operation.returned_at = std::max(operation.called_at, std::int64_t{small()} * 2);
      break;
  }
}

History AShortHistory(std::uint64_t seed) {
  RandomSource random(seed);
  RegisterOptions options;
  options.clients = random.Between(1, 5);
  options.operations = random.Between(2, 8);
  options.keys = random.Between(1, 10) == 1 ? 2 : 1;
  options.values = random.Between(0, 2);
  options.unknown_percent = random.Between(0, 2) * 15;
  History history = SimulatedRegister(options, seed).Run();
  for (std::uint32_t lies = random.Between(0, 3); lies > 0; --lies) {
    Tamper(history[random.Between(0, options.operations - 1)], random);
  }
  return history;
}

TEST(BruteForceTest, AgreesWithTheCheckerOnEveryShortHistory) {
  const std::uint64_t first = TestSeed();
  std::uint64_t accepted = 0;
  for (std::uint64_t seed = first; seed < first + kHistories; ++seed) {
    const History history = AShortHistory(seed);
    const Verdict verdict = CheckHistory(history);
    ASSERT_NE(verdict.judgement, Judgement::kUndecided);
    const bool expected = IsLinearizableByBruteForce(history);
    ASSERT_EQ(verdict.is_linearizable(), expected) << "RAFT_TEST_SEED=" << seed << "\n"
                                                   << ToText(history) << verdict.explanation;
    accepted += expected ? 1 : 0;
  }
  std::printf("%llu histories, %llu linearizable\n", (unsigned long long)kHistories,
              (unsigned long long)accepted);
  // A test that sees only one verdict proves half.
  EXPECT_GT(accepted, kHistories / 5);
  EXPECT_LT(accepted, kHistories * 4 / 5);
}

}  // namespace
}  // namespace raft::linearizability
