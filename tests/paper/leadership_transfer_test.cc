// Dissertation §3.10, leadership transfer. Traps E-1 to E-4, E-7.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

class LeadershipTransferTest : public ::testing::Test {
 protected:
  LeadershipTransferTest() {
    cluster_.Elect(kS1, {kS1, kS2, kS3});
    cluster_.DeliverAll();
  }
  ServerUnderTest& leader() { return cluster_.server(kS1); }
  ServerUnderTest& server(ServerId id) { return cluster_.server(id); }
  std::optional<RefusalReason> ReasonOf(Ticket ticket) {
    const std::optional<Refusal> refusal = leader().RefusalOf(ticket);
    return refusal ? std::optional(refusal->reason) : std::nullopt;
  }
  std::size_t TimeoutNowsTo(ServerId target) {
    return cluster_
        .MessagesWhere([target](const MessageInFlight& message) {
          return message.As<TimeoutNowRequest>() && message.to == target;
        })
        .size();
  }
  // The leader finds this target by itself, which cannot be asked.
  void FailTransferTo(ServerId target) {
    leader().Transfer();
    EXPECT_EQ(leader().status().transfer_target, target);
    const auto asked = cluster_.MessagesWhere(
        [](const MessageInFlight& message) { return message.As<TimeoutNowRequest>() != nullptr; });
    ASSERT_EQ(asked.size(), 1u);
    cluster_.FailCall(asked.at(0).id);
    EXPECT_EQ(leader().status().transfer_target, std::nullopt);
  }

  TestCluster cluster_;
};

TEST_F(LeadershipTransferTest, TheTargetLeadsWithoutWaitingForAnElectionTimeout) {
  const Ticket ticket = leader().Transfer(kS3);
  cluster_.DeliverAll();
  EXPECT_EQ(server(kS3).role(), RoleName::kLeader) << "no tick has passed";
  EXPECT_EQ(leader().role(), RoleName::kFollower);
  ASSERT_TRUE(leader().TransferOf(ticket).has_value());
  EXPECT_EQ(leader().TransferOf(ticket)->outcome, TransferOutcome::kDone);
  EXPECT_EQ(leader().TransferOf(ticket)->leader, kS3);
}

TEST_F(LeadershipTransferTest, WithoutATargetTheVoterThatIsFurthestIsTaken) {
  cluster_.Isolate(kS2);
  leader().Propose();
  cluster_.DeliverAll();
  cluster_.HealAllCuts();
  leader().Transfer();
  EXPECT_EQ(leader().status().transfer_target, kS3);
}

// It may have just started, and not vote yet.
TEST_F(LeadershipTransferTest, WhoCouldNotTakeOverIsTakenAgainOnlyForWantOfAnotherOne) {
  for (const ServerId target : {kS2, kS3, kS2}) FailTransferTo(target);
  cluster_.Isolate(kS3);
  cluster_.Run(15);
  leader().Transfer();
  EXPECT_EQ(leader().status().transfer_target, kS2) << "there is nobody else";
}

TEST_F(LeadershipTransferTest, WhoCouldNotTakeOverIsTakenBeforeOneThatDoesNotKeepUp) {
  server(kS3).HoldDisk();
  for (int megabyte = 0; megabyte < 2; ++megabyte) leader().Propose(std::string(1'000'000, 'x'));
  cluster_.DeliverAll();
  FailTransferTo(kS2);
  FailTransferTo(kS2);
}

// A moment later it may be as good as any.
TEST_F(LeadershipTransferTest, WhoCouldNotTakeOverOnceIsNotShunnedForLong) {
  FailTransferTo(kS2);
  cluster_.Run(SmallOptions().election_timeout_ticks_max);
  FailTransferTo(kS2);
}

// E-1.
TEST_F(LeadershipTransferTest, TheTargetIsAskedOnlyOnceItHasEverythingDurably) {
  server(kS3).HoldDisk();
  leader().Propose();
  leader().Transfer(kS3);
  cluster_.DeliverAll();
  EXPECT_EQ(server(kS3).role(), RoleName::kFollower);
  EXPECT_EQ(TimeoutNowsTo(kS3), 0u);
  server(kS3).ReleaseDisk();
  cluster_.DeliverAll();
  EXPECT_EQ(server(kS3).role(), RoleName::kLeader);
}

// E-2.
TEST_F(LeadershipTransferTest, ProposalsAreRefusedMeanwhileAndTakenAgainWhenItFails) {
  cluster_.CutOneWay(kS1, kS3);
  const Ticket ticket = leader().Transfer(kS3);
  const Ticket refused = leader().Propose();
  EXPECT_EQ(ReasonOf(refused), RefusalReason::kTransferring);
  EXPECT_EQ(leader().RefusalOf(refused)->leader_hint, kS3);
  cluster_.Run(25);
  ASSERT_TRUE(leader().TransferOf(ticket).has_value());
  EXPECT_EQ(leader().TransferOf(ticket)->outcome, TransferOutcome::kNothingCame);
  EXPECT_EQ(leader().role(), RoleName::kLeader);
  EXPECT_TRUE(leader().AppendedAt(leader().Propose()).has_value());
}

