// What a restart may know (Figure 2, persistent and volatile state). Traps G2 and G3: nothing is
// applied that no leader has confirmed, and what was applied is committed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Three entries on disk, of which the state machine holds one.
ServerSetup Restarted() {
  return {.recovered = Recovered({.term = 2, .log_terms = {1, 1, 2}, .applied = 1})};
}

TEST(RestartTest, KeepsTermVoteAndLog) {
  ServerUnderTest server(
      {.recovered = Recovered({.term = 5, .log_terms = {1, 4}, .voted_for = kS3})});
  EXPECT_EQ(server.term(), 5u);
  EXPECT_EQ(server.status().voted_for, kS3);
  EXPECT_EQ(server.status().last_log_index, LogIndex(2));
  EXPECT_EQ(server.status().durable_index, LogIndex(2));
}

TEST(RestartTest, BringsBackAFollowerWhateverItWasBefore) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  ServerUnderTest restarted(leader.SetupAfterCrash());
  EXPECT_EQ(restarted.role(), RoleName::kFollower);
  EXPECT_EQ(restarted.status().leader, std::nullopt);
}

TEST(RestartTest, WritesAndSaysNothingByItself) {
  ServerUnderTest server(Restarted());
  EXPECT_THAT(server.all_writes(), IsEmpty());
  EXPECT_THAT(server.TakeAllRequests(), IsEmpty());
}

// Trap G3: the commit index is not stored; what is applied is the least it can be.
TEST(RestartTest, TakesTheAppliedIndexForTheCommitIndex) {
  ServerUnderTest server(Restarted());
  EXPECT_EQ(server.commit_index(), 1u);
  EXPECT_EQ(server.status().applied_index, LogIndex(1));
}

// Trap G2: the tail of the log may have been replaced while this server was down.
TEST(RestartTest, AppliesNothingThatIsNotKnownToBeCommitted) {
  ServerUnderTest server(Restarted());
  server.TickTimes(server.setup().options.election_timeout_ticks_max * 3);
  EXPECT_THAT(server.handed_to_apply(), IsEmpty());
  EXPECT_EQ(server.status().applied_index, LogIndex(1));
}

TEST(RestartTest, AppliesTheRestOnceALeaderSaysItIsCommitted) {
  ServerUnderTest server(Restarted());
  server.Receive(kS2, AppendEntries({.term = 2, .previous = At(3, 2), .commit = 3}));
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(2, 3));
}

TEST(RestartTest, AppliesWhatReplacedItsTailAndNotTheTail) {
  ServerUnderTest server(Restarted());
  server.Receive(
      kS2, AppendEntries(
               {.term = 3, .previous = At(1, 1), .entries = {Entry(2, 3, "new")}, .commit = 2}));
  EXPECT_THAT(CommandsOf(server.handed_to_apply()), ElementsAre("new"));
}

TEST(RestartTest, AppliesNoEntryASecondTimeForAnOlderCommitIndex) {
  ServerUnderTest server(
      {.recovered = Recovered({.term = 2, .log_terms = {1, 1, 2}, .applied = 3})});
  server.Receive(kS2, AppendEntries({.term = 2, .previous = At(3, 2), .commit = 1}));
  EXPECT_EQ(server.commit_index(), 3u);
  EXPECT_THAT(server.handed_to_apply(), IsEmpty());
}

// The state machine writes without syncing: after a crash it may hold less than before, and is
// given the rest again.
TEST(RestartTest, AppliesAgainWhatTheStateMachineLost) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1, 1}), .commit = 3}));
  ASSERT_EQ(server.status().applied_index, LogIndex(3));
  ServerUnderTest restarted(server.SetupAfterCrash(LogIndex(1)));
  restarted.Receive(kS2, AppendEntries({.previous = At(3, 1), .commit = 3}));
  EXPECT_THAT(IndexesOf(restarted.handed_to_apply()), ElementsAre(2, 3));
}

TEST(RestartTest, HoldsOnlyTheEntriesThatWereOnDisk) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.entries = {Entry(1, 1)}}));
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.previous = At(1, 1), .entries = {Entry(2, 1)}}));
  ServerUnderTest restarted(server.SetupAfterCrash());
  EXPECT_EQ(restarted.status().last_log_index, LogIndex(1));
}

TEST(RestartTest, ALoneServerAppliesItsTailOnlyUnderTheNoOpOfANewTerm) {
  ServerSetup setup = Restarted();
  setup.voters = FirstServers(1);
  ServerUnderTest server(setup);
  EXPECT_THAT(server.handed_to_apply(), IsEmpty());
  server.TickTimes(setup.options.election_timeout_ticks_max + 1);
  EXPECT_EQ(server.term(), 3u);
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(2, 3, 4));
}

TEST(RestartTest, OfEveryServerLosesNothingThatWasAcknowledged) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  for (const char* command : {"a", "b", "c"}) cluster.server(kS1).Propose(command);
  cluster.DeliverAll();
  ASSERT_EQ(cluster.server(kS1).commit_index(), 4u);
  for (const ServerId id : FirstServers(3)) cluster.Crash(id);
  for (const ServerId id : FirstServers(3)) cluster.Restart(id);
  cluster.RunUntil([&] {
    for (const ServerId id : cluster.running()) {
      if (cluster.server(id).applied().index < LogIndex(5)) return false;
    }
    return true;
  });
  for (const ServerId id : cluster.running()) {
    EXPECT_THAT(CommandsOf(cluster.server(id).written().entries()), ElementsAre("a", "b", "c"));
  }
}

}  // namespace
}  // namespace raft::harness
