// The frame around the roles: the term gate, the swap, the redelivery, and what effects carry.
#include "core/raft_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TermGateTest, ANewerTermTurnsAnyRoleIntoAFollowerFirst) {
  ServerUnderTest server;
  ASSERT_NO_FATAL_FAILURE(BecomeEstablishedLeader(server));
  const std::uint64_t term = server.term();
  server.ReceiveAnswer(kS2, AppendEntriesResponse{.number = RequestNumber(1), .term = Term(9)});
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 9u);
  EXPECT_EQ(server.status().voted_for, std::nullopt);
  ASSERT_THAT(server.EventsOf<SteppedDown>(), SizeIs(1));
  EXPECT_EQ(server.EventsOf<SteppedDown>()[0].reason, StepDownReason::kNewerTerm);
  EXPECT_EQ(server.EventsOf<SteppedDown>()[0].term, Term(term));
}

TEST(TermGateTest, RefusesEveryKindOfRequestOfAnOlderTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 5, .log_terms = {5}})});
  const CallId append = server.Receive(kS2, AppendEntries({.term = 4, .previous = At(1, 5)}));
  const CallId vote = server.Receive(kS3, RequestVote({.term = 4, .last_log = At(9, 3)}));
  EXPECT_FALSE(server.Answer<AppendEntriesResponse>(append)->success);
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(append)->term, Term(5));
  EXPECT_FALSE(server.Answer<RequestVoteResponse>(vote)->vote_granted);
  EXPECT_EQ(server.status().leader, std::nullopt);
}

TEST(TermGateTest, APreVoteOfAnyTermPassesIt) {
  ServerUnderTest server({.recovered = Recovered({.term = 5})});
  server.Receive(kS2, PreVote({.term = 99}));
  EXPECT_EQ(server.term(), 5u);
  EXPECT_THAT(server.all_writes(), IsEmpty());
}

TEST(TermGateTest, AGrantedPreVoteIsNoNewerTermButADenialIs) {
  ServerUnderTest server({.voters = FirstServers(5)});
  TickUntilPreCandidate(server);
  const auto asked = server.TakeRequests<PreVoteRequest>();
  Grant(server, asked.at(0));
  EXPECT_EQ(server.term(), 0u);
  Deny(server, asked.at(1), Term(7));
  EXPECT_EQ(server.term(), 7u);
  EXPECT_EQ(server.role(), RoleName::kFollower);
}

TEST(TermGateTest, AnswersOfAnOlderTermReachNoRole) {
  ServerUnderTest server;
  ASSERT_NO_FATAL_FAILURE(BecomeCandidate(server));
  for (const auto& sent : server.TakeRequests<RequestVoteRequest>()) {
    server.ReceiveAnswer(sent.to, RequestVoteResponse{.number = sent.request.number,
                                                      .term = Term(sent.request.term.value() - 1),
                                                      .vote_granted = true});
  }
  EXPECT_EQ(server.role(), RoleName::kCandidate) << "trap A4";
}

TEST(TermGateTest, ADisregardedVoteRequestDoesNotRaiseTheTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 2})});
  server.Receive(kS2, AppendEntries({.term = 2, .leader = kS2}));
  const CallId call = server.Receive(kS3, RequestVote({.term = 9, .candidate = kS3}));
  EXPECT_FALSE(server.Answer<RequestVoteResponse>(call)->vote_granted);
  EXPECT_EQ(server.term(), 2u);
}

TEST(RoleSwapTest, ACandidateHandlesTheLeadersMessageAsAFollowerExactlyOnce) {
  ServerUnderTest server({.recovered = Recovered({.term = 3, .log_terms = {3}})});
  ASSERT_NO_FATAL_FAILURE(BecomeCandidate(server));
  const CallId call = server.Receive(
      kS2, AppendEntries({.term = 4, .previous = At(1, 3), .entries = LogOfTerms({4}, 2)}));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.status().leader, kS2);
  EXPECT_EQ(server.AnswersTo(call), 1u);
  EXPECT_TRUE(server.Answer<AppendEntriesResponse>(call)->success);
  EXPECT_THAT(server.log_terms(), ElementsAre(3, 4));
}

