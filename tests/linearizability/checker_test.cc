// What the checker says beside its verdict, and what it spends; histories with known verdicts are
// in histories/.
#include "tests/linearizability/checker.h"

#include <gmock/gmock.h>

#include "tests/linearizability/history_text.h"
#include "tests/linearizability/simulated_register.h"

namespace raft::linearizability {
namespace {

TEST(CheckerTest, AcceptsAnEmptyHistory) { EXPECT_TRUE(CheckHistory({}).is_linearizable()); }

TEST(CheckerTest, NamesTheOperationThatNothingExplains) {
  const Verdict verdict = CheckHistory(ParseHistory(R"(
      c1 put k=old rev 3 @1..2
      c1 put k=new rev 5 @3..4
      c2 get k=old rev 3 @5..6)"));
  EXPECT_EQ(verdict.explanation, R"(key "k": no order of its operations explains
    client 2   get k                        shown "old" of revision 3                called 5, returned 6
  after the furthest order found, 2 long:
    client 1   put k = "old"                revision 3                               called 1, returned 2
    client 1   put k = "new"                revision 5                               called 3, returned 4
  The key then holds "new" of revision 5.
)");
}

TEST(CheckerTest, NamesWhatIsOpenBesideIt) {
  const Verdict verdict = CheckHistory(ParseHistory(R"(
      c1 cas k=a if 0 unknown @1
      c2 put k=b rev 2 @2..9
      c3 delete k none @3..8
      c4 get k=z rev 1 @4..5)"));
  EXPECT_EQ(verdict.explanation, R"(key "k": no order of its operations explains
    client 4   get k                        shown "z" of revision 1                  called 4, returned 5
  after the furthest order found, 1 long:
    client 3   delete k                     nothing there                            called 3, returned 8
  with these open beside it, in no order yet:
    client 2   put k = "b"                  revision 2                               called 2, returned 9
  The key then holds nothing.
)");
}

TEST(CheckerTest, NamesTwoOperationsThatNoLogCanHold) {
  const Verdict verdict = CheckHistory(ParseHistory(R"(
      c1 put k=a rev 3 @1..4
      c2 put l=b rev 3 @2..5)"));
  EXPECT_EQ(verdict.explanation, R"(no one log can give these two their revisions
    client 1   put k = "a"                  revision 3                               called 1, returned 4
    client 2   put l = "b"                  revision 3                               called 2, returned 5
)");
}

TEST(CheckerTest, ShowsOnlyTheNewestOfALongOrder) {
  History history;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    const std::string n = std::to_string(i);
    history.push_back(ParseOperation("c1 put k=" + n + " rev " + n + " @" + n + ".." + n));
  }
  history.push_back(ParseOperation("c1 get k none @101..102"));
  const std::string explanation = CheckHistory(history).explanation;
  EXPECT_THAT(explanation, testing::HasSubstr("100 long:\n    ... 88 before these\n"));
  EXPECT_THAT(explanation, testing::HasSubstr("holds \"100\" of revision 100."));
}

TEST(CheckerTest, IsUndecidedOnceTheBudgetIsSpent) {
  const History history = ParseHistory(R"(
      c1 put k=a rev 3 @1..4
      c2 put k=b rev 4 @1..4
      c1 get k=b rev 4 @5..6
      c2 put l=c rev 5 @5..6)");
  const std::uint64_t steps = CheckHistory(history).steps;
  const Verdict verdict = CheckHistory(history, steps - 1);
  EXPECT_EQ(verdict.judgement, Judgement::kUndecided);
  EXPECT_THAT(verdict.explanation, testing::StartsWith("undecided after"));
  EXPECT_THAT(verdict.explanation, testing::HasSubstr("client 2   put l = \"c\""));
  EXPECT_TRUE(CheckHistory(history, steps).is_linearizable());
}

TEST(CheckerTest, SpendsAFewStepsForAnOperationHoweverLongTheHistoryIs) {
  for (const std::uint32_t operations : {1'000u, 10'000u, 100'000u}) {
    const History history =
        SimulatedRegister({.operations = operations, .unknown_percent = 0}, 1).Run();
    const Verdict verdict = CheckHistory(history);
    EXPECT_TRUE(verdict.is_linearizable()) << verdict.explanation;
    EXPECT_LT(verdict.steps, 2 * operations);
  }
}

// An open call stays open: what came after it may not pile up behind it.
TEST(CheckerTest, SpendsAFewStepsBesideAnOperationThatNeverReturns) {
  History history = SimulatedRegister({.operations = 10'000, .unknown_percent = 0}, 1).Run();
  history.push_back(ParseOperation("c9 cas a=x if 1000000 shown none @0"));
  const Verdict verdict = CheckHistory(history);
  EXPECT_TRUE(verdict.is_linearizable()) << verdict.explanation;
  EXPECT_LT(verdict.steps, 4 * history.size());
}

}  // namespace
}  // namespace raft::linearizability
