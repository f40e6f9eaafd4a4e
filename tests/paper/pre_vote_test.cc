// The pre-vote (dissertation §9.6): ask before campaigning, so that a server that cannot win
// disturbs nobody. Traps A5, A9, A11, A12, A14, A15, A16; disregard near a leader (§4.2.3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

PreVoteResponse Ask(ServerUnderTest& server, const VoteFields& fields) {
  const CallId call = server.Receive(fields.candidate, PreVote(fields));
  const auto answer = server.Answer<PreVoteResponse>(call);
  EXPECT_TRUE(answer.has_value()) << "the request was not answered";
  return answer.value_or(PreVoteResponse{});
}

// ---- The server that is asked.

// Trap A9: with its own older term in the answer, a server that is behind could never win.
TEST(PreVoteGrantedTest, CarriesTheTermThatWasAskedFor) {
  ServerUnderTest server({.recovered = Recovered({.term = 3})});
  const auto answer = Ask(server, {.term = 8});
  EXPECT_TRUE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(8));
}

TEST(PreVoteDeniedTest, CarriesTheDeniersOwnTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 3, .log_terms = {3}})});
  const auto behind = Ask(server, {.term = 8, .last_log = At(9, 2)});
  EXPECT_FALSE(behind.vote_granted);
  EXPECT_EQ(behind.term, Term(3));
}

TEST(PreVoteGrantedTest, ChangesNothingAtTheServerThatGrants) {
  ServerUnderTest server({.recovered = Recovered({.term = 3, .voted_for = kS3})});
  Ask(server, {.term = 8});
  EXPECT_EQ(server.term(), 3u);
  EXPECT_EQ(server.status().voted_for, kS3);
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_THAT(server.all_writes(), IsEmpty());
}

TEST(PreVoteGrantedTest, MayGoToSeveralServersOfOneTerm) {
  ServerUnderTest server;
  EXPECT_TRUE(Ask(server, {.term = 1, .candidate = kS2}).vote_granted);
  EXPECT_TRUE(Ask(server, {.term = 1, .candidate = kS3}).vote_granted);
}

TEST(PreVoteDeniedTest, ForATermThatIsNotNew) {
  ServerUnderTest server({.recovered = Recovered({.term = 3})});
  EXPECT_FALSE(Ask(server, {.term = 3, .last_log = At(9, 3)}).vote_granted);
  EXPECT_FALSE(Ask(server, {.term = 2, .last_log = At(9, 2)}).vote_granted);
}

// Trap A12: a live leader is not toppled by a server that only one cable cut off.
TEST(PreVoteDeniedTest, WhileALeaderIsNear) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1}));
  server.TickTimes(server.setup().options.election_timeout_ticks_min - 2);
  const auto answer = Ask(server, {.term = 2, .candidate = kS3, .last_log = At(9, 1)});
  EXPECT_FALSE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(1));
}

TEST(PreVoteGrantedTest, OnceTheLeaderFallsSilent) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1}));
  server.TickTimes(server.setup().options.election_timeout_ticks_min + 1);
  EXPECT_TRUE(Ask(server, {.term = 2, .candidate = kS3, .last_log = At(9, 1)}).vote_granted);
}

// Trap A11: the leader restarted; waiting for it and refusing it would leave two of three for ever
// without a leader.
TEST(PreVoteGrantedTest, ToTheVeryLeaderThatIsNear) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1}));
  EXPECT_TRUE(Ask(server, {.term = 2, .candidate = kS2}).vote_granted);
}

TEST(PreVoteDeniedTest, ByALeader) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  EXPECT_FALSE(Ask(leader, {.term = 2, .candidate = kS3, .last_log = At(9, 1)}).vote_granted);
  EXPECT_EQ(leader.role(), RoleName::kLeader);
}

// ---- The server that asks.

TEST(PreCandidateTest, AsksEveryPeerAboutTheNextTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 4, .log_terms = {1, 4}})});
  TickUntilPreCandidate(server);
  const auto questions = server.TakeRequests<PreVoteRequest>();
  ASSERT_THAT(questions, SizeIs(2));
  for (const auto& question : questions) {
    EXPECT_EQ(question.request.term, Term(5));
    EXPECT_EQ(question.request.candidate_id, kS1);
    EXPECT_EQ(question.request.last_log, At(2, 4));
  }
  EXPECT_THAT(server.TakeRequests<RequestVoteRequest>(), IsEmpty());
}

TEST(PreCandidateTest, BecomesACandidateWithAMajorityOfPreVotes) {
  ServerUnderTest server({.voters = FirstServers(5)});
  TickUntilPreCandidate(server);
  const auto questions = server.TakeRequests<PreVoteRequest>();
  Grant(server, questions.at(0));
  EXPECT_EQ(server.role(), RoleName::kPreCandidate);
  EXPECT_EQ(server.term(), 0u);
  Grant(server, questions.at(1));
  EXPECT_EQ(server.role(), RoleName::kCandidate);
  EXPECT_EQ(server.term(), 1u);
}

// Trap A5.
TEST(PreCandidateTest, CountsADuplicatedPreVoteOnce) {
  ServerUnderTest server({.voters = FirstServers(5)});
  TickUntilPreCandidate(server);
  const auto questions = server.TakeRequests<PreVoteRequest>();
  for (int copy = 0; copy < 4; ++copy) Grant(server, questions.at(0));
  EXPECT_EQ(server.role(), RoleName::kPreCandidate);
}

