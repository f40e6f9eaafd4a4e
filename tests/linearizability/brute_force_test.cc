// The checker agrees with the definition on thousands of short histories: honest ones, ones with a
// few lies, and ones that are nothing but noise.
#include "tests/linearizability/brute_force.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "core/random_source.h"
#include "tests/linearizability/checker.h"
#include "tests/linearizability/history_text.h"
#include "tests/linearizability/key_history.h"
#include "tests/linearizability/search.h"
#include "tests/linearizability/simulated_register.h"
#include "tests/linearizability/test_seed.h"

namespace raft::linearizability {
namespace {

constexpr std::uint64_t kHistories = 20'000;

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
  options.keys = random.Between(1, 5) == 1 ? 2 : 1;
  options.values = random.Between(0, 2);
  options.unknown_percent = random.Between(0, 2) * 20;
  History history = SimulatedRegister(options, seed).Run();
  for (std::uint32_t lies = random.Between(0, 6); lies > 0; --lies) {
    Tamper(history[random.Between(0, options.operations - 1)], random);
  }
  return history;
}

// Not an answer of it was given by a store; few words, so that some fit together by chance.
History Noise(std::uint64_t seed) {
  RandomSource random(seed);
  const auto value = [&] { return "v" + std::to_string(random.Between(1, 2)); };
  History history(random.Between(2, 7));
  for (Operation& operation : history) {
    operation.kind = static_cast<OperationKind>(random.Between(0, 3));
    operation.key = "a";
    operation.value = value();
    operation.expected_revision = random.Between(0, 4);
    operation.called_at = random.Between(0, 9);
    if (operation.kind != OperationKind::kGet && random.Between(0, 2) != 0) continue;  // unknown
    operation.outcome = Outcome::kHappened;
    operation.returned_at = operation.called_at + random.Between(0, 6);
    const bool may_fail = operation.kind != OperationKind::kPut;
    operation.succeeded =
        may_fail && operation.kind != OperationKind::kGet && random.Between(0, 1) == 0;
    if (operation.succeeded || !may_fail) {
      operation.revision = random.Between(1, 6);
    } else if (random.Between(0, 2) != 0) {
      operation.seen = Item{value(), random.Between(1, 5)};
    }
  }
  return history;
}

bool IsAccepted(const History& history) { return CheckHistory(history).is_linearizable(); }

// The same of a history of one key, by a search that first keeps a single possibility.
bool IsAcceptedByANarrowSearch(const History& history) {
  KeyHistories keys(history);
  return KeySearch(kStepsMax, 1).Search(keys.Prepare(0)) == SearchEnd::kOrderFound;
}

// Fails at the first history that the two see differently; returns how many are linearizable.
std::uint64_t Compare(History (*make)(std::uint64_t seed), bool (*is_accepted)(const History&)) {
  const std::uint64_t first = TestSeed();
  std::uint64_t accepted = 0;
  for (std::uint64_t seed = first; seed < first + kHistories && !testing::Test::HasFailure();
       ++seed) {
    const History history = make(seed);
    const bool expected = IsLinearizableByBruteForce(history);
    EXPECT_EQ(is_accepted(history), expected)
        << "RAFT_TEST_SEED=" << seed << "\n"
        << ToText(history) << CheckHistory(history).explanation;
    accepted += expected ? 1 : 0;
  }
  std::printf("%llu histories, %llu linearizable\n", (unsigned long long)kHistories,
              (unsigned long long)accepted);
  return accepted;
}

// A test that sees only one verdict proves half: hence the bounds.

TEST(BruteForceTest, AgreesWithTheCheckerOnShortHistoriesWithLies) {
  const std::uint64_t accepted = Compare(AShortHistory, IsAccepted);
  EXPECT_GT(accepted, kHistories / 10);
  EXPECT_LT(accepted, kHistories * 9 / 10);
}

TEST(BruteForceTest, AgreesWithTheCheckerOnNoise) {
  const std::uint64_t accepted = Compare(Noise, IsAccepted);
  EXPECT_GT(accepted, kHistories / 10);
  EXPECT_LT(accepted, kHistories * 9 / 10);
}

TEST(BruteForceTest, AgreesWithASearchThatHadToWiden) {
  const std::uint64_t accepted = Compare(Noise, IsAcceptedByANarrowSearch);
  EXPECT_GT(accepted, kHistories / 10);
  EXPECT_LT(accepted, kHistories * 9 / 10);
}

}  // namespace
}  // namespace raft::linearizability
