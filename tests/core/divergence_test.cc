// Silent divergence among whole servers: found, put aside, replaced (trap G9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class DivergenceTest : public ::testing::Test {
 protected:
  // S1 leads, and all three have applied the same entries.
  DivergenceTest() {
    cluster_.Elect(kS1, {kS1, kS2, kS3});
    for (int count = 0; count < 5; ++count) server(kS1).Propose();
    cluster_.Run(kHeartbeats);
  }
  ServerUnderTest& server(ServerId id) { return cluster_.server(id); }
  // Each server has this digest at the index that all have applied.
  void Digest(ServerId id, const std::string& digest) {
    server(id).Step(StateDigested{{.index = LogIndex(6), .digest = digest}});
  }
  void DigestAll(const std::string& one, const std::string& two, const std::string& three) {
    Digest(kS1, one);
    Digest(kS2, two);
    Digest(kS3, three);
  }
  bool IsPutAside(ServerId id) { return server(id).status().diverged_index.has_value(); }

  static constexpr std::uint64_t kHeartbeats = 20;  // time for several
  TestCluster cluster_;
};

TEST_F(DivergenceTest, EqualStatesAreVerifiedEverywhere) {
  DigestAll("a", "a", "a");
  cluster_.Run(kHeartbeats);
  for (const ServerId id : cluster_.all()) {
    EXPECT_EQ(server(id).status().verified_index, LogIndex(6));
    EXPECT_FALSE(IsPutAside(id));
  }
}

TEST_F(DivergenceTest, TheOddFollowerIsReplacedByASnapshotThoughItHasTheLog) {
  server(kS3).HoldSnapshots();
  DigestAll("a", "a", "b");
  cluster_.Run(kHeartbeats);
  EXPECT_EQ(server(kS3).status().diverged_index, LogIndex(6));
  EXPECT_THAT(server(kS3).EventsOf<StateDiverged>(), SizeIs(1));
  EXPECT_FALSE(IsPutAside(kS1));
  EXPECT_FALSE(IsPutAside(kS2));
  ASSERT_TRUE(server(kS3).snapshot_arriving().has_value());
  server(kS3).StoreSnapshot();
  cluster_.Run(kHeartbeats);
  EXPECT_FALSE(IsPutAside(kS3));
  EXPECT_EQ(server(kS3).applied(), server(kS1).applied());
  server(kS1).Propose();
  cluster_.Run(kHeartbeats);
  EXPECT_EQ(server(kS3).applied(), server(kS1).applied()) << "it goes on";
}

TEST_F(DivergenceTest, NothingIsAppliedToAStateThatWasPutAside) {
  server(kS3).HoldSnapshots();
  DigestAll("a", "a", "b");
  cluster_.Run(kHeartbeats);
  const std::size_t handed = server(kS3).handed_to_apply().size();
  server(kS1).Propose();
  cluster_.Run(kHeartbeats);
  EXPECT_EQ(server(kS3).handed_to_apply(), server(kS3).handed_to_apply());
  EXPECT_THAT(server(kS3).handed_to_apply(), SizeIs(handed));
  EXPECT_EQ(server(kS3).commit_index(), server(kS1).commit_index()) << "its log goes on";
  server(kS3).StoreSnapshot();
  cluster_.Run(kHeartbeats);
  EXPECT_EQ(server(kS3).applied(), server(kS1).applied());
}

TEST_F(DivergenceTest, TheOddLeaderHandsOverAndAnswersNobodyMeanwhile) {
  DigestAll("b", "a", "a");
  // The leader learns of it, and nobody hears anything any more.
  cluster_.RunUntil([this] { return IsPutAside(kS1); });
  cluster_.LoseAll();
  const Ticket read = server(kS1).Read();
  const Ticket write = server(kS1).Propose();
  ASSERT_TRUE(server(kS1).RefusalOf(read).has_value());
  EXPECT_EQ(server(kS1).RefusalOf(read)->reason, RefusalReason::kStateDiverged);
  ASSERT_TRUE(server(kS1).RefusalOf(write).has_value());
  cluster_.RunUntil([this] { return cluster_.leader() && *cluster_.leader() != kS1; });
  cluster_.RunUntil([this] { return !IsPutAside(kS1); });
  EXPECT_FALSE(IsPutAside(kS2));
  EXPECT_FALSE(IsPutAside(kS3));
}