// Traps A15, A16: the term stands still however long nobody answers.
TEST(PreCandidateTest, NeverRaisesItsTermBySilence) {
  ServerUnderTest server({.recovered = Recovered({.term = 4})});
  for (int round = 0; round < 20; ++round) {
    server.TickTimes(server.setup().options.election_timeout_ticks_max);
    for (const auto& question : server.TakeRequests<PreVoteRequest>()) {
      EXPECT_EQ(question.request.term, Term(5));
      server.Step(PeerUnreachable{.peer = question.to, .number = question.request.number});
    }
  }
  EXPECT_EQ(server.role(), RoleName::kPreCandidate);
  EXPECT_EQ(server.term(), 4u);
  EXPECT_THAT(server.all_writes(), IsEmpty());
}

TEST(PreCandidateTest, AsksAgainAfterEachTimeout) {
  ServerUnderTest server;
  TickUntilPreCandidate(server);
  EXPECT_THAT(server.TakeRequests<PreVoteRequest>(), SizeIs(2));
  server.TickTimes(server.setup().options.election_timeout_ticks_max);
  EXPECT_GE(server.TakeRequests<PreVoteRequest>().size(), 2u);
}

// Trap A14: a server that is behind in terms must be able to come back in.
TEST(PreCandidateTest, AdoptsTheNewerTermOfADenial) {
  ServerUnderTest server({.recovered = Recovered({.term = 4})});
  TickUntilPreCandidate(server);
  Deny(server, server.TakeRequests<PreVoteRequest>().at(0), Term(9));
  EXPECT_EQ(server.term(), 9u);
  TickUntilPreCandidate(server);
  EXPECT_EQ(server.TakeRequests<PreVoteRequest>().at(0).request.term, Term(10));
}

TEST(PreCandidateTest, AdoptsNothingFromAGrant) {
  ServerUnderTest server({.voters = FirstServers(5), .recovered = Recovered({.term = 4})});
  TickUntilPreCandidate(server);
  Grant(server, server.TakeRequests<PreVoteRequest>().at(0));
  EXPECT_EQ(server.term(), 4u);
  EXPECT_EQ(server.role(), RoleName::kPreCandidate);
}

TEST(PreCandidateTest, FollowsALeaderItHears) {
  ServerUnderTest server({.recovered = Recovered({.term = 4})});
  TickUntilPreCandidate(server);
  const CallId call = server.Receive(kS2, AppendEntries({.term = 4}));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.status().leader, kS2);
  EXPECT_TRUE(server.Answer<AppendEntriesResponse>(call)->success);
}

TEST(PreCandidateTest, IsNotMovedByAPreVoteThatComesAfterItFollows) {
  ServerUnderTest server;
  TickUntilPreCandidate(server);
  const auto questions = server.TakeRequests<PreVoteRequest>();
  server.Receive(kS2, AppendEntries({.term = 1}));
  for (const auto& question : questions) Grant(server, question);
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 1u);
}

TEST(PreCandidateTest, StillVotesForACandidateOfANewerTerm) {
  ServerUnderTest server;
  TickUntilPreCandidate(server);
  const CallId call = server.Receive(kS2, RequestVote({.term = 1}));
  EXPECT_TRUE(server.Answer<RequestVoteResponse>(call)->vote_granted);
  EXPECT_EQ(server.role(), RoleName::kFollower);
}

// Two servers whose timers ran out together must not deny each other for ever.
TEST(PreCandidateTest, GrantsThePreVoteOfAnother) {
  ServerUnderTest server;
  TickUntilPreCandidate(server);
  EXPECT_TRUE(Ask(server, {.term = 1}).vote_granted);
}

// ---- In a cluster.

// Traps A12, A15: cut off for a long time and then back, it disturbs nobody.
TEST(PreVoteInAClusterTest, AServerThatWasCutOffComesBackWithoutAnElection) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.DeliverAll();
  cluster.Isolate(kS3);
  cluster.Run(300);
  ASSERT_NE(cluster.server(kS3).role(), RoleName::kFollower);
  ASSERT_EQ(cluster.server(kS3).term(), 1u);
  cluster.HealAllCuts();
  cluster.Run(100);
  EXPECT_EQ(cluster.leader(), kS1);
  EXPECT_EQ(cluster.server(kS1).term(), 1u);
  EXPECT_EQ(cluster.server(kS3).role(), RoleName::kFollower);
}

// Trap A12: S3 hears nothing from the leader but can talk to S2, for ever.
TEST(PreVoteInAClusterTest, AHalfCutServerDoesNotToppleTheLeader) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.DeliverAll();
  cluster.CutOneWay(kS1, kS3);
  cluster.CutOneWay(kS3, kS1);
  cluster.Run(500);
  EXPECT_EQ(cluster.leader(), kS1);
  EXPECT_EQ(cluster.server(kS1).term(), 1u);
}

// Trap A11.
TEST(PreVoteInAClusterTest, TwoOfThreeFindALeaderAfterTheOldOneRestarted) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.Run(5);
  cluster.Crash(kS3);
  cluster.Crash(kS1);
  cluster.Restart(kS1);
  cluster.RunUntil([&] { return cluster.leader().has_value(); }, 200);
}

// Trap A16: the server with the stale log never wins and never raises the term of the others.
TEST(PreVoteInAClusterTest, AServerWithAStaleLogRaisesNoTerms) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.DeliverAll();
  cluster.Isolate(kS3);
  cluster.server(kS1).Propose("a");
  cluster.DeliverAll();
  cluster.HealAllCuts();
  cluster.CutOneWay(kS1, kS3);
  cluster.CutOneWay(kS3, kS1);
  cluster.Run(100);
  cluster.Crash(kS1);
  for (int tick = 0; tick < 200; ++tick) {
    cluster.server(kS3).TickTimes(1);
    cluster.DeliverAll();
  }
  EXPECT_EQ(cluster.server(kS3).term(), 1u);
  EXPECT_EQ(cluster.server(kS2).term(), 1u);
}

}  // namespace
}  // namespace raft::harness
