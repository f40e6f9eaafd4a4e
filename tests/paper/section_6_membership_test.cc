// §6, cluster membership changes: joint consensus, new servers, removed servers, a leader that is
// not in the new configuration. Traps D1 to D10, D18 to D20. Who keeps up:
// section_6_promotion_test.cc. Two majorities: section_6_joint_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MemberRole kJoining = MemberRole::kJoining;
constexpr MemberRole kLearner = MemberRole::kLearner;

class MembershipTest : public ::testing::Test {
 protected:
  // Server 1 leads `servers`, and everybody knows.
  void Lead(std::size_t servers = 3) {
    cluster_.emplace(ClusterSetup{.servers = servers});
    std::set<ServerId> all;
    for (const ServerId id : FirstServers(servers)) all.insert(id);
    cluster_->Elect(kS1, all);
    cluster_->DeliverAll();
    ASSERT_EQ(leader().commit_index(), 1u);
  }
  ServerUnderTest& leader() { return cluster_->server(kS1); }
  ServerUnderTest& server(ServerId id) { return cluster_->server(id); }
  const ClusterConfiguration& InForceAt(ServerId id) {
    configuration_ = server(id).status().configuration;
    return *configuration_;
  }
  bool IsSettledAt(ServerId id, const std::vector<ServerId>& voters) {
    const RaftStatus status = server(id).status();
    return !status.configuration->is_joint() && status.configuration->voters() == voters &&
           status.configuration_index <= status.commit_index;
  }
  // One message at a time, so that nothing happens after what is waited for.
  void RunCarefullyUntil(const std::function<bool()>& done) {
    for (int step = 0; step < 10'000 && !done(); ++step) {
      if (cluster_->messages().empty()) {
        cluster_->TickAll();
      } else {
        cluster_->Deliver(cluster_->messages().front().id);
      }
    }
    ASSERT_TRUE(done());
  }
  void RunUntilSettled(ServerId at, const std::vector<ServerId>& voters) {
    cluster_->RunUntil([&] { return IsSettledAt(at, voters); });
  }

  std::optional<TestCluster> cluster_;
  std::shared_ptr<const ClusterConfiguration> configuration_;
};

// D7: at first it knows only configurations in which it is nobody.
TEST_F(MembershipTest, ANewServerIsALearnerUntilItKeepsUpAndThenAVoter) {
  Lead();
  cluster_->AddServer(kS4);
  for (int command = 0; command < 20; ++command) leader().Propose();
  std::vector<Member> members = Voters(FirstServers(3));
  members.push_back(MemberOf(kS4, kJoining));
  const Ticket ticket = leader().ChangeMembers(members);
  EXPECT_TRUE(leader().AppendedAt(ticket).has_value());
  EXPECT_THAT(InForceAt(kS1).voters(), ElementsAre(kS1, kS2, kS3)) << "it does not count yet (D8)";
  RunUntilSettled(kS4, FirstServers(4));
  EXPECT_EQ(server(kS4).log_terms(), leader().log_terms());
}

TEST_F(MembershipTest, ALearnerStaysOneForEverAndCountsForNothing) {
  Lead();
  cluster_->AddServer(kS4);
  std::vector<Member> members = Voters(FirstServers(3));
  members.push_back(MemberOf(kS4, kLearner));
  leader().ChangeMembers(members);
  cluster_->Run(100);
  EXPECT_FALSE(InForceAt(kS4).IsVoter(kS4));
  cluster_->Isolate(kS2);
  cluster_->Isolate(kS3);
  const Ticket ticket = leader().Propose();
  cluster_->Run(3);
  EXPECT_LT(leader().commit_index(), leader().AppendedAt(ticket)->index.value())
      << "a leader and a learner are no majority of three";
}

