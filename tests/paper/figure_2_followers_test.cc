// Figure 2, Rules for Servers, "Followers (§5.2)".
//
// Respond to candidates and leaders; stand for election when nobody is heard. The election timer
// restarts only for a message of the current leader and for a granted vote, and for nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;

// Does `event` again and again, a tick apart, for as long as the longest election timeout.
bool StandsForElectionDespite(ServerUnderTest& server,
                              const std::function<void(std::uint64_t tick)>& event) {
  for (std::uint64_t tick = 1; tick <= server.setup().options.election_timeout_ticks_max; ++tick) {
    event(tick);
    server.TickTimes(1);
    if (server.role() != RoleName::kFollower) return true;
  }
  return false;
}

TEST(FollowersTest, StartAsFollowersOfTheirStoredTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 4, .log_terms = {1, 4}})});
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 4u);
  EXPECT_EQ(server.status().leader, std::nullopt);
  EXPECT_EQ(server.status().last_log_index, LogIndex(2));
}

TEST(FollowersTest, IssueNoRequestsOfTheirOwn) {
  ServerUnderTest server;
  for (int beat = 0; beat < 30; ++beat) {
    server.Receive(kS2, AppendEntries({}));
    server.TickTimes(2);
  }
  EXPECT_THAT(server.TakeAllRequests(), IsEmpty());
}

// "If election timeout elapses without receiving AppendEntries RPC from current leader or granting
// vote to candidate: convert to candidate" (by way of the pre-vote, dissertation §9.6).
TEST(FollowersTest, StandForElectionAfterARandomTimeWithinTheTimeout) {
  const RaftOptions options = SmallOptions();
  std::set<std::uint64_t> timeouts;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    ServerUnderTest server({.seed = seed});
    const std::uint64_t timeout = TickUntilPreCandidate(server);
    EXPECT_GE(timeout, options.election_timeout_ticks_min) << "seed " << seed;
    EXPECT_LE(timeout, options.election_timeout_ticks_max) << "seed " << seed;
    timeouts.insert(timeout);
  }
  EXPECT_GE(timeouts.size(), 8u) << "timeouts are hardly random";
}

TEST(FollowersTest, TheSameSeedGivesTheSameTimeout) {
  ServerUnderTest first({.seed = 7});
  ServerUnderTest second({.seed = 7});
  EXPECT_EQ(TickUntilPreCandidate(first), TickUntilPreCandidate(second));
}

TEST(FollowersTest, StayFollowersWhileTheirLeaderSpeaks) {
  ServerUnderTest server;
  for (int beat = 0; beat < 30; ++beat) {
    server.Receive(kS2, AppendEntries({}));
    server.TickTimes(server.setup().options.election_timeout_ticks_min - 1);
    ASSERT_EQ(server.role(), RoleName::kFollower) << "after heartbeat " << beat;
  }
  EXPECT_EQ(server.status().leader, kS2);
}

// The leader is alive even when the logs do not meet yet.
TEST(FollowersTest, StayFollowersWhileTheirLeaderSpeaksOfEntriesTheyLack) {
  ServerUnderTest server;
  for (int beat = 0; beat < 10; ++beat) {
    server.Receive(kS2, AppendEntries({.previous = At(7, 1)}));
    server.TickTimes(server.setup().options.election_timeout_ticks_min - 1);
    ASSERT_EQ(server.role(), RoleName::kFollower) << "after heartbeat " << beat;
  }
}

TEST(FollowersTest, RestartTheirTimerWhenTheyGrantAVote) {
  ServerUnderTest server;
  for (std::uint64_t term = 1; term <= 10; ++term) {
    server.Receive(kS2, RequestVote({.term = term}));
    ASSERT_EQ(server.status().voted_for, kS2);
    server.TickTimes(server.setup().options.election_timeout_ticks_min - 1);
    ASSERT_EQ(server.role(), RoleName::kFollower) << "after the vote of term " << term;
  }
}

// Trap A19: a timer that anything restarts leaves a cluster without a leader.
TEST(FollowersTest, DoNotRestartTheirTimerForADeniedVote) {
  ServerUnderTest server({.recovered = Recovered({.term = 2, .log_terms = {1, 2}})});
  EXPECT_TRUE(StandsForElectionDespite(server, [&](std::uint64_t tick) {
    server.Receive(kS2, RequestVote({.term = 2 + tick, .last_log = At(1, 1)}));
  }));
}

// Trap A19.
TEST(FollowersTest, DoNotRestartTheirTimerForADeposedLeader) {
  ServerUnderTest server({.recovered = Recovered({.term = 5})});
  EXPECT_TRUE(StandsForElectionDespite(
      server, [&](std::uint64_t) { server.Receive(kS2, AppendEntries({.term = 4})); }));
}

// Trap A19: a pre-vote is a question, not a vote.
TEST(FollowersTest, DoNotRestartTheirTimerForAGrantedPreVote) {
  ServerUnderTest server;
  EXPECT_TRUE(StandsForElectionDespite(
      server, [&](std::uint64_t) { server.Receive(kS2, PreVote({.term = 1})); }));
}

// Trap A19.
TEST(FollowersTest, DoNotRestartTheirTimerForResponsesOrClients) {
  ServerUnderTest server;
  EXPECT_TRUE(StandsForElectionDespite(server, [&](std::uint64_t) {
    server.ReceiveAnswer(kS2, PreVoteResponse{.number = RequestNumber(1), .term = Term(0)});
    server.Propose();
    server.Read();
    server.Step(PeerUnreachable{.peer = kS3, .number = RequestNumber(1)});
  }));
}

TEST(FollowersTest, NameTheLeaderWhenTheyRefuseAProposal) {
  ServerUnderTest server;
  server.Receive(kS3, AppendEntries({.term = 2, .leader = kS3}));
  const auto refusal = server.RefusalOf(server.Propose());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kNotLeader);
  EXPECT_EQ(refusal->leader_hint, kS3);
  EXPECT_EQ(refusal->current_term, Term(2));
}

TEST(FollowersTest, NameTheLeaderWhenTheyRefuseARead) {
  ServerUnderTest server;
  server.Receive(kS3, AppendEntries({.term = 2, .leader = kS3}));
  const auto refusal = server.RefusalOf(server.Read());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kNotLeader);
  EXPECT_EQ(refusal->leader_hint, kS3);
}

TEST(FollowersTest, NameNobodyWhenTheyKnowNoLeader) {
  ServerUnderTest server;
  const auto refusal = server.RefusalOf(server.Propose());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kNotLeader);
  EXPECT_EQ(refusal->leader_hint, std::nullopt);
}

TEST(FollowersTest, ForgetTheLeaderOfATermThatIsOver) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1}));
  server.TickTimes(9);
  TickUntilPreCandidate(server);
  server.Receive(kS3, RequestVote({.term = 2, .candidate = kS3}));
  ASSERT_EQ(server.term(), 2u);
  EXPECT_EQ(server.status().leader, std::nullopt);
}

}  // namespace
}  // namespace raft::harness
