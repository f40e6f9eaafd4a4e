// What is written as text reads back as it was.
#include "tests/linearizability/history_text.h"

#include <gtest/gtest.h>

#include "tests/linearizability/checker.h"
#include "tests/linearizability/simulated_register.h"

namespace raft::linearizability {
namespace {

TEST(HistoryTextTest, ReadsBackEveryKindOfOperationAndAnswer) {
  const std::string text =
      "c1 put k=a rev 3 @1..4\n"
      "c2 get k=a rev 3 @5..6\n"
      "c2 get k none @5..6\n"
      "c1 delete k rev 4 @7..8\n"
      "c1 delete k none @7..8\n"
      "c3 cas k=b if 4 rev 7 @9..10\n"
      "c3 cas k=b if 0 shown a rev 3 @9..10\n"
      "c3 cas k=b if 4 shown none @9..10\n"
      "c1 put k=c unknown @11\n"
      "c1 put k=c refused @11..12\n";
  EXPECT_EQ(ToText(ParseHistory(text)), text);
}

TEST(HistoryTextTest, KeepsTheVerdict) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const History history = SimulatedRegister({.keys = 3}, seed).Run();
    const History read = ParseHistory(ToText(history));
    ASSERT_EQ(ToText(read), ToText(history));
    EXPECT_EQ(CheckHistory(read).steps, CheckHistory(history).steps);
    EXPECT_TRUE(CheckHistory(read).is_linearizable());
  }
}

TEST(HistoryTextDeathTest, QuotesALineThatIsNoOperation) {
  EXPECT_DEATH(ParseOperation("c1 put k=a rev three @1..2"), "not a number: three.*c1 put k=a");
  EXPECT_DEATH(ParseOperation("c1 swap k=a rev 3 @1..2"), "expected cas.*c1 swap");
}

}  // namespace
}  // namespace raft::linearizability
