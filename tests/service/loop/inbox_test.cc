// The three lanes of the inbox: what is merged, what is refused, what comes first.
#include "service/loop/inbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <variant>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

Input Propose(std::uint64_t ticket) {
  return CommandProposed{.ticket = Ticket(ticket), .command = "x", .expected_term = std::nullopt};
}
Input RequestFrom(std::uint64_t peer) {
  return RequestReceived{.sender = {.peer = ServerId(peer), .call_id = CallId(1)},
                         .request = RequestVoteRequest{}};
}
Input Unreachable(std::uint64_t peer) {
  return PeerUnreachable{.peer = ServerId(peer), .number = RequestNumber(1)};
}

TEST(InboxTest, KeepsOnlyTheNewestOfEachInternalInput) {
  Inbox inbox({});
  inbox.PushTick();
  inbox.PushTick();
  inbox.PushPersisted(PersistSequence(4));
  inbox.PushPersisted(PersistSequence(7));
  inbox.PushPersisted(PersistSequence(5));
  inbox.PushApplied(LogIndex(2));
  inbox.PushApplied(LogIndex(3));

  std::vector<Input> turn;
  ASSERT_TRUE(inbox.WaitAndTake(turn));
  ASSERT_EQ(turn.size(), 3u);
  EXPECT_EQ(std::get<WritePersisted>(turn[0]).sequence, PersistSequence(7));
  EXPECT_EQ(std::get<EntriesApplied>(turn[1]).last_applied, LogIndex(3));
  EXPECT_TRUE(std::holds_alternative<Tick>(turn[2]));
}

TEST(InboxTest, WhatWasAppliedIsNoReasonForATurnOfItsOwn) {
  Inbox inbox({});
  inbox.PushApplied(LogIndex(3));
  inbox.Close();
  std::vector<Input> turn;
  EXPECT_FALSE(inbox.WaitAndTake(turn));
}

TEST(InboxTest, KeepsTheOrderOfWhatTheApplyThreadDid) {
  const LogPosition snapshot = {.index = LogIndex(9), .term = Term(1)};
  Inbox inbox({});
  inbox.PushApplied(LogIndex(2));
  inbox.PushApplied(LogIndex(3));
  inbox.PushSwitched(snapshot);
  inbox.PushApplied(LogIndex(10));
  inbox.PushApplied(LogIndex(11));
  inbox.PushCheckpointed(LogIndex(11));
  inbox.PushInstallCompleted();

  std::vector<Input> turn;
  ASSERT_TRUE(inbox.WaitAndTake(turn));
  ASSERT_EQ(turn.size(), 5u);
  EXPECT_EQ(std::get<EntriesApplied>(turn[0]).last_applied, LogIndex(3));
  EXPECT_EQ(std::get<StateSwitched>(turn[1]).last_included, snapshot);
  EXPECT_EQ(std::get<EntriesApplied>(turn[2]).last_applied, LogIndex(11));
  EXPECT_EQ(std::get<StateCheckpointed>(turn[3]).through, LogIndex(11));
  EXPECT_TRUE(std::holds_alternative<InstallCompleted>(turn[4]));
}

// A digest says what the state was at its own index, so none may be lost to a later one.
TEST(InboxTest, KeepsEveryDigestAtItsPlaceAmongWhatWasApplied) {
  Inbox inbox({});
  inbox.PushApplied(LogIndex(3));
  inbox.PushDigested({.index = LogIndex(4), .digest = "four"});
  inbox.PushApplied(LogIndex(4));
  inbox.PushDigested({.index = LogIndex(8), .digest = "eight"});
  inbox.PushApplied(LogIndex(8));
  inbox.PushApplied(LogIndex(9));
  inbox.PushTick();  // nothing of the above is worth a turn

  std::vector<Input> turn;
  ASSERT_TRUE(inbox.WaitAndTake(turn));
  ASSERT_EQ(turn.size(), 6u);
  EXPECT_EQ(std::get<EntriesApplied>(turn[0]).last_applied, LogIndex(3));
  EXPECT_EQ(std::get<StateDigested>(turn[1]).check,
            (StateCheck{.index = LogIndex(4), .digest = "four"}));
  EXPECT_EQ(std::get<EntriesApplied>(turn[2]).last_applied, LogIndex(4));
  EXPECT_EQ(std::get<StateDigested>(turn[3]).check.digest, "eight");
  EXPECT_EQ(std::get<EntriesApplied>(turn[4]).last_applied, LogIndex(9));
  EXPECT_TRUE(std::holds_alternative<Tick>(turn[5]));
}

TEST(InboxTest, KeepsEverySnapshotThatWasStored) {
  Inbox inbox({});
  for (std::uint64_t call = 1; call <= 2; ++call) {
    inbox.PushSnapshotStored({.sender = {.peer = ServerId(2), .call_id = CallId(call)},
                              .number = RequestNumber(call),
                              .last_included = {.index = LogIndex(9), .term = Term(1)},
                              .log_time_ms = 5,
                              .configuration = {}});
  }
  std::vector<Input> turn;
  ASSERT_TRUE(inbox.WaitAndTake(turn));
  ASSERT_EQ(turn.size(), 2u);
  EXPECT_EQ(std::get<SnapshotStored>(turn[0]).sender.call_id, CallId(1));
  EXPECT_EQ(std::get<SnapshotStored>(turn[1]).sender.call_id, CallId(2));
}