TEST(RoleSwapTest, APreCandidateDoesTheSame) {
  ServerUnderTest server({.recovered = Recovered({.term = 3})});
  TickUntilPreCandidate(server);
  const CallId call = server.Receive(kS2, AppendEntries({.term = 3}));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.AnswersTo(call), 1u);
}

TEST(RoleSwapTest, AloneAServerLeadsWithinOneTimeout) {
  ServerUnderTest server({.voters = FirstServers(1)});
  server.TickTimes(SmallOptions().election_timeout_ticks_max);
  EXPECT_EQ(server.role(), RoleName::kLeader);
  EXPECT_EQ(server.term(), 1u);
  EXPECT_EQ(server.commit_index(), 1u);
}

TEST(RoleSwapTest, ANewObjectOfTheSameRoleIsNoChangeOfRole) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.term = 4}));
  server.Receive(kS3, AppendEntries({.term = 5, .leader = kS3}));
  EXPECT_THAT(server.EventsOf<RoleChanged>(), IsEmpty());
  EXPECT_THAT(server.EventsOf<TermAdopted>(), SizeIs(2));
}

TEST(EffectsTest, ManyStepsLeaveInOneWrite) {
  ServerUnderTest server;
  ASSERT_NO_FATAL_FAILURE(BecomeEstablishedLeader(server));
  const std::size_t writes_before = server.all_writes().size();
  server.StepTogether(std::vector<Input>(
      50, CommandProposed{.ticket = Ticket(100), .command = "x", .expected_term = std::nullopt}));
  ASSERT_EQ(server.all_writes().size(), writes_before + 1);
  EXPECT_THAT(server.all_writes().back().entries, SizeIs(50));
  EXPECT_THAT(server.TakeRequestsTo<AppendEntriesRequest>(kS2), SizeIs(1)) << "and in one request";
}

TEST(EffectsTest, HandsOverWhatIsCommittedAndDurableOnceAndInOrder) {
  ServerUnderTest server;
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.term = 1, .entries = LogOfTerms({1, 1, 1}), .commit = 2}));
  EXPECT_THAT(server.handed_to_apply(), IsEmpty()) << "committed, but not on this disk";
  server.ReleaseDisk();
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(1, 2));
  server.Receive(kS2, AppendEntries({.term = 1, .previous = At(3, 1), .commit = 3}));
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(1, 2, 3));
}

TEST(EffectsTest, AStartAppliesNothingThatNoLeaderConfirmed) {
  ServerUnderTest server(
      {.recovered = Recovered({.term = 2, .log_terms = {1, 1, 2}, .applied = 1})});
  server.TickTimes(100);
  EXPECT_THAT(server.handed_to_apply(), IsEmpty()) << "trap G2";
  EXPECT_EQ(server.commit_index(), 1u);
}

TEST(EffectsTest, TakingTwiceGivesNothingTwice) {
  RaftServer server(kS1, ClusterConfiguration(FirstServers(3)), SmallOptions(), 1, {});
  server.Step(RequestReceived{.sender = ReturnAddress{.peer = kS2, .call_id = CallId(1)},
                              .request = RequestVote({.term = 1})});
  EXPECT_TRUE(server.TakeEffects().persist.has_value());
  const Effects again = server.TakeEffects();
  EXPECT_FALSE(again.persist.has_value());
  EXPECT_THAT(again.responses, IsEmpty());
  EXPECT_THAT(again.events, IsEmpty());
}

TEST(RaftServerTest, TheSameSeedGivesTheSameRun) {
  const auto first_election = [](std::uint64_t seed) {
    ServerUnderTest server({.seed = seed});
    return TickUntilPreCandidate(server);
  };
  std::set<std::uint64_t> elections;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_EQ(first_election(seed), first_election(seed));
    elections.insert(first_election(seed));
  }
  EXPECT_GT(elections.size(), 5u) << "and another seed another one";
}

TEST(RaftServerDeathTest, TheWorldAnswersOnlyWhatItWasAsked) {
  ServerUnderTest server;
  EXPECT_DEATH(server.Step(WritePersisted{.sequence = PersistSequence(1)}),
               "the disk completes only what it was given");
  EXPECT_DEATH(server.Step(EntriesApplied{.last_applied = LogIndex(1)}),
               "only what was handed over is applied");
}

}  // namespace
}  // namespace raft::harness
