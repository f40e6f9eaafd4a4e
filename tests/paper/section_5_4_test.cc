// §5.4: safety. The election restriction (§5.4.1) with its nine cases, and committing entries from
// previous terms (§5.4.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;

// ---- §5.4.1: "If the logs have last entries with different terms, then the log with the later
// term is more up-to-date. If the logs end with the same term, then whichever log is longer is more
// up-to-date." The voter's log ends at index 3, term 3.

struct UpToDateCase {
  std::string name;
  LogPosition candidate_last;
  bool up_to_date;
};

void PrintTo(const UpToDateCase& one, std::ostream* out) { *out << one.name; }

// Trap A3: length must not be compared before the term.
class ElectionRestrictionTest : public ::testing::TestWithParam<UpToDateCase> {
 protected:
  ServerUnderTest voter_{{.recovered = Recovered({.term = 4, .log_terms = {1, 2, 3}})}};
};

TEST_P(ElectionRestrictionTest, DecidesTheVote) {
  const CallId call =
      voter_.Receive(kS2, RequestVote({.term = 5, .last_log = GetParam().candidate_last}));
  ASSERT_TRUE(voter_.Answer<RequestVoteResponse>(call).has_value());
  EXPECT_EQ(voter_.Answer<RequestVoteResponse>(call)->vote_granted, GetParam().up_to_date);
  EXPECT_EQ(voter_.EventsOf<VoteDecided>().back().decision,
            GetParam().up_to_date ? VoteDecision::kGranted : VoteDecision::kDeniedLogBehind);
}

TEST_P(ElectionRestrictionTest, DecidesThePreVoteInTheSameWay) {
  const CallId call =
      voter_.Receive(kS2, PreVote({.term = 5, .last_log = GetParam().candidate_last}));
  ASSERT_TRUE(voter_.Answer<PreVoteResponse>(call).has_value());
  EXPECT_EQ(voter_.Answer<PreVoteResponse>(call)->vote_granted, GetParam().up_to_date);
}

INSTANTIATE_TEST_SUITE_P(Log, ElectionRestrictionTest,
                         ::testing::Values(UpToDateCase{"OlderTermAndShorter", At(2, 2), false},
                                           UpToDateCase{"OlderTermAndAsLong", At(3, 2), false},
                                           UpToDateCase{"OlderTermAndLonger", At(9, 2), false},
                                           UpToDateCase{"SameTermAndShorter", At(2, 3), false},
                                           UpToDateCase{"SameTermAndAsLong", At(3, 3), true},
                                           UpToDateCase{"SameTermAndLonger", At(9, 3), true},
                                           UpToDateCase{"NewerTermAndShorter", At(2, 4), true},
                                           UpToDateCase{"NewerTermAndAsLong", At(3, 4), true},
                                           UpToDateCase{"NewerTermAndLonger", At(9, 4), true}),
                         [](const auto& info) { return info.param.name; });

TEST(ElectionRestrictionOfEmptyLogsTest, AnyLogIsUpToDateForAnEmptyOne) {
  ServerUnderTest voter;
  const CallId call = voter.Receive(kS2, RequestVote({.term = 1, .last_log = At(0, 0)}));
  EXPECT_TRUE(voter.Answer<RequestVoteResponse>(call)->vote_granted);
}

TEST(ElectionRestrictionOfEmptyLogsTest, AnEmptyLogIsBehindEveryOther) {
  ServerUnderTest voter({.recovered = Recovered({.term = 1, .log_terms = {1}})});
  const CallId call = voter.Receive(kS2, RequestVote({.term = 2, .last_log = At(0, 0)}));
  EXPECT_FALSE(voter.Answer<RequestVoteResponse>(call)->vote_granted);
}

// "Raft prevents a candidate from winning an election unless its log contains all committed
// entries."
TEST(ElectionRestrictionInAClusterTest, AServerThatLacksACommittedEntryIsNotElected) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2});
  cluster.DeliverAmong({kS1, kS2});
  ASSERT_EQ(cluster.server(kS1).commit_index(), 1u);
  cluster.LoseAll();
  cluster.Crash(kS1);
  cluster.RunUntil([&] { return cluster.leader().has_value(); });
  EXPECT_EQ(cluster.leader(), kS2);
}

// ---- §5.4.2: committing entries from previous terms.

// "Raft never commits log entries from previous terms by counting replicas." Trap B1.
TEST(CommitmentTest, AnEntryOfAnOlderTermIsNotCommittedByCounting) {
  ServerSetup setup{.recovered = Recovered({.term = 2, .log_terms = {1, 2}})};
  setup.options.append_bytes_max = 1;
  ServerUnderTest leader(setup);
  BecomeLeader(leader);
  // S2 and S3 both turn out to hold everything but the no-op of term 3.
  for (const ServerId peer : {kS2, kS3}) {
    const auto append = TakeAppendTo(leader, peer);
    AppendEntriesResponse holds_the_old = SuccessOf(append->request);
    holds_the_old.match_index = LogIndex(2);
    leader.ReceiveAnswer(peer, holds_the_old);
  }
  EXPECT_EQ(leader.commit_index(), 0u);
}

// "Once an entry from the current term has been committed in this way, then all prior entries are
// committed indirectly." Trap B2.
TEST(CommitmentTest, AnEntryOfTheCurrentTermCommitsAllBeforeIt) {
  ServerUnderTest leader({.recovered = Recovered({.term = 2, .log_terms = {1, 1, 2}})});
  BecomeLeader(leader);
  Acknowledge(leader, *TakeAppendTo(leader, kS3));
  EXPECT_EQ(leader.commit_index(), 4u);
  EXPECT_THAT(TermsOf(leader.handed_to_apply()), ElementsAre(1, 1, 2, 3));
}

// Trap B22: without a no-op the entries of the last leader would wait for the next client.
TEST(CommitmentTest, ANewLeaderCommitsTheEntriesOfTheLastOneWithoutAnyClient) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.server(kS1).Propose("left behind");
  cluster.DeliverWhere([](const MessageInFlight& message) { return message.to == kS2; });
  cluster.server(kS1).TickTimes(2);
  cluster.DeliverWhere([](const MessageInFlight& message) { return message.to == kS2; });
  cluster.LoseAll();
  cluster.Crash(kS1);
  cluster.RunUntil([&] {
    return cluster.leader() == kS2 && cluster.server(kS2).commit_index() >= 2 &&
           cluster.server(kS3).commit_index() >= 2;
  });
}

// Leader Completeness (§5.4.3): what was acknowledged is in the log of every later leader.
TEST(CommitmentTest, ACommittedEntryIsInTheLogOfEveryLaterLeader) {
  TestCluster cluster({.servers = 5});
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.server(kS1).Propose("kept");
  cluster.DeliverAmong({kS1, kS2, kS3});
  ASSERT_EQ(cluster.server(kS1).commit_index(), 2u);
  cluster.LoseAll();
  cluster.Crash(kS1);
  for (int election = 0; election < 3; ++election) {
    cluster.RunUntil([&] { return cluster.leader().has_value(); });
    const ServerId leader = *cluster.leader();
    ASSERT_GE(cluster.server(leader).written().entries().size(), 2u);
    EXPECT_EQ(cluster.server(leader).written().EntryAt(LogIndex(2))->data, "kept");
    cluster.Run(10);
    cluster.LoseAll();
    cluster.Crash(leader);
    cluster.Restart(leader);
  }
}

}  // namespace
}  // namespace raft::harness
