// Figure 2, Rules for Servers, "All Servers".
//
// Two rules: apply what is committed, and follow a newer term wherever it shows. Sees a server only
// through its inputs, effects and status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied]."
TEST(AllServersTest, AppliesNothingThatIsNotCommitted) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1, 1}), .commit = 0}));
  EXPECT_THAT(server.handed_to_apply(), IsEmpty());
  EXPECT_EQ(server.status().applied_index, LogIndex(0));
}

TEST(AllServersTest, AppliesCommittedEntriesInLogOrderAndEachOnce) {
  ServerUnderTest server;
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1, 1}), .commit = 1}));
  server.Receive(kS2, AppendEntries({.previous = At(3, 1), .commit = 2}));
  server.Receive(kS2, AppendEntries({.previous = At(3, 1), .commit = 2}));
  server.Receive(kS2, AppendEntries({.previous = At(3, 1), .commit = 3}));
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(1, 2, 3));
  EXPECT_EQ(server.status().applied_index, LogIndex(3));
}

TEST(AllServersTest, HandsOverNoEntryTwiceWhileTheStateMachineIsSlow) {
  ServerUnderTest server;
  server.HoldApply();
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1}), .commit = 1}));
  server.Receive(kS2, AppendEntries({.previous = At(2, 1), .commit = 2}));
  server.TickTimes(5);
  EXPECT_EQ(server.status().applied_index, LogIndex(0));
  server.ReleaseApply();
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(1, 2));
  EXPECT_EQ(server.status().applied_index, LogIndex(2));
}

// "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to
// follower."
TEST(AllServersTest, AdoptsANewerTermFromAnAppendEntriesRequest) {
  ServerUnderTest server({.recovered = Recovered({.term = 2})});
  server.Receive(kS3, AppendEntries({.term = 5, .leader = kS3}));
  EXPECT_EQ(server.term(), 5u);
  EXPECT_EQ(server.role(), RoleName::kFollower);
  ASSERT_EQ(server.EventsOf<TermAdopted>().size(), 1u);
  EXPECT_EQ(server.EventsOf<TermAdopted>()[0].term, Term(5));
}

TEST(AllServersTest, AdoptsANewerTermFromARequestVoteItDenies) {
  ServerUnderTest server({.recovered = Recovered({.term = 2, .log_terms = {1, 2}})});
  const CallId call = server.Receive(kS2, RequestVote({.term = 5, .last_log = At(1, 1)}));
  EXPECT_EQ(server.term(), 5u);
  ASSERT_TRUE(server.Answer<RequestVoteResponse>(call).has_value());
  EXPECT_FALSE(server.Answer<RequestVoteResponse>(call)->vote_granted);
}

TEST(AllServersTest, ALeaderThatSeesANewerTermInAResponseBecomesAFollower) {
  ServerUnderTest server;
  BecomeEstablishedLeader(server);
  server.ReceiveAnswer(kS3, AppendEntriesResponse{.number = RequestNumber(1),
                                                  .term = Term(9),
                                                  .success = false,
                                                  .match_index = LogIndex(0),
                                                  .conflict = std::nullopt});
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 9u);
  ASSERT_EQ(server.EventsOf<SteppedDown>().size(), 1u);
  EXPECT_EQ(server.EventsOf<SteppedDown>()[0].reason, StepDownReason::kNewerTerm);
}

TEST(AllServersTest, ALeaderThatSeesANewerTermInARequestBecomesAFollowerOfThatLeader) {
  ServerUnderTest server;
  BecomeEstablishedLeader(server);
  server.Receive(kS3, AppendEntries({.term = 7, .leader = kS3, .previous = At(1, 1)}));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 7u);
  EXPECT_EQ(server.status().leader, kS3);
}

TEST(AllServersTest, ACandidateThatSeesANewerTermInADenialBecomesAFollower) {
  ServerUnderTest server;
  BecomeCandidate(server);
  const auto votes = server.TakeRequests<RequestVoteRequest>();
  Deny(server, votes.at(0), Term(6));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 6u);
}

