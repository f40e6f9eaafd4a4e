// Figure 2, Rules for Servers, "Candidates (§5.2)".
//
// The road from pre-candidate to candidate is in pre_vote_test.cc; here the pre-vote is won and the
// election itself is checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// "On conversion to candidate, start election: increment currentTerm."
TEST(CandidatesTest, IncrementTheirTermOnce) {
  ServerUnderTest server({.recovered = Recovered({.term = 6})});
  BecomeCandidate(server);
  EXPECT_EQ(server.term(), 7u);
}

// "Vote for self."
TEST(CandidatesTest, VoteForThemselves) {
  ServerUnderTest server;
  BecomeCandidate(server);
  EXPECT_EQ(server.status().voted_for, kS1);
  EXPECT_EQ(server.durable().promise(), (Promise{.current_term = Term(1), .voted_for = kS1}));
}

// "Reset election timer."
TEST(CandidatesTest, RestartTheirElectionTimer) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ServerUnderTest server({.seed = seed});
    BecomeCandidate(server);
    server.TickTimes(server.setup().options.election_timeout_ticks_min - 1);
    EXPECT_EQ(server.role(), RoleName::kCandidate) << "seed " << seed;
  }
}

// "Send RequestVote RPCs to all other servers."
TEST(CandidatesTest, AskEveryOtherServerForItsVote) {
  ServerUnderTest server(
      {.voters = FirstServers(5), .recovered = Recovered({.term = 3, .log_terms = {1, 1, 3}})});
  BecomeCandidate(server);
  const auto votes = server.TakeRequests<RequestVoteRequest>();
  ASSERT_THAT(votes, SizeIs(4));
  std::set<ServerId> asked;
  for (const auto& vote : votes) {
    asked.insert(vote.to);
    EXPECT_EQ(vote.request.term, Term(4));
    EXPECT_EQ(vote.request.candidate_id, kS1);
    EXPECT_EQ(vote.request.last_log, At(3, 3));
  }
  EXPECT_EQ(asked, (std::set<ServerId>{kS2, kS3, kS4, kS5}));
}

// "If votes received from majority of servers: become leader."
TEST(CandidatesTest, BecomeLeaderWithTheVotesOfAMajority) {
  ServerUnderTest server({.voters = FirstServers(5)});
  BecomeCandidate(server);
  const auto votes = server.TakeRequests<RequestVoteRequest>();
  Grant(server, votes.at(0));
  EXPECT_EQ(server.role(), RoleName::kCandidate);
  Grant(server, votes.at(1));
  EXPECT_EQ(server.role(), RoleName::kLeader);
  EXPECT_EQ(server.status().leader, kS1);
}

TEST(CandidatesTest, DoNotBecomeLeaderByDenials) {
  ServerUnderTest server({.voters = FirstServers(5)});
  BecomeCandidate(server);
  for (const auto& vote : server.TakeRequests<RequestVoteRequest>()) Deny(server, vote, Term(1));
  EXPECT_NE(server.role(), RoleName::kLeader);
}

// Trap A5: votes are a set of servers, not a count of answers.
TEST(CandidatesTest, CountADuplicatedVoteOnce) {
  ServerUnderTest server({.voters = FirstServers(5)});
  BecomeCandidate(server);
  const auto votes = server.TakeRequests<RequestVoteRequest>();
  for (int copy = 0; copy < 4; ++copy) Grant(server, votes.at(0));
  EXPECT_EQ(server.role(), RoleName::kCandidate);
}

// Trap A4: a vote belongs to the term it was given in.
TEST(CandidatesTest, DoNotCountAVoteOfAnEarlierTerm) {
  ServerUnderTest server;
  BecomeCandidate(server);
  const auto late = server.TakeRequests<RequestVoteRequest>();
  ASSERT_EQ(late.size(), 2u);
  TickUntilPreCandidate(server);
  BecomeCandidate(server);
  ASSERT_EQ(server.term(), 2u);
  for (const auto& vote : late) Grant(server, vote);
  EXPECT_EQ(server.role(), RoleName::kCandidate);
}

// Trap A6: only voters of the configuration vote.
TEST(CandidatesTest, DoNotCountTheVoteOfAStranger) {
  ServerUnderTest server({.voters = FirstServers(5)});
  BecomeCandidate(server);
  const auto votes = server.TakeRequests<RequestVoteRequest>();
  Grant(server, votes.at(0));
  server.ReceiveAnswer(ServerId(9), RequestVoteResponse{.number = votes.at(1).request.number,
                                                        .term = Term(1),
                                                        .vote_granted = true});
  EXPECT_EQ(server.role(), RoleName::kCandidate);
}

