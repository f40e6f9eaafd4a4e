// Log time: the cluster's own clock, stamped on each entry by the leader that creates it (our
// addition to the paper; dissertation §6.3 asks for a time that all state machines agree on).
//
// It is counted in ticks from the newest log time in the leader's log and never from a wall clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

constexpr LogTimeMs kFoundingTimeMs = 1'700'000'000'000;

LogTimeMs LogTimeAt(const ServerUnderTest& server, std::uint64_t index) {
  const LogEntryPointer entry = server.written().EntryAt(LogIndex(index));
  EXPECT_NE(entry, nullptr) << "no entry at index " << index;
  return entry == nullptr ? 0 : entry->log_time_ms;
}

void ExpectLogTimeNeverFalls(const std::vector<LogEntryPointer>& log) {
  for (std::size_t place = 1; place < log.size(); ++place) {
    EXPECT_LE(log[place - 1]->log_time_ms, log[place]->log_time_ms)
        << "at index " << log[place]->index.value();
  }
}

ServerSetup FoundedAt(LogTimeMs founding_time_ms) {
  ServerSetup setup;
  setup.recovered.log_time_ms = founding_time_ms;
  return setup;
}

TEST(LogTimeTest, StartsAtTheFoundingTime) {
  ServerUnderTest leader(FoundedAt(kFoundingTimeMs));
  BecomeEstablishedLeader(leader);
  EXPECT_GE(LogTimeAt(leader, 1), kFoundingTimeMs);
  EXPECT_LT(LogTimeAt(leader, 1), kFoundingTimeMs + 10'000);
}

TEST(LogTimeTest, GrowsByTheTicksOfTheLeader) {
  ServerUnderTest leader(FoundedAt(kFoundingTimeMs));
  BecomeEstablishedLeader(leader);
  leader.Propose("a");
  CatchUpAll(leader);
  leader.TickTimes(7);
  leader.Propose("b");
  EXPECT_EQ(LogTimeAt(leader, 3) - LogTimeAt(leader, 2), 7 * leader.setup().options.tick_ms);
}

TEST(LogTimeTest, StandsStillWithinATick) {
  ServerUnderTest leader(FoundedAt(kFoundingTimeMs));
  BecomeEstablishedLeader(leader);
  leader.Propose("a");
  leader.Propose("b");
  EXPECT_EQ(LogTimeAt(leader, 2), LogTimeAt(leader, 3));
}

// A new leader continues from the newest entry, committed or not.
TEST(LogTimeTest, ContinuesFromTheNewestLogTimeInTheLog) {
  ServerUnderTest leader({.recovered = Recovered({.term = 2, .log_terms = {1, 2, 2}})});
  BecomeLeader(leader);
  EXPECT_GE(LogTimeAt(leader, 4), 3 * kLogTimeStepMs);
  EXPECT_LT(LogTimeAt(leader, 4), 4 * kLogTimeStepMs);
}

TEST(LogTimeTest, ContinuesFromEntriesReceivedAsAFollower) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1})}));
  BecomeLeader(server);
  EXPECT_GE(LogTimeAt(server, 3), 2 * kLogTimeStepMs);
  EXPECT_LT(LogTimeAt(server, 3), 3 * kLogTimeStepMs);
}

// What counts is the log as it is, not entries that another leader took back.
TEST(LogTimeTest, ForgetsTheLogTimeOfTruncatedEntries) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1, .entries = LogOfTerms({1, 1, 1, 1})}));
  server.Receive(
      kS3,
      AppendEntries({.term = 2, .leader = kS3, .previous = At(1, 1), .entries = {Entry(2, 2)}}));
  BecomeLeader(server);
  EXPECT_GE(LogTimeAt(server, 3), 2 * kLogTimeStepMs);
  EXPECT_LT(LogTimeAt(server, 3), 3 * kLogTimeStepMs);
}

TEST(LogTimeTest, ContinuesAfterARestartFromTheNewestEntryOnDisk) {
  ServerUnderTest leader(FoundedAt(kFoundingTimeMs));
  BecomeEstablishedLeader(leader);
  leader.TickTimes(5);
  leader.Propose("a");
  CatchUpAll(leader);
  const LogTimeMs newest = LogTimeAt(leader, 2);
  ServerUnderTest restarted(leader.SetupAfterCrash());
  BecomeLeader(restarted);
  EXPECT_GE(LogTimeAt(restarted, 3), newest);
}

TEST(LogTimeTest, IsTheSameOnEveryServer) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.Run(10);
  cluster.server(kS1).Propose("a");
  cluster.Run(10);
  for (const std::uint64_t index : {1, 2}) {
    EXPECT_EQ(LogTimeAt(cluster.server(kS1), index), LogTimeAt(cluster.server(kS2), index));
    EXPECT_EQ(LogTimeAt(cluster.server(kS1), index), LogTimeAt(cluster.server(kS3), index));
  }
}

TEST(LogTimeTest, NeverFallsAlongTheLogOverManyLeaders) {
  TestCluster cluster;
  for (int election = 0; election < 12; ++election) {
    const ServerId next = FirstServers(3)[static_cast<std::size_t>(election % 3)];
    cluster.Elect(next, {kS1, kS2, kS3});
    cluster.DeliverAll();
    cluster.server(next).Propose("a");
    cluster.Run(3);
  }
  for (const ServerId id : FirstServers(3)) {
    EXPECT_GE(cluster.server(id).written().entries().size(), 20u);
    ExpectLogTimeNeverFalls(cluster.server(id).written().entries());
  }
}

}  // namespace
}  // namespace raft::harness
