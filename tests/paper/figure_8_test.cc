// Figure 8: why a leader cannot conclude that an entry of an older term is committed once it is
// stored on a majority (§5.4.2). Traps B1 and B2.
//
// Each server starts with index 1 of term 1. Our leaders write a no-op as they come to power; those
// no-ops are the entries the figure draws. Each step of the figure is a function below; each test
// plays up to its step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One entry a message, so that index 2 can travel without index 3.
ClusterSetup SetupOfFigure8() {
  ClusterSetup setup{.servers = 5};
  setup.options.append_bytes_max = 1;
  for (const ServerId id : FirstServers(5)) {
    setup.recovered[id] = Recovered({.term = 1, .log_terms = {1}});
  }
  return setup;
}

class Figure8Test : public ::testing::Test {
 protected:
  // (a) S1 is leader and partially replicates the log entry at index 2.
  void PlayA() {
    cluster_.Elect(kS1, {kS1, kS2, kS3});
    ASSERT_EQ(cluster_.server(kS1).term(), 2u);
    cluster_.DeliverWhere(
        [](const MessageInFlight& message) { return message.from == kS1 && message.to == kS2; });
    cluster_.LoseAll();
  }

  // (b) S1 crashes; S5 is elected leader for term 3 with votes from S3, S4, and itself, and accepts
  // a different entry at log index 2.
  void PlayB() {
    PlayA();
    cluster_.Crash(kS1);
    cluster_.Elect(kS5, {kS3, kS4, kS5});
    ASSERT_EQ(cluster_.server(kS5).term(), 3u);
    cluster_.LoseAll();
  }

  // (c) S5 crashes; S1 restarts, is elected leader, and continues replication. At this point, the
  // log entry from term 2 has been replicated on a majority of the servers, but it is not
  // committed.
  void PlayC() {
    PlayB();
    cluster_.Crash(kS5);
    cluster_.Restart(kS1);
    cluster_.Elect(kS1, {kS1, kS2, kS3, kS4});
    ASSERT_EQ(cluster_.server(kS1).term(), 4u);
    // S3 is backed up to index 1 and takes index 2; index 3 stays on the wire.
    cluster_.DeliverWhere([this](const MessageInFlight& message) {
      const bool between =
          (message.from == kS1 && message.to == kS3) || (message.from == kS3 && message.to == kS1);
      return between && !BringsIndex3(message);
    });
    // S2 says in answer to a heartbeat that it holds index 2; its index 3 stays on the wire too.
    S(kS1).TickTimes(SmallOptions().heartbeat_ticks);
    cluster_.DeliverWhere([](const MessageInFlight& message) {
      const auto* append = message.As<AppendEntriesRequest>();
      const bool heartbeat_to_s2 = message.to == kS2 && append != nullptr && append->is_heartbeat();
      return heartbeat_to_s2 || (message.from == kS2 && message.to == kS1);
    });
  }

  ServerUnderTest& S(ServerId id) { return cluster_.server(id); }

  TestCluster cluster_{SetupOfFigure8()};

 private:
  // S3 can take index 3 only once it holds index 2; before, the message is a mismatch.
  bool BringsIndex3(const MessageInFlight& message) {
    const auto* append = message.As<AppendEntriesRequest>();
    return append != nullptr && append->previous.index == LogIndex(2) && !append->is_heartbeat() &&
           S(kS3).status().last_log_index == LogIndex(2);
  }
};

TEST_F(Figure8Test, StepA_TheEntryOfTerm2IsOnTwoServersAndNotCommitted) {
  PlayA();
  EXPECT_THAT(S(kS1).log_terms(), ElementsAre(1, 2));
  EXPECT_THAT(S(kS2).log_terms(), ElementsAre(1, 2));
  EXPECT_THAT(S(kS3).log_terms(), ElementsAre(1));
  EXPECT_EQ(S(kS1).commit_index(), 0u);
}

TEST_F(Figure8Test, StepB_AServerWithoutThatEntryWinsTerm3) {
  PlayB();
  EXPECT_EQ(S(kS5).role(), RoleName::kLeader);
  EXPECT_THAT(S(kS5).log_terms(), ElementsAre(1, 3));
}

TEST_F(Figure8Test, StepC_TheEntryOfTerm2IsOnAMajorityAndStillNotCommitted) {
  PlayC();
  EXPECT_THAT(S(kS1).log_terms(), ElementsAre(1, 2, 4));
  EXPECT_THAT(S(kS2).log_terms(), ElementsAre(1, 2));
  EXPECT_THAT(S(kS3).log_terms(), ElementsAre(1, 2));
  // The leader knows that S2 and S3 hold index 2, and does not commit by counting them.
  EXPECT_EQ(S(kS1).peer(kS2).match_index, LogIndex(2));
  EXPECT_EQ(S(kS1).peer(kS3).match_index, LogIndex(2));
  EXPECT_EQ(S(kS1).commit_index(), 0u);
  EXPECT_THAT(S(kS1).handed_to_apply(), IsEmpty());
}

// (d) S1 crashes; S5 could be elected leader (with votes from S2, S3, and S4) and overwrite the
// entry with its own entry from term 3.
TEST_F(Figure8Test, StepD_TheEntryOfTerm2CanStillBeOverwritten) {
  PlayC();
  cluster_.Crash(kS1);
  cluster_.Restart(kS5);
  cluster_.Elect(kS5, {kS2, kS3, kS4, kS5});
  ASSERT_EQ(S(kS5).term(), 5u);
  cluster_.Run(40);
  for (const ServerId id : {kS2, kS3, kS4, kS5}) {
    EXPECT_THAT(S(id).log_terms(), ElementsAre(1, 3, 5)) << "server " << id.value();
    EXPECT_EQ(S(id).commit_index(), 3u) << "server " << id.value();
  }
}

// (e) However, if S1 replicates an entry from its current term on a majority of the servers before
// crashing, then this entry is committed (S5 cannot win an election).
TEST_F(Figure8Test, StepE_AnEntryOfTerm4OnAMajorityCommitsAllBeforeIt) {
  PlayC();
  cluster_.DeliverAmong({kS1, kS2, kS3});
  EXPECT_EQ(S(kS1).commit_index(), 3u);
  EXPECT_THAT(TermsOf(S(kS1).handed_to_apply()), ElementsAre(1, 2, 4));
}

TEST_F(Figure8Test, StepE_ThenS5CannotWinAnElection) {
  PlayC();
  cluster_.DeliverAmong({kS1, kS2, kS3});
  cluster_.LoseAll();
  cluster_.Crash(kS1);
  cluster_.Restart(kS5);
  for (const ServerId voter : {kS2, kS3}) {
    S(voter).TickTimes(SmallOptions().election_timeout_ticks_min + 1);
    const CallId call =
        S(voter).Receive(kS5, RequestVote({.term = 9, .candidate = kS5, .last_log = At(2, 3)}));
    ASSERT_TRUE(S(voter).Answer<RequestVoteResponse>(call).has_value());
    EXPECT_FALSE(S(voter).Answer<RequestVoteResponse>(call)->vote_granted);
  }
  // The cluster goes on without it, and nothing committed is lost.
  cluster_.RunUntil([this] { return cluster_.leader().has_value() && S(kS5).commit_index() >= 3; });
  for (const ServerId id : {kS2, kS3, kS4, kS5}) {
    EXPECT_EQ(S(id).log_terms().at(1), 2u) << "server " << id.value();
    EXPECT_EQ(S(id).log_terms().at(2), 4u) << "server " << id.value();
  }
}

}  // namespace
}  // namespace raft::harness