TEST(InboxTest, PutsInternalBeforePeersBeforeClients) {
  Inbox inbox({});
  ASSERT_TRUE(inbox.PushClient(Propose(1), 1));
  ASSERT_TRUE(inbox.PushPeer(RequestFrom(2)));
  inbox.PushTick();

  std::vector<Input> turn;
  ASSERT_TRUE(inbox.WaitAndTake(turn));
  ASSERT_EQ(turn.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<Tick>(turn[0]));
  EXPECT_TRUE(std::holds_alternative<RequestReceived>(turn[1]));
  EXPECT_TRUE(std::holds_alternative<CommandProposed>(turn[2]));
}

TEST(InboxTest, RefusesPeerRequestsWhenFullButNeverAnswersAndFailures) {
  InboxLimits limits;
  limits.peer_inputs_max = 2;
  Inbox inbox(limits);
  EXPECT_TRUE(inbox.PushPeer(RequestFrom(2)));
  EXPECT_TRUE(inbox.PushPeer(RequestFrom(3)));
  EXPECT_FALSE(inbox.PushPeer(RequestFrom(2)));
  EXPECT_TRUE(inbox.PushPeer(Unreachable(2)));
  EXPECT_TRUE(inbox.PushPeer(ResponseReceived{.from = ServerId(2), .response = PreVoteResponse{}}));
  EXPECT_EQ(inbox.depth().peers, 4u);
}

TEST(InboxTest, RefusesClientsBeyondCountAndBytes) {
  InboxLimits limits;
  limits.client_inputs_max = 3;
  limits.client_bytes_max = 100;
  Inbox inbox(limits);
  EXPECT_TRUE(inbox.PushClient(Propose(1), 60));
  EXPECT_FALSE(inbox.PushClient(Propose(2), 41)) << "one byte above the limit";
  EXPECT_TRUE(inbox.PushClient(Propose(3), 40)) << "exactly the limit";
  EXPECT_TRUE(inbox.PushClient(Propose(4), 0));
  EXPECT_FALSE(inbox.PushClient(Propose(5), 0)) << "one above the count";
}

TEST(InboxTest, LetsOneInputInThatIsLargerThanTheLimit) {
  InboxLimits limits;
  limits.client_bytes_max = 10;
  Inbox inbox(limits);
  EXPECT_TRUE(inbox.PushClient(Propose(1), 1000));
}

TEST(InboxTest, AFullClientLaneRefusesNoPeer) {
  InboxLimits limits;
  limits.client_inputs_max = 1;
  Inbox inbox(limits);
  ASSERT_TRUE(inbox.PushClient(Propose(1), 1));
  ASSERT_FALSE(inbox.PushClient(Propose(2), 1));
  EXPECT_TRUE(inbox.PushPeer(RequestFrom(2)));
}

TEST(InboxTest, TakesClientsInTurnsBoundedByCountAndBytesInOrder) {
  InboxLimits limits;
  limits.turn_client_inputs_max = 3;
  limits.turn_client_bytes_max = 10;
  Inbox inbox(limits);
  for (std::uint64_t ticket = 1; ticket <= 4; ++ticket) {
    ASSERT_TRUE(inbox.PushClient(Propose(ticket), 1));
  }
  ASSERT_TRUE(inbox.PushClient(Propose(5), 100));

  std::vector<std::size_t> sizes;
  std::uint64_t expected_ticket = 1;
  std::vector<Input> turn;
  while (expected_ticket <= 5) {
    ASSERT_TRUE(inbox.WaitAndTake(turn));
    sizes.push_back(turn.size());
    for (const Input& input : turn) {
      EXPECT_EQ(std::get<CommandProposed>(input).ticket, Ticket(expected_ticket++));
    }
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 1, 1})) << "by count, by bytes, one too large";
  EXPECT_EQ(inbox.depth().client_bytes, 0u);
}

TEST(InboxTest, GivesBackWhatIsLeftAfterClosingThenEnds) {
  Inbox inbox({});
  ASSERT_TRUE(inbox.PushClient(Propose(1), 1));
  inbox.Close();
  EXPECT_FALSE(inbox.PushClient(Propose(2), 1));
  EXPECT_FALSE(inbox.PushPeer(Unreachable(2)));
  std::vector<Input> turn;
  EXPECT_TRUE(inbox.WaitAndTake(turn));
  EXPECT_EQ(turn.size(), 1u);
  EXPECT_FALSE(inbox.WaitAndTake(turn));
}

TEST(InboxTest, LosesNothingWhileManyThreadsPushAndOneSleepsAndTakes) {
  constexpr int kThreads = 4;
  constexpr int kInputs = 2000;
  Inbox inbox({});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&inbox] {
      for (int count = 0; count < kInputs; ++count) {
        EXPECT_TRUE(inbox.PushClient(Propose(1), 1));
        if (count % 16 == 0) std::this_thread::yield();
      }
    });
  }
  std::size_t taken = 0;
  std::vector<Input> turn;
  while (taken < kThreads * kInputs) {
    ASSERT_TRUE(inbox.WaitAndTake(turn));
    taken += turn.size();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, static_cast<std::size_t>(kThreads * kInputs));
}

}  // namespace
}  // namespace raft
