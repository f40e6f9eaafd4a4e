// Waiting clients: each is taken out exactly once, by whoever comes first.
#include "service/loop/pending_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

TEST(PendingCallsTest, HandsOutEachCallOnce) {
  PendingCalls calls(10);
  FakeClient client;
  const Ticket ticket = calls.Add(&client, FarFuture()).value();
  EXPECT_EQ(calls.Take(ticket), &client);
  EXPECT_EQ(calls.Take(ticket), nullptr);
  EXPECT_EQ(calls.size(), 0u);
}

TEST(PendingCallsTest, HandsOutEachCallOnceWhenTwoThreadsWantIt) {
  constexpr int kCalls = 2000;
  PendingCalls calls(kCalls);
  FakeClient client;
  std::vector<Ticket> tickets;
  for (int count = 0; count < kCalls; ++count) {
    tickets.push_back(calls.Add(&client, FarFuture()).value());
  }
  std::atomic<int> taken{0};
  const auto take_all = [&] {
    for (const Ticket ticket : tickets) taken += calls.Take(ticket) != nullptr ? 1 : 0;
  };
  std::thread other(take_all);
  take_all();
  other.join();
  EXPECT_EQ(taken, kCalls);
}

TEST(PendingCallsTest, RefusesBeyondItsLimitAndAfterClosing) {
  PendingCalls calls(1);
  FakeClient client;
  const Ticket ticket = calls.Add(&client, FarFuture()).value();
  EXPECT_FALSE(calls.Add(&client, FarFuture()).has_value());
  EXPECT_EQ(calls.Take(ticket), &client);
  calls.Close();
  EXPECT_FALSE(calls.Add(&client, FarFuture()).has_value());
}

TEST(PendingCallsTest, DoesNotStartACallThatIsLateOrGone) {
  PendingCalls calls(10);
  FakeClient client;
  const auto now = std::chrono::steady_clock::now();
  const Ticket in_time = calls.Add(&client, FarFuture()).value();
  const Ticket late = calls.Add(&client, LongAgo()).value();
  EXPECT_TRUE(calls.MayStart(in_time, now));
  EXPECT_FALSE(calls.MayStart(late, now));
  EXPECT_EQ(calls.Take(in_time), &client);
  EXPECT_FALSE(calls.MayStart(in_time, now));
}

TEST(PendingCallsTest, TellsOverdueCallsThatWereAppendedFromThoseThatWereNot) {
  PendingCalls calls(10);
  FakeClient appended, not_appended, in_time;
  const Ticket ticket = calls.Add(&appended, LongAgo()).value();
  ASSERT_TRUE(calls.Add(&not_appended, LongAgo()).has_value());
  ASSERT_TRUE(calls.Add(&in_time, FarFuture()).has_value());
  const ProposalAppended proposal{.ticket = ticket,
                                  .position = {.index = LogIndex(5), .term = Term(2)}};
  calls.RecordAppended({&proposal, 1});

  const auto overdue = calls.TakeOverdue(std::chrono::steady_clock::now(), 10);
  ASSERT_EQ(overdue.size(), 2u);
  for (const UnansweredCall& call : overdue) {
    EXPECT_EQ(call.appended.has_value(), call.call == &appended);
    EXPECT_NE(call.call, &in_time);
  }
  EXPECT_EQ(calls.size(), 1u);
}

TEST(PendingCallsTest, GivesUpAtMostAsManyOverdueCallsAsAsked) {
  PendingCalls calls(10);
  FakeClient client;
  for (int count = 0; count < 5; ++count) ASSERT_TRUE(calls.Add(&client, LongAgo()).has_value());
  const auto now = std::chrono::steady_clock::now();
  EXPECT_EQ(calls.TakeOverdue(now, 3).size(), 3u);
  EXPECT_EQ(calls.TakeOverdue(now, 3).size(), 2u);
}

TEST(PendingCallsTest, KeepsAReadUntilTheIndexItWishesForIsApplied) {
  PendingCalls calls(10);
  FakeClient client(/*min_applied_index=*/8);
  const Ticket ticket = calls.Add(&client, FarFuture()).value();
  const TakenRead early = calls.TakeRead(ticket, LogIndex(7));
  EXPECT_EQ(early.call, nullptr);
  EXPECT_EQ(early.wait_until, LogIndex(8));
  EXPECT_EQ(calls.TakeRead(ticket, LogIndex(8)).call, &client);
  const TakenRead gone = calls.TakeRead(ticket, LogIndex(9));
  EXPECT_EQ(gone.call, nullptr);
  EXPECT_FALSE(gone.wait_until.has_value());
}

}  // namespace
}  // namespace raft