// D2.
TEST_F(MembershipTest, InTheJointPhaseACommitNeedsAMajorityOfEachSet) {
  Lead();
  cluster_->AddServer(kS4);
  cluster_->AddServer(kS5);
  std::vector<Member> members{MemberOf(kS1), MemberOf(kS2, MemberRole::kVoter, true),
                              MemberOf(kS3, MemberRole::kVoter, true), MemberOf(kS4, kJoining),
                              MemberOf(kS5, kJoining)};
  leader().ChangeMembers(members);
  RunCarefullyUntil([&] { return InForceAt(kS1).is_joint(); });
  const LogIndex joint = leader().status().configuration_index;
  const auto reaches = [&](const std::set<ServerId>& group) {
    cluster_->DeliverAmong(group);
    return leader().status().commit_index >= joint;
  };
  EXPECT_FALSE(reaches({kS1, kS2, kS3})) << "a majority of the old set alone";
  EXPECT_TRUE(reaches({kS1, kS2, kS4})) << "two of {1, 2, 3} and two of {1, 4, 5}";
}

TEST_F(MembershipTest, ReplacesAllServersButTheLeaderAtOnce) {
  Lead();
  cluster_->AddServer(kS4);
  cluster_->AddServer(kS5);
  leader().ChangeMembers({MemberOf(kS1), MemberOf(kS2, MemberRole::kVoter, true),
                          MemberOf(kS3, MemberRole::kVoter, true), MemberOf(kS4, kJoining),
                          MemberOf(kS5, kJoining)});
  RunUntilSettled(kS5, {kS1, kS4, kS5});
  leader().Propose("after");
  cluster_->Run(5);
  EXPECT_EQ(server(kS4).status().commit_index, leader().status().last_log_index);
  EXPECT_TRUE(server(kS2).status().removed_at.has_value()) << "it was told (D9)";
}

// D6.
TEST_F(MembershipTest, ALeaderThatIsRemovedCommitsTheChangeWithoutItselfAndHandsOver) {
  Lead();
  leader().ChangeMembers(Voters({kS2, kS3}));
  const Term old_term = leader().status().current_term;
  cluster_->RunUntil([&] {
    const auto now = cluster_->leader();
    return now && *now != kS1 && server(*now).status().current_term > old_term;
  });
  cluster_->Run(5);
  EXPECT_TRUE(IsSettledAt(kS2, {kS2, kS3}));
  EXPECT_NE(leader().role(), RoleName::kLeader);
  cluster_->Run(300);
  EXPECT_EQ(leader().role(), RoleName::kFollower) << "it campaigns no more";
}

TEST_F(MembershipTest, ALeaderOutsideTheNewSetDoesNotCountItself) {
  Lead();
  leader().ChangeMembers(Voters({kS2, kS3}));
  RunCarefullyUntil([&] { return !InForceAt(kS1).is_joint(); });
  const LogIndex final_index = leader().status().configuration_index;
  cluster_->DeliverAmong({kS1, kS2});
  EXPECT_LT(leader().status().commit_index, final_index)
      << "of {2, 3} only server 2 has the entry; the leader's own copy is no vote";
}

// D1.
TEST_F(MembershipTest, NoChangeBeginsBeforeTheTermsFirstCommit) {
  cluster_.emplace();
  cluster_->Elect(kS1, {kS1, kS2, kS3});
  const Ticket ticket = leader().ChangeMembers(Voters({kS1, kS2}));
  ASSERT_TRUE(leader().RefusalOf(ticket).has_value());
  EXPECT_EQ(leader().RefusalOf(ticket)->reason, RefusalReason::kTermNotCommitted);
}

// D5.
TEST_F(MembershipTest, OneChangeAtATime) {
  Lead();
  leader().ChangeMembers(Voters({kS1, kS2}));
  const Ticket second = leader().ChangeMembers(Voters({kS1, kS3}));
  ASSERT_TRUE(leader().RefusalOf(second).has_value());
  EXPECT_EQ(leader().RefusalOf(second)->reason, RefusalReason::kChangeUnderWay);
}

// D15.
TEST_F(MembershipTest, AChangeThatExpectsAnotherConfigurationIsRefused) {
  Lead();
  const Ticket ticket = leader().ChangeMembers(Voters({kS1, kS2}), LogIndex(17));
  ASSERT_TRUE(leader().RefusalOf(ticket).has_value());
  EXPECT_EQ(leader().RefusalOf(ticket)->reason, RefusalReason::kConfigurationMoved);
  EXPECT_TRUE(leader().AppendedAt(leader().ChangeMembers(Voters({kS1, kS2}), LogIndex(0))));
}

