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
  DigestAll("b", "a", "a");
  server(kS1).TickTimes(server(kS1).setup().options.heartbeat_ticks);
  cluster_.DeliverWhere([](const MessageInFlight& message) { return message.is_request(); });
  // The answers under way do not confirm a read that comes only now.
  const Ticket read = server(kS1).Read();
  cluster_.DeliverWhere([](const MessageInFlight& message) { return !message.is_request(); });
  ASSERT_TRUE(IsPutAside(kS1));
  EXPECT_EQ(server(kS1).ReadIndexOf(read), std::nullopt);
  ASSERT_TRUE(server(kS1).RefusalOf(read).has_value());
  EXPECT_EQ(server(kS1).RefusalOf(read)->reason, RefusalReason::kStateDiverged);
}

// The mark would be written into the state that takes the place of the odd one.
TEST_F(DivergenceTest, NoVerdictIsPassedWhileASnapshotTakesThePlaceOfTheState) {
  ServerUnderTest lagging(
      ServerSetup{.recovered = Recovered({.term = 2, .log_terms = {1, 1, 1}, .applied = 2})});
  lagging.Step(StateDigested{{.index = LogIndex(2), .digest = "b"}});
  lagging.HoldApply();
  lagging.Receive(kS2, Offer({.term = 2, .leader = kS2, .last_included = At(9, 2), .number = 1}));
  ASSERT_GT(lagging.apply_work_waiting(), 0u) << "the switch";
  AppendEntriesRequest heartbeat =
      AppendEntries({.term = 2, .leader = kS2, .previous = At(3, 1), .commit = 3});
  heartbeat.majority_state = StateCheck{.index = LogIndex(2), .digest = "a"};
  lagging.Receive(kS2, heartbeat);
  EXPECT_FALSE(lagging.status().diverged_index.has_value());
  lagging.ReleaseApply();
  EXPECT_FALSE(lagging.status().diverged_index.has_value());
  EXPECT_EQ(lagging.applied(), At(9, 2));
}

TEST_F(DivergenceTest, ALeaderWhoseStateNobodyVouchesForReplacesNoOtherState) {
  RecoveredState recovered = Recovered({.term = 2, .log_terms = {1, 1, 1}, .applied = 3});
  ServerUnderTest leader(ServerSetup{.recovered = recovered});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));
  CatchUp(leader, kS2);
  leader.TickTimes(leader.setup().options.heartbeat_ticks);
  const auto heartbeat = TakeHeartbeatTo(leader, kS3);
  ASSERT_TRUE(heartbeat.has_value());
  leader.ReceiveAnswer(kS3, AppendEntriesResponse{.number = heartbeat->request.number,
                                                  .term = Term(leader.term()),
                                                  .success = true,
                                                  .match_index = heartbeat->request.previous.index,
                                                  .needs_snapshot = true});
  EXPECT_THAT(leader.EventsOf<SnapshotNeeded>(), IsEmpty());
}

TEST_F(DivergenceTest, AnOddLeaderSendsItsStateToNobody) {
  RecoveredState recovered =
      Recovered({.term = 2, .log_terms = {2, 2}, .applied = 12, .base = At(10, 2)});
  recovered.state_is_diverged = true;
  ServerUnderTest leader(ServerSetup{.recovered = recovered});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));
  const auto sent = TakeAppendTo(leader, kS3);
  ASSERT_TRUE(sent.has_value());
  Reject(leader, *sent, {.term = std::nullopt, .index = LogIndex(6)});
  EXPECT_EQ(leader.peer(kS3).next_index, LogIndex(6)) << "it lacks what was trimmed";
  EXPECT_THAT(leader.EventsOf<SnapshotNeeded>(), IsEmpty());
}

TEST_F(DivergenceTest, NobodyComparesWhatIsNotCommitted) {
  AppendEntriesRequest request =
      AppendEntries({.term = server(kS1).term(), .leader = kS1, .previous = At(6, 1), .commit = 6});
  request.majority_state = StateCheck{.index = LogIndex(7), .digest = "a"};
  server(kS3).Receive(kS1, request);
  ASSERT_THAT(server(kS3).EventsOf<ImpossibleMessageRefused>(), SizeIs(1));
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
  cluster_.Run(3 * kHeartbeats);
  EXPECT_THAT(server(kS1).EventsOf<StatesInDoubt>(), SizeIs(1)) << "it was waited for long enough";
  EXPECT_FALSE(IsPutAside(kS1));
  EXPECT_FALSE(IsPutAside(kS2));
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