TEST(AllServersTest, AnAnswerWithAnUnknownNumberStillCountsForItsTerm) {
  ServerUnderTest server;
  BecomeEstablishedLeader(server);
  server.ReceiveAnswer(kS2, AppendEntriesResponse{.number = RequestNumber(999'999),
                                                  .term = Term(4),
                                                  .success = false,
                                                  .match_index = LogIndex(0),
                                                  .conflict = std::nullopt});
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 4u);
}

// Trap A20: a term near the end of the numbers, once adopted, would leave nobody a later one.
TEST(AllServersTest, RefusesATermThatNoChainOfElectionsLeadsTo) {
  const std::uint64_t absurd = std::uint64_t{1} << 62;
  ServerUnderTest server({.recovered = Recovered({.term = 2})});
  server.Receive(kS2, RequestVote({.term = absurd}));
  server.Receive(kS2, AppendEntries({.term = absurd}));
  server.ReceiveAnswer(kS2, RequestVoteResponse{.number = RequestNumber(1), .term = Term(absurd)});
  server.ReceiveAnswer(kS2, PreVoteResponse{.number = RequestNumber(1), .term = Term(absurd)});
  server.ReceiveAnswer(kS2,
                       AppendEntriesResponse{.number = RequestNumber(1), .term = Term(absurd)});
  EXPECT_EQ(server.term(), 2u);
  EXPECT_EQ(server.EventsOf<ImpossibleMessageRefused>().size(), 5u);
}

TEST(AllServersTest, ANewerTermComesWithNoVoteInIt) {
  ServerUnderTest server({.recovered = Recovered({.term = 2, .voted_for = kS3})});
  ASSERT_EQ(server.status().voted_for, kS3);
  server.Receive(kS2, AppendEntries({.term = 3}));
  EXPECT_EQ(server.status().voted_for, std::nullopt);
  EXPECT_EQ(server.durable().promise(),
            (Promise{.current_term = Term(3), .voted_for = std::nullopt}));
}

TEST(AllServersTest, NeverGoesBackToAnOlderTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 5})});
  server.Receive(kS2, AppendEntries({.term = 4}));
  server.Receive(kS2, RequestVote({.term = 3}));
  server.Receive(kS2, PreVote({.term = 2}));
  EXPECT_EQ(server.term(), 5u);
  EXPECT_THAT(server.all_writes(), IsEmpty());
}

// Stale answers change nothing: they belong to a role that is gone.
TEST(AllServersTest, DropsResponsesOfAnOlderTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 5})});
  server.ReceiveAnswer(
      kS2, RequestVoteResponse{.number = RequestNumber(1), .term = Term(4), .vote_granted = true});
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.term(), 5u);
  EXPECT_THAT(server.all_writes(), IsEmpty());
}

TEST(AllServersTest, AnswersEveryRequestExactlyOnceAndEchoesItsNumber) {
  ServerUnderTest server({.recovered = Recovered({.term = 2, .log_terms = {1, 2}})});
  const CallId stale = server.Receive(kS2, AppendEntries({.term = 1, .number = 11}));
  const CallId mismatch =
      server.Receive(kS2, AppendEntries({.term = 2, .previous = At(9, 2), .number = 12}));
  const CallId heartbeat =
      server.Receive(kS2, AppendEntries({.term = 2, .previous = At(2, 2), .number = 13}));
  const CallId entries = server.Receive(
      kS2,
      AppendEntries({.term = 2, .previous = At(2, 2), .entries = {Entry(3, 2)}, .number = 14}));
  const CallId pre_vote = server.Receive(kS3, PreVote({.term = 3, .candidate = kS3, .number = 15}));
  const CallId vote = server.Receive(kS3, RequestVote({.term = 3, .candidate = kS3, .number = 16}));
  server.TickTimes(3);

  for (const CallId call : {stale, mismatch, heartbeat, entries, pre_vote, vote}) {
    EXPECT_EQ(server.AnswersTo(call), 1u) << "call " << call.value();
  }
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(stale)->number, RequestNumber(11));
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(mismatch)->number, RequestNumber(12));
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(heartbeat)->number, RequestNumber(13));
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(entries)->number, RequestNumber(14));
  EXPECT_EQ(server.Answer<PreVoteResponse>(pre_vote)->number, RequestNumber(15));
  EXPECT_EQ(server.Answer<RequestVoteResponse>(vote)->number, RequestNumber(16));
}

}  // namespace
}  // namespace raft::harness