// E-7.
TEST_F(LeadershipTransferTest, EndsByItsDeadlineWhenTheTargetNeverCatchesUp) {
  server(kS3).HoldDisk();
  leader().Propose();
  const Ticket ticket = leader().Transfer(kS3);
  cluster_.Run(SmallOptions().election_timeout_ticks_max + 1);
  ASSERT_TRUE(leader().TransferOf(ticket).has_value());
  EXPECT_EQ(leader().TransferOf(ticket)->outcome, TransferOutcome::kNothingCame);
}

TEST_F(LeadershipTransferTest, SaysSoWhenSomebodyElseCameToLead) {
  const Ticket ticket = leader().Transfer(kS3);
  cluster_.LoseAll();
  cluster_.Isolate(kS1);
  cluster_.Elect(kS2, {kS2, kS3});
  cluster_.HealAllCuts();
  cluster_.DeliverAll();
  ASSERT_TRUE(leader().TransferOf(ticket).has_value());
  EXPECT_EQ(leader().TransferOf(ticket)->outcome, TransferOutcome::kOtherLeads);
}

// E-4.
TEST_F(LeadershipTransferTest, WhoCannotLeadIsRefused) {
  EXPECT_EQ(ReasonOf(leader().Transfer(kS1)), RefusalReason::kTransferToSelf);
  EXPECT_EQ(ReasonOf(leader().Transfer(kS5)), RefusalReason::kTargetNotVoter);
  std::vector<Member> members = Voters(FirstServers(3));
  members.push_back(MemberOf(kS4, MemberRole::kLearner));
  leader().ChangeMembers(members);
  cluster_.DeliverAll();
  EXPECT_EQ(ReasonOf(leader().Transfer(kS4)), RefusalReason::kTargetNotVoter);
  cluster_.Isolate(kS3);
  cluster_.Run(15);
  EXPECT_EQ(ReasonOf(leader().Transfer(kS3)), RefusalReason::kTargetUnreachable);
  server(kS2).HoldDisk();
  leader().Propose();
  leader().Transfer(kS2);
  EXPECT_EQ(ReasonOf(leader().Transfer(kS2)), RefusalReason::kTransferUnderWay);
}

TEST_F(LeadershipTransferTest, AFollowerRefusesAndNamesTheLeader) {
  const Ticket ticket = server(kS2).Transfer();
  EXPECT_EQ(server(kS2).RefusalOf(ticket)->reason, RefusalReason::kNotLeader);
  EXPECT_EQ(server(kS2).RefusalOf(ticket)->leader_hint, kS1);
}

// A17, E-3.
TEST_F(LeadershipTransferTest, TheVotersDoNotTakeTheOldLeaderForNear) {
  leader().Transfer(kS3);
  cluster_.DeliverWhere([](const MessageInFlight& message) {
    return !message.As<RequestVoteRequest>() || message.to == kS2;
  });
  EXPECT_EQ(server(kS3).role(), RoleName::kLeader) << "server 2 heard its leader a moment ago";
}

TEST_F(LeadershipTransferTest, AnOldTimeoutNowChangesNothing) {
  leader().Transfer(kS3);
  const auto asked = cluster_.MessagesWhere(
      [](const MessageInFlight& message) { return message.As<TimeoutNowRequest>() != nullptr; });
  ASSERT_EQ(asked.size(), 1u);
  cluster_.Duplicate(asked.front().id);
  cluster_.DeliverAll();
  cluster_.Run(50);
  EXPECT_EQ(server(kS3).role(), RoleName::kLeader);
  EXPECT_EQ(server(kS3).status().current_term, Term(2)) << "one election";
}

// ---- Who is told to campaign and should not (E-1).

TimeoutNowRequest TimeoutNow(Term term) {
  return {.number = RequestNumber(99), .term = term, .leader_id = kS2};
}

TEST(TransferTargetTest, AServerThatHasNoVoteDoesNotCampaign) {
  ServerUnderTest learner({.self = kS4});
  const CallId call = learner.Receive(kS2, TimeoutNow(Term(1)));
  EXPECT_TRUE(learner.Answer<TimeoutNowResponse>(call).has_value());
  EXPECT_EQ(learner.role(), RoleName::kFollower);
}

