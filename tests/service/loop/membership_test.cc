// Changes of members and hand-overs on their way through the loop, on real threads.
#include <gtest/gtest.h>

#include "service/loop/event_loop.h"
#include "service/loop/ticker.h"
#include "tests/service/loop/fakes.h"
#include "tests/service/loop/loop_of_one_server.h"

namespace raft {
namespace {

Member VoterOf(std::uint64_t id) {
  return {.server_id = ServerId(id), .incarnation = 100 + id, .peer_address = "h:1"};
}

Member LearnerOf(std::uint64_t id) {
  Member learner = VoterOf(id);
  learner.role = MemberRole::kLearner;
  return learner;
}

class MembershipTest : public testing::Test {
 protected:
  MembershipTest() : server_({1}) {
    server_.Start();
    EXPECT_TRUE(server_.WaitUntilLeader());
    // An entry of its own term is committed: a leader changes nothing before that.
    FakeClient first;
    server_.Propose(first, FarFuture(), "x");
    first.Answer();
  }

  void Change(FakeClient& client, std::vector<Member> members) {
    const Ticket ticket = server_.calls.Add(&client, FarFuture()).value();
    ASSERT_TRUE(server_.inbox.PushClient(
        MembershipChangeRequested{
            .ticket = ticket, .expected_index = std::nullopt, .members = std::move(members)},
        1));
  }
  void Transfer(FakeClient& client, std::optional<ServerId> target) {
    const Ticket ticket = server_.calls.Add(&client, FarFuture()).value();
    ASSERT_TRUE(server_.inbox.PushClient(
        LeadershipTransferRequested{.ticket = ticket, .target = target}, 1));
  }

  LoopOfOneServer server_;
};

TEST_F(MembershipTest, TheTransportHearsOfTheConfigurationAtTheStart) {
  ASSERT_TRUE(server_.peers.configurations.WaitForCount(1));
  EXPECT_EQ(server_.peers.configurations.Read().front(), 0u);
}

TEST_F(MembershipTest, AChangeIsAnsweredWhenItsEntryIsApplied) {
  FakeClient client;
  Change(client, {VoterOf(1), LearnerOf(2)});
  EXPECT_EQ(client.Answer().substr(0, 10), "applied 3:");
}

TEST_F(MembershipTest, TheTransportHearsOfANewPeerBeforeAnythingIsSentToIt) {
  FakeClient client;
  Change(client, {VoterOf(1), LearnerOf(2)});
  ASSERT_TRUE(server_.peers.configurations.WaitForCount(2));
  EXPECT_EQ(server_.peers.configurations.Read().back(), 3u);
  ASSERT_TRUE(server_.peers.requests.WaitForCount(1));
  EXPECT_EQ(server_.peers.requests.Read().front(), ServerId(2));
  EXPECT_TRUE(LoopOfOneServer::WaitFor(
      [this] { return server_.board.Read().configuration_index == LogIndex(3); }));
}

TEST_F(MembershipTest, WhatNobodyWaitsForIsDoneAllTheSame) {
  ASSERT_TRUE(server_.inbox.PushClient(
      MembershipChangeRequested{
          .ticket = Ticket(), .expected_index = LogIndex(0), .members = {VoterOf(1), LearnerOf(2)}},
      1));
  EXPECT_TRUE(LoopOfOneServer::WaitFor(
      [this] { return server_.board.Read().configuration_index == LogIndex(3); }));
}

TEST_F(MembershipTest, AHandOverThatCannotBeginIsRefused) {
  FakeClient client;
  Transfer(client, ServerId(1));
  EXPECT_EQ(client.Answer(), "refused");
  EXPECT_EQ(client.last_refusal.reason, RefusalReason::kTransferToSelf);
}

}  // namespace
}  // namespace raft
