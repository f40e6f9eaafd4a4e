// Figure 2, RequestVote RPC, receiver implementation, steps 1 and 2.
//
// The up-to-date rule of step 2 has its table of nine cases in section_5_4_test.cc; votes and the
// disk are in durability_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

RequestVoteResponse Ask(ServerUnderTest& server, const VoteFields& fields) {
  const CallId call = server.Receive(fields.candidate, RequestVote(fields));
  const auto answer = server.Answer<RequestVoteResponse>(call);
  EXPECT_TRUE(answer.has_value()) << "the request was not answered";
  return answer.value_or(RequestVoteResponse{});
}

VoteDecision LastDecision(const ServerUnderTest& server) {
  const auto decisions = server.EventsOf<VoteDecided>();
  EXPECT_FALSE(decisions.empty());
  return decisions.back().decision;
}

// Step 1: "Reply false if term < currentTerm (§5.1)."
TEST(RequestVoteStep1Test, RefusesAStaleTermAndTellsTheCurrentOne) {
  ServerUnderTest server({.recovered = Recovered({.term = 5})});
  const auto answer = Ask(server, {.term = 4, .last_log = At(100, 4)});
  EXPECT_FALSE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(5));
  EXPECT_EQ(server.status().voted_for, std::nullopt);
}

// Step 2: "If votedFor is null or candidateId, and candidate's log is at least as up-to-date as
// receiver's log, grant vote (§5.2, §5.4)."
TEST(RequestVoteStep2Test, GrantsItsVoteToTheFirstWhoAsks) {
  ServerUnderTest server({.recovered = Recovered({.term = 1})});
  const auto answer = Ask(server, {.term = 2});
  EXPECT_TRUE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(2));
  EXPECT_EQ(server.status().voted_for, kS2);
  EXPECT_EQ(LastDecision(server), VoteDecision::kGranted);
}

TEST(RequestVoteStep2Test, GrantsItsVoteInATermItOnlyHeardOf) {
  ServerUnderTest server({.recovered = Recovered({.term = 2})});
  EXPECT_TRUE(Ask(server, {.term = 2}).vote_granted);
}

TEST(RequestVoteStep2Test, GrantsItsVoteOnlyOnceInATerm) {
  ServerUnderTest server;
  EXPECT_TRUE(Ask(server, {.term = 1, .candidate = kS2}).vote_granted);
  EXPECT_FALSE(Ask(server, {.term = 1, .candidate = kS3, .last_log = At(9, 1)}).vote_granted);
  EXPECT_EQ(server.status().voted_for, kS2);
  EXPECT_EQ(LastDecision(server), VoteDecision::kDeniedVotedOther);
}

TEST(RequestVoteStep2Test, GrantsTheSameCandidateAgainWithoutASecondWrite) {
  ServerUnderTest server;
  EXPECT_TRUE(Ask(server, {.term = 1, .candidate = kS2}).vote_granted);
  const std::size_t writes_before = server.all_writes().size();
  EXPECT_TRUE(Ask(server, {.term = 1, .candidate = kS2}).vote_granted);
  EXPECT_EQ(server.all_writes().size(), writes_before);
}

TEST(RequestVoteStep2Test, HasANewVoteInEachNewTerm) {
  ServerUnderTest server;
  EXPECT_TRUE(Ask(server, {.term = 1, .candidate = kS2}).vote_granted);
  EXPECT_TRUE(Ask(server, {.term = 2, .candidate = kS3}).vote_granted);
  EXPECT_EQ(server.status().voted_for, kS3);
}

TEST(RequestVoteStep2Test, DeniesALogBehindItsOwnAndKeepsItsVote) {
  ServerUnderTest server({.recovered = Recovered({.term = 2, .log_terms = {1, 2}})});
  EXPECT_FALSE(Ask(server, {.term = 3, .candidate = kS2, .last_log = At(5, 1)}).vote_granted);
  EXPECT_EQ(LastDecision(server), VoteDecision::kDeniedLogBehind);
  EXPECT_EQ(server.status().voted_for, std::nullopt);
  EXPECT_TRUE(Ask(server, {.term = 3, .candidate = kS3, .last_log = At(2, 2)}).vote_granted);
}

TEST(RequestVoteStep2Test, RemembersAVoteFromBeforeARestart) {
  ServerUnderTest server({.recovered = Recovered({.term = 4, .voted_for = kS3})});
  EXPECT_FALSE(Ask(server, {.term = 4, .candidate = kS2}).vote_granted);
  EXPECT_TRUE(Ask(server, {.term = 4, .candidate = kS3}).vote_granted);
}

TEST(RequestVoteStep2Test, GrantingAVoteStartsNoElectionOfItsOwn) {
  ServerUnderTest server;
  Ask(server, {.term = 1});
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.status().leader, std::nullopt);
  EXPECT_THAT(server.TakeAllRequests(), IsEmpty());
}

// §6, dissertation §4.2.3: a server that hears its leader listens to no candidate.
TEST(RequestVoteNearALeaderTest, IsDisregardedWithoutAdoptingItsTerm) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1}));
  server.TickTimes(server.setup().options.election_timeout_ticks_min - 2);
  const auto answer = Ask(server, {.term = 7, .candidate = kS3, .last_log = At(9, 6)});
  EXPECT_FALSE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(1));
  EXPECT_EQ(server.term(), 1u);
  EXPECT_EQ(server.status().leader, kS2);
  EXPECT_EQ(LastDecision(server), VoteDecision::kDisregarded);
}

TEST(RequestVoteNearALeaderTest, IsHeardOnceTheLeaderFallsSilent) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 1}));
  server.TickTimes(server.setup().options.election_timeout_ticks_min + 1);
  EXPECT_TRUE(Ask(server, {.term = 7, .candidate = kS3, .last_log = At(9, 6)}).vote_granted);
  EXPECT_EQ(server.term(), 7u);
}

TEST(RequestVoteNearALeaderTest, DoesNotToppleALeaderThatHearsItsMajority) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  const auto answer = Ask(leader, {.term = 8, .candidate = kS3, .last_log = At(9, 6)});
  EXPECT_FALSE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(1));
  EXPECT_EQ(leader.role(), RoleName::kLeader);
  EXPECT_EQ(leader.term(), 1u);
}

}  // namespace
}  // namespace raft::harness