// Its log is about to be replaced, at every stage until the install is complete.
TEST(TransferTargetTest, AServerThatIsInstallingASnapshotDoesNotCampaignUntilItIsDone) {
  ServerUnderTest target({.recovered = Recovered({.term = 2, .log_terms = {1, 1, 1}})});
  target.HoldApply();
  target.HoldDisk();
  target.Receive(kS2, Offer({.term = 2, .last_included = At(9, 2)}));
  ASSERT_EQ(target.apply_work_waiting(), 1u) << "it is stored; the switch waits";
  const auto stays = [&target] {
    const CallId call = target.Receive(kS2, TimeoutNow(Term(2)));
    EXPECT_TRUE(target.Answer<TimeoutNowResponse>(call).has_value()) << "it was heard";
    return target.role() == RoleName::kFollower;
  };
  EXPECT_TRUE(stays()) << "its state is not switched";
  target.FinishApply();
  ASSERT_EQ(target.status().first_log_index, LogIndex(10));
  EXPECT_TRUE(stays()) << "the log's new beginning is not durable";
  target.ReleaseDisk();
  EXPECT_TRUE(stays()) << "the install is not marked as complete";
  target.ReleaseApply();
  EXPECT_FALSE(stays());
  EXPECT_EQ(target.role(), RoleName::kCandidate);
}

// ---- A target that a snapshot is on its way to.

TEST(TransferTargetTest, AServerWhoseStateIsToBeReplacedIsNotAsked) {
  ServerUnderTest leader;
  ASSERT_NO_FATAL_FAILURE(BecomeEstablishedLeader(leader));
  leader.Propose();
  const auto entries = TakeAppendTo(leader, kS3);
  ASSERT_TRUE(entries.has_value());
  const Ticket ticket = leader.Transfer(kS3);
  leader.TickTimes(leader.setup().options.heartbeat_ticks);
  for (const auto& sent : leader.TakeRequestsTo<AppendEntriesRequest>(kS3)) {
    AppendEntriesResponse quarantined = SuccessOf(sent.request);
    quarantined.needs_snapshot = true;
    leader.ReceiveAnswer(kS3, quarantined);
  }
  Acknowledge(leader, *entries);
  ASSERT_EQ(leader.peer(kS3).match_index, leader.status().last_log_index);
  EXPECT_EQ(leader.TakeRequestsTo<TimeoutNowRequest>(kS3).size(), 0u);
  ASSERT_TRUE(leader.TransferOf(ticket).has_value());
  EXPECT_EQ(leader.TransferOf(ticket)->outcome, TransferOutcome::kNothingCame);
}

class TransferDuringASnapshotTest : public ::testing::Test {
 protected:
  // Server 1 leads term 3; its log begins after entry 10. It sends server 3 a snapshot, and before
  // that is answered server 3 turns out to have everything: an earlier one has brought it there.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader_));
    CatchUp(leader_, kS2);
    const auto sent = TakeAppendTo(leader_, kS3);
    ASSERT_TRUE(sent.has_value());
    Reject(leader_, *sent, {.term = std::nullopt, .index = LogIndex(6)});
    const auto offers = leader_.TakeRequests<InstallSnapshotRequest>();
    ASSERT_EQ(offers.size(), 1u);
    offer_ = offers.front().request;
    leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
    CatchUp(leader_, kS2);
    CatchUp(leader_, kS3);
    ASSERT_EQ(leader_.peer(kS3).match_index, leader_.status().last_log_index);
    ASSERT_EQ(leader_.peer(kS3).state, PeerState::kSnapshot);
    leader_.Transfer(kS3);
    ASSERT_EQ(leader_.status().transfer_target, kS3);
  }
  std::size_t TimeoutNows() { return leader_.TakeRequestsTo<TimeoutNowRequest>(kS3).size(); }

  ServerUnderTest leader_{
      {.recovered = Recovered({.term = 2, .log_terms = {2, 2}, .applied = 12, .base = At(10, 2)})}};
  InstallSnapshotRequest offer_;
};

TEST_F(TransferDuringASnapshotTest, TheTargetIsAskedOnceItHasAnsweredTheSnapshot) {
  EXPECT_EQ(TimeoutNows(), 0u) << "it is busy and would not listen";
  leader_.ReceiveAnswer(kS3, InstallSnapshotResponse{.number = offer_.number,
                                                     .term = Term(leader_.term()),
                                                     .success = true,
                                                     .match_index = LogIndex(13)});
  EXPECT_EQ(TimeoutNows(), 1u);
}

TEST_F(TransferDuringASnapshotTest, TheTargetIsAskedOnceTheSnapshotCameToNothing) {
  EXPECT_EQ(TimeoutNows(), 0u);
  leader_.Step(PeerUnreachable{.peer = kS3, .number = offer_.number});
  EXPECT_EQ(TimeoutNows(), 1u);
}

}  // namespace
}  // namespace raft::harness