// Trap A15: silence is not an answer, and least of all one with a newer term.
TEST(CandidatesTest, TakeAnUnreachablePeerForNothingButSilence) {
  ServerUnderTest server;
  BecomeCandidate(server);
  for (const auto& vote : server.TakeRequests<RequestVoteRequest>()) {
    server.Step(PeerUnreachable{.peer = vote.to, .number = vote.request.number});
  }
  EXPECT_EQ(server.role(), RoleName::kCandidate);
  EXPECT_EQ(server.term(), 1u);
}

// "If AppendEntries RPC received from new leader: convert to follower."
TEST(CandidatesTest, FollowTheLeaderOfTheirOwnTerm) {
  ServerUnderTest server;
  BecomeCandidate(server);
  const CallId call = server.Receive(kS2, AppendEntries({.term = 1, .entries = {Entry(1, 1)}}));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.status().leader, kS2);
  // The same message is also handled as a follower handles it, and once.
  EXPECT_EQ(server.AnswersTo(call), 1u);
  ASSERT_TRUE(server.Answer<AppendEntriesResponse>(call).has_value());
  EXPECT_TRUE(server.Answer<AppendEntriesResponse>(call)->success);
  EXPECT_EQ(server.log_terms(), (std::vector<std::uint64_t>{1}));
  // Following is no second vote.
  EXPECT_EQ(server.status().voted_for, kS1);
}

TEST(CandidatesTest, SayThatTheyFoundALeaderWhenTheyDo) {
  ServerUnderTest server;
  ASSERT_NO_FATAL_FAILURE(BecomeCandidate(server));
  server.Receive(kS2, AppendEntries({.term = server.term()}));
  ASSERT_EQ(server.EventsOf<SteppedDown>().size(), 1u);
  EXPECT_EQ(server.EventsOf<SteppedDown>()[0].reason, StepDownReason::kLeaderFound);
}

TEST(CandidatesTest, DoNotFollowALeaderOfAnEarlierTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 3})});
  BecomeCandidate(server);
  const CallId call = server.Receive(kS2, AppendEntries({.term = 3}));
  EXPECT_EQ(server.role(), RoleName::kCandidate);
  ASSERT_TRUE(server.Answer<AppendEntriesResponse>(call).has_value());
  EXPECT_FALSE(server.Answer<AppendEntriesResponse>(call)->success);
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(call)->term, Term(4));
}

// "If election timeout elapses: start new election", which begins with a pre-vote here.
TEST(CandidatesTest, StartANewElectionWhenTheVoteIsSplit) {
  ServerUnderTest server;
  BecomeCandidate(server);
  server.TakeAllRequests();
  server.TickTimes(server.setup().options.election_timeout_ticks_max);
  const auto ended = server.EventsOf<BallotEnded>();
  ASSERT_FALSE(ended.empty());
  EXPECT_EQ(ended.back().kind, BallotKind::kVote);
  EXPECT_EQ(ended.back().outcome, BallotOutcome::kTimeout);
  const auto questions = server.TakeRequests<PreVoteRequest>();
  ASSERT_FALSE(questions.empty());
  EXPECT_EQ(questions.at(0).request.term, Term(2));
  EXPECT_EQ(server.term(), 1u);
}

TEST(CandidatesTest, DenyTheirVoteToAnotherCandidateOfTheirTerm) {
  ServerUnderTest server;
  BecomeCandidate(server);
  const CallId call = server.Receive(kS2, RequestVote({.term = 1, .last_log = At(5, 1)}));
  ASSERT_TRUE(server.Answer<RequestVoteResponse>(call).has_value());
  EXPECT_FALSE(server.Answer<RequestVoteResponse>(call)->vote_granted);
  EXPECT_EQ(server.EventsOf<VoteDecided>().back().decision, VoteDecision::kDeniedVotedOther);
  EXPECT_EQ(server.role(), RoleName::kCandidate);
}

TEST(CandidatesTest, VoteForACandidateOfANewerTerm) {
  ServerUnderTest server;
  BecomeCandidate(server);
  const CallId call = server.Receive(kS2, RequestVote({.term = 2}));
  EXPECT_EQ(server.role(), RoleName::kFollower);
  ASSERT_TRUE(server.Answer<RequestVoteResponse>(call).has_value());
  EXPECT_TRUE(server.Answer<RequestVoteResponse>(call)->vote_granted);
  EXPECT_EQ(server.status().voted_for, kS2);
}

TEST(CandidatesTest, RefuseProposalsAndReads) {
  ServerUnderTest server;
  BecomeCandidate(server);
  const auto proposal = server.RefusalOf(server.Propose());
  const auto read = server.RefusalOf(server.Read());
  ASSERT_TRUE(proposal.has_value());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(proposal->reason, RefusalReason::kNotLeader);
  EXPECT_EQ(read->reason, RefusalReason::kNotLeader);
  EXPECT_THAT(server.written().entries(), IsEmpty());
}

}  // namespace
}  // namespace raft::harness