TEST_F(DivergenceTest, AReadThatWaitsAtTheOddLeaderIsRefused) {
  Digest(kS2, "a");
  Digest(kS3, "a");
  const Ticket read = server(kS1).Read();
  // Before its round of confirmations comes back the leader learns that it is the odd one.
  server(kS1).Step(StateDigested{{.index = LogIndex(6), .digest = "b"}});
  cluster_.LoseAll();
  cluster_.RunUntil([this] { return IsPutAside(kS1); });
  const bool is_answered = server(kS1).ReadIndexOf(read).has_value();
  const bool is_refused = server(kS1).RefusalOf(read).has_value();
  EXPECT_NE(is_answered, is_refused) << "once, one way or the other";
}

TEST_F(DivergenceTest, NobodyIsPutAsideOnDoubt) {
  DigestAll("a", "b", "c");
  cluster_.Run(kHeartbeats);
  for (const ServerId id : cluster_.all()) EXPECT_FALSE(IsPutAside(id));
  EXPECT_THAT(server(kS1).EventsOf<StatesInDoubt>(), SizeIs(1));
}

TEST_F(DivergenceTest, OneThatIsSilentLeavesTheRestToAgree) {
  cluster_.Isolate(kS3);
  Digest(kS1, "a");
  Digest(kS2, "b");
  cluster_.Run(kHeartbeats);
  EXPECT_FALSE(IsPutAside(kS1));
  EXPECT_FALSE(IsPutAside(kS2));
  EXPECT_THAT(server(kS1).EventsOf<StatesInDoubt>(), IsEmpty()) << "the third may tell";
}

TEST_F(DivergenceTest, ASnapshotThatWouldTakeTheStateBackIsRefused) {
  server(kS3).HoldSnapshots();
  DigestAll("a", "a", "b");
  cluster_.RunUntil([this] { return server(kS3).snapshot_arriving().has_value(); });
  const CallId call = server(kS3).Receive(
      kS1, InstallSnapshotRequest{.number = RequestNumber(900),
                                  .term = Term(server(kS1).term()),
                                  .leader_id = kS1,
                                  .last_included = server(kS3).handed_to_apply()[2]->position()});
  const auto answer = server(kS3).Answer<InstallSnapshotResponse>(call);
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->success);
}

TEST_F(DivergenceTest, AServerThatIsPutAsideDoesNotCampaignWhenAsked) {
  server(kS3).HoldSnapshots();
  DigestAll("a", "a", "b");
  cluster_.Run(kHeartbeats);
  const std::uint64_t term = server(kS3).term();
  server(kS3).Receive(
      kS1, TimeoutNowRequest{.number = RequestNumber(901), .term = Term(term), .leader_id = kS1});
  EXPECT_EQ(server(kS3).role(), RoleName::kFollower);
  EXPECT_EQ(server(kS3).term(), term);
}

TEST_F(DivergenceTest, AMarkedStateIsReplacedAfterARestart) {
  RecoveredState recovered = Recovered({.term = 2, .log_terms = {1, 1, 1}, .applied = 2});
  recovered.state_is_diverged = true;
  ServerUnderTest marked(ServerSetup{.recovered = recovered});
  EXPECT_TRUE(marked.status().diverged_index.has_value());
  const CallId call = marked.Receive(
      kS2, AppendEntries({.term = 2, .leader = kS2, .previous = At(3, 1), .commit = 3}));
  const auto answer = marked.Answer<AppendEntriesResponse>(call);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->success);
  EXPECT_TRUE(answer->needs_snapshot);
  EXPECT_THAT(marked.handed_to_apply(), IsEmpty());
}

// The state ends where the log begins, so that the log need not follow.
TEST_F(DivergenceTest, AReplacedStateMayEndWhereTheLogBegins) {
  RecoveredState recovered =
      Recovered({.term = 2, .log_terms = {1, 1}, .applied = 10, .base = At(10, 1)});
  recovered.state_is_diverged = true;
  ServerUnderTest marked(ServerSetup{.recovered = recovered});
  const CallId call = marked.Receive(
      kS2, Offer({.term = 2, .leader = kS2, .last_included = At(10, 1), .number = 1}));
  const auto answer = marked.Answer<InstallSnapshotResponse>(call);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->success);
  EXPECT_FALSE(marked.status().diverged_index.has_value());
  EXPECT_EQ(marked.log_terms(), (std::vector<std::uint64_t>{1, 1})) << "the rest of the log stays";
}

}  // namespace
}  // namespace raft::harness