// D20.
TEST_F(MembershipTest, AChangeThatWouldLeaveNoReachableMajorityIsRefusedWithTheSum) {
  Lead();
  cluster_->Isolate(kS3);
  cluster_->Run(15);
  const Ticket ticket = leader().ChangeMembers(Voters({kS1, kS3}));
  const std::optional<Refusal> refusal = leader().RefusalOf(ticket);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kNoMajorityReachable);
  ASSERT_TRUE(refusal->refused_change.has_value());
  EXPECT_EQ(refusal->refused_change->voters, 2u);
  EXPECT_EQ(refusal->refused_change->majority, 2u);
  EXPECT_EQ(refusal->refused_change->reachable, 1u);
  EXPECT_TRUE(leader().AppendedAt(leader().ChangeMembers(Voters({kS1, kS2}))))
      << "without the silent server the cluster is better off";
}

TEST_F(MembershipTest, AReplacementThatWouldLeaveNoReachableMajorityIsRefusedBeforeAnybodyJoins) {
  Lead();
  cluster_->AddServer(kS4);
  cluster_->Isolate(kS3);
  cluster_->Run(15);
  const Ticket ticket = leader().ChangeMembers({MemberOf(kS1, MemberRole::kVoter, true),
                                                MemberOf(kS2, MemberRole::kVoter, true),
                                                MemberOf(kS3), MemberOf(kS4, kJoining)});
  const std::optional<Refusal> refusal = leader().RefusalOf(ticket);
  ASSERT_TRUE(refusal.has_value()) << "of {3, 4} only one answers";
  EXPECT_EQ(refusal->reason, RefusalReason::kNoMajorityReachable);
}

TEST_F(MembershipTest, AReplacementWaitsWhenSomebodyItNeedsGoesSilentMeanwhile) {
  Lead();
  cluster_->AddServer(kS4);
  cluster_->Isolate(kS4);
  const Ticket ticket = leader().ChangeMembers({MemberOf(kS1, MemberRole::kVoter, true),
                                                MemberOf(kS2, MemberRole::kVoter, true),
                                                MemberOf(kS3), MemberOf(kS4, kJoining)});
  ASSERT_TRUE(leader().AppendedAt(ticket).has_value());
  cluster_->Isolate(kS3);
  cluster_->Run(15);
  cluster_->HealAllCuts();
  cluster_->Isolate(kS3);
  cluster_->Run(100);
  EXPECT_FALSE(InForceAt(kS1).is_joint()) << "two of {3, 4} would be needed";
  cluster_->HealAllCuts();
  RunUntilSettled(kS4, {kS3, kS4});
}

TEST_F(MembershipTest, ANewLeaderTakesNobodyForReachableWhoHasNotAnsweredIt) {
  cluster_.emplace();
  cluster_->Isolate(kS3);
  cluster_->Elect(kS1, {kS1, kS2});
  cluster_->DeliverAll();
  ASSERT_EQ(leader().commit_index(), 1u);
  const Ticket ticket = leader().ChangeMembers(Voters({kS1, kS3}));
  ASSERT_TRUE(leader().RefusalOf(ticket).has_value());
  EXPECT_EQ(leader().RefusalOf(ticket)->reason, RefusalReason::kNoMajorityReachable);
}

// D10.
TEST_F(MembershipTest, AnotherLifeOfAMemberDoesNotTakeItsPlace) {
  Lead();
  cluster_->AddServer(kS4);
  std::vector<Member> members = Voters(FirstServers(3));
  members.push_back(MemberOf(kS4, kLearner));
  leader().ChangeMembers(members);
  cluster_->Run(5);
  members.back().incarnation = 777;
  const Ticket ticket = leader().ChangeMembers(members);
  ASSERT_TRUE(leader().RefusalOf(ticket).has_value());
  EXPECT_EQ(leader().RefusalOf(ticket)->reason, RefusalReason::kConfigurationMoved);
}

TEST_F(MembershipTest, AServerThatIsNoMemberIsNotMadeAVoterAtOnce) {
  Lead();
  const Ticket unknown = leader().ChangeMembers(Voters(FirstServers(4)));
  ASSERT_TRUE(leader().RefusalOf(unknown).has_value());
  EXPECT_EQ(leader().RefusalOf(unknown)->reason, RefusalReason::kLearnerBehind);
  EXPECT_EQ(leader().RefusalOf(unknown)->silent_peer, kS4);
}

