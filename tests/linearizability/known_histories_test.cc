// Each history of histories/*.txt has the verdict that is written under it.
#include "tests/linearizability/known_histories.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "tests/linearizability/brute_force.h"
#include "tests/linearizability/checker.h"

namespace raft::linearizability {

// Named by GoogleTest when it prints a parameter.
void PrintTo(const KnownHistory& history, std::ostream* out) { *out << history.sentence; }

namespace {

class KnownHistoryTest : public testing::TestWithParam<KnownHistory> {};

TEST_P(KnownHistoryTest, IsJudgedAsWritten) {
  const KnownHistory& known = GetParam();
  const Verdict verdict = CheckHistory(known.operations);
  EXPECT_EQ(verdict.judgement,
            known.is_linearizable ? Judgement::kLinearizable : Judgement::kNotLinearizable)
      << verdict.explanation;
  EXPECT_EQ(verdict.explanation.empty(), known.is_linearizable);
}

TEST_P(KnownHistoryTest, IsWrittenAsTheDefinitionHasIt) {
  EXPECT_EQ(IsLinearizableByBruteForce(GetParam().operations), GetParam().is_linearizable);
}

// The sentence as a name: "A stale read" is AStaleRead.
std::string Name(const testing::TestParamInfo<KnownHistory>& history) {
  std::string name = history.param.file + "_";
  bool is_start = true;
  for (const char letter : history.param.sentence) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0) name += is_start ? static_cast<char>(std::toupper(byte)) : letter;
    is_start = std::isalnum(byte) == 0;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, KnownHistoryTest, testing::ValuesIn(KnownHistories()), Name);

TEST(KnownHistoriesTest, ThereAreManyOfBothVerdicts) {
  const std::vector<KnownHistory> histories = KnownHistories();
  const auto accepted = std::count_if(histories.begin(), histories.end(),
                                      [](const auto& known) { return known.is_linearizable; });
  EXPECT_GE(accepted, 50);
  EXPECT_GE(static_cast<std::ptrdiff_t>(histories.size()) - accepted, 50);
}

// Else a history could be refused for a reason that its sentence does not tell.
TEST(KnownHistoriesTest, EveryClientHasAtMostOneOperationOpen) {
  for (const KnownHistory& known : KnownHistories()) {
    for (const Operation& one : known.operations) {
      for (const Operation& other : known.operations) {
        const bool is_beside =
            &one != &other && one.client == other.client && one.called_at <= other.called_at &&
            one.outcome != Outcome::kUnknown && one.returned_at > other.called_at;
        EXPECT_FALSE(is_beside) << known.sentence;
      }
    }
  }
}

}  // namespace
}  // namespace raft::linearizability
