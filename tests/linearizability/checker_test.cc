// The checker's answers beside the verdict; histories with known verdicts are in histories/.
#include "tests/linearizability/checker.h"

#include <gmock/gmock.h>

#include "tests/linearizability/history_text.h"

namespace raft::linearizability {
namespace {

TEST(CheckerTest, AcceptsAnEmptyHistory) { EXPECT_TRUE(CheckHistory({}).is_linearizable()); }

TEST(CheckerTest, NamesTheOperationThatNothingExplains) {
  const Verdict verdict = CheckHistory(ParseHistory(R"(
      c1 put k=old rev 3 @1..2
      c1 put k=new rev 5 @3..4
      c2 get k=old rev 3 @5..6)"));
  EXPECT_EQ(verdict.judgement, Judgement::kNotLinearizable);
  EXPECT_EQ(verdict.explanation, R"(key "k": no order of its operations explains
    client 2   get                          shown "old" of revision 3                called 5, returned 6
  after the furthest order found, 2 long:
    client 1   put "old"                    revision 3                               called 1, returned 2
    client 1   put "new"                    revision 5                               called 3, returned 4
  The key then holds "new" of revision 5.
)");
}

}  // namespace
}  // namespace raft::linearizability