// D3, D17.
TEST_F(MembershipTest, ATruncatedChangeGivesWayToTheConfigurationBeforeIt) {
  Lead();
  cluster_->Isolate(kS1);
  leader().ChangeMembers(Voters({kS1, kS2}));
  EXPECT_TRUE(InForceAt(kS1).is_joint()) << "in force as soon as it is in the log";
  cluster_->LoseAll();
  cluster_->Elect(kS2, {kS2, kS3});
  cluster_->HealAllCuts();
  cluster_->Run(10);
  EXPECT_THAT(InForceAt(kS1).voters(), ElementsAre(kS1, kS2, kS3));
  EXPECT_FALSE(InForceAt(kS1).is_joint());
  EXPECT_EQ(leader().in_force().index, LogIndex(0)) << "the transport hears of it too";
}

// D4.
TEST_F(MembershipTest, ANewLeaderFinishesAJointConfigurationThatItFindsInItsLog) {
  Lead();
  leader().ChangeMembers(Voters({kS1, kS2}));
  cluster_->DeliverWhere([](const MessageInFlight& message) {
    return message.As<AppendEntriesRequest>() && message.to == kS2;
  });
  ASSERT_TRUE(InForceAt(kS2).is_joint());
  cluster_->Crash(kS1);
  cluster_->Restart(kS1);
  cluster_->Elect(kS2, {kS1, kS2});
  RunUntilSettled(kS2, {kS1, kS2});
}

TEST_F(MembershipTest, AConfigurationSurvivesARestart) {
  Lead();
  leader().ChangeMembers(Voters({kS1, kS2}));
  RunUntilSettled(kS2, {kS1, kS2});
  for (const ServerId id : {kS1, kS2}) {
    cluster_->Crash(id);
    cluster_->Restart(id);
    EXPECT_THAT(InForceAt(id).voters(), ElementsAre(kS1, kS2));
  }
}

// A18, dissertation §4.2.2: it may be the only one that has the entry, and denies its vote to the
// rest.
TEST_F(MembershipTest, AServerThatTheNewestConfigurationLeavesOutCampaignsUntilItIsCommitted) {
  Lead(2);
  leader().ChangeMembers(Voters({kS1}));
  RunCarefullyUntil([&] { return !InForceAt(kS1).is_joint() && !InForceAt(kS2).is_joint(); });
  ASSERT_LT(server(kS2).status().commit_index, server(kS2).status().configuration_index);
  cluster_->Isolate(kS1);
  server(kS2).TickTimes(2 * SmallOptions().election_timeout_ticks_max);
  EXPECT_EQ(server(kS2).role(), RoleName::kPreCandidate);
}

// D9.
TEST_F(MembershipTest, ARemovedServerThatMissedItLearnsOfItFromTheFirstItAsks) {
  Lead();
  cluster_->Isolate(kS3);
  leader().ChangeMembers(Voters({kS1, kS2}));
  cluster_->Run(200);
  ASSERT_TRUE(IsSettledAt(kS2, {kS1, kS2}));
  const Term term = leader().status().current_term;
  cluster_->HealAllCuts();
  cluster_->RunUntil([&] { return server(kS3).status().removed_at.has_value(); });
  cluster_->Run(300);
  EXPECT_EQ(server(kS3).role(), RoleName::kFollower) << "it campaigns no more";
  EXPECT_EQ(leader().status().current_term, term) << "nobody was disturbed";
  EXPECT_EQ(server(kS3).EventsOf<ToldRemoved>().size(), 1u);
}

// D10, D11: alone in an old configuration that lists its id, an emptied server would lead at once.
TEST_F(MembershipTest, AServerThatIsBackInAnotherLifeDoesNotCampaignAsTheVoterItWas) {
  const ClusterConfiguration alone({MemberOf(kS1)});
  RecoveredState emptied;
  emptied.incarnation = 77;
  RaftServer server(kS1, alone, SmallOptions(), /*random_seed=*/1, emptied);
  for (int tick = 0; tick < 200; ++tick) server.Step(Tick{});
  EXPECT_EQ(server.status().role, RoleName::kFollower);
  EXPECT_EQ(server.status().current_term, Term(0));
}

