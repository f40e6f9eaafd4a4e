// The ticker: time passes while it runs, and not after it stops.
#include "service/loop/ticker.h"

#include <gtest/gtest.h>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

TEST(TickerTest, TicksUntilItIsStopped) {
  Inbox inbox({});
  Ticker ticker(std::chrono::milliseconds(1), inbox);
  ticker.Start();
  std::vector<Input> turn;
  for (int count = 0; count < 3; ++count) {
    ASSERT_TRUE(inbox.WaitAndTake(turn));
    ASSERT_EQ(turn.size(), 1u) << "at most one tick waits";
    EXPECT_TRUE(std::holds_alternative<Tick>(turn.front()));
  }
  ticker.Stop();
  inbox.Close();
  while (inbox.WaitAndTake(turn)) EXPECT_EQ(turn.size(), 1u);
}

TEST(TickerTest, StopsAtOnceEvenBetweenTicksFarApart) {
  Inbox inbox({});
  Ticker ticker(std::chrono::hours(1), inbox);
  ticker.Start();
  ticker.Stop();
  inbox.Close();
  std::vector<Input> turn;
  EXPECT_FALSE(inbox.WaitAndTake(turn));
}

}  // namespace
}  // namespace raft