TEST_F(MembershipTest, ARemovedServerIsOneNoMoreAsSoonAsANewerConfigurationListsIt) {
  Lead();
  leader().ChangeMembers(Voters({kS1, kS2}));
  cluster_->RunUntil([&] { return server(kS3).status().removed_at.has_value(); });
  cluster_->Run(50);
  leader().ChangeMembers({MemberOf(kS1), MemberOf(kS2), MemberOf(kS3, kJoining)});
  for (int tick = 0; tick < 5; ++tick) {
    leader().TickTimes(1);
    cluster_->DeliverAmong({kS1, kS3});
  }
  ASSERT_NE(InForceAt(kS3).Find(kS3), nullptr);
  EXPECT_LT(server(kS3).status().commit_index, server(kS3).status().configuration_index);
  EXPECT_FALSE(server(kS3).status().removed_at.has_value());
}

// D19.
TEST_F(MembershipTest, AServerThatLeftAndIsBackInAnotherLifeIsKnownForNothing) {
  Lead();
  cluster_->Isolate(kS3);
  leader().ChangeMembers(Voters({kS1, kS2}));
  cluster_->RunUntil([&] { return IsSettledAt(kS1, {kS1, kS2}); });
  ASSERT_THAT(leader().status().peers, ::testing::SizeIs(2)) << "server 3 is still to hear of it";
  std::vector<Member> members = Voters({kS1, kS2});
  members.push_back(MemberOf(kS3, kLearner));
  leader().ChangeMembers(members);
  EXPECT_EQ(leader().peer(kS3).match_index, LogIndex(0));
  EXPECT_EQ(leader().in_force().peers.size(), 3u);
}

// D18.
TEST_F(MembershipTest, RemovingASilentServerLetsWhatWaitedForItCommit) {
  Lead(2);
  cluster_->AddServer(kS3);
  leader().ChangeMembers({MemberOf(kS1), MemberOf(kS2), MemberOf(kS3, kJoining)});
  RunUntilSettled(kS3, FirstServers(3));
  cluster_->Isolate(kS3);
  const Ticket ticket = leader().Propose();
  leader().ChangeMembers(Voters({kS1, kS2}));
  cluster_->Run(10);
  EXPECT_GE(leader().commit_index(), leader().AppendedAt(ticket)->index.value());
  EXPECT_TRUE(IsSettledAt(kS2, {kS1, kS2}));
}

TEST_F(MembershipTest, AReadInTheJointPhaseNeedsAMajorityOfEachSet) {
  Lead();
  cluster_->AddServer(kS4);
  cluster_->AddServer(kS5);
  leader().ChangeMembers({MemberOf(kS1), MemberOf(kS2, MemberRole::kVoter, true),
                          MemberOf(kS3, MemberRole::kVoter, true), MemberOf(kS4, kJoining),
                          MemberOf(kS5, kJoining)});
  RunCarefullyUntil([&] { return InForceAt(kS1).is_joint(); });
  const Ticket read = leader().Read();
  cluster_->DeliverAmong({kS1, kS2, kS3});
  EXPECT_FALSE(leader().ReadIndexOf(read).has_value());
  cluster_->DeliverAmong({kS1, kS4});
  EXPECT_TRUE(leader().ReadIndexOf(read).has_value());
}

// A23.
TEST_F(MembershipTest, ALearnersVoteIsGivenButNotCounted) {
  Lead();
  cluster_->AddServer(kS4);
  std::vector<Member> members = Voters(FirstServers(3));
  members.push_back(MemberOf(kS4, kLearner));
  leader().ChangeMembers(members);
  cluster_->Run(10);
  cluster_->Crash(kS1);
  cluster_->Isolate(kS3);
  cluster_->Run(200);
  EXPECT_FALSE(cluster_->leader().has_value()) << "server 2 and a learner are no majority of three";
}

TEST_F(MembershipTest, APeerThatIsNoMemberAnyMoreIsForgottenInTheEnd) {
  Lead();
  cluster_->Isolate(kS3);
  leader().ChangeMembers(Voters({kS1, kS2}));
  cluster_->Run(100);
  EXPECT_THAT(leader().status().peers, ::testing::SizeIs(1));
  EXPECT_THAT(leader().in_force().peers, ::testing::SizeIs(2)) << "the members alone";
}

}  // namespace
}  // namespace raft::harness
