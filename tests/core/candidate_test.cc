// A candidate alone: one election, one object (Figure 2, Candidates).
#include "core/candidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class CandidateTest : public ::testing::Test {
 protected:
  CandidateTest() { role_ = bench_.Enter<Candidate>(); }
  NextRole Grant(ServerId from) {
    return role_->OnRequestVoteResponse(from, {RequestNumber(1), Term(4), true});
  }
  NextRole PersistAll() {
    bench_.Persist();
    return role_->OnWritePersisted();
  }

  RoleBench bench_{Recovered({.term = 3, .log_terms = {1, 3}}), /*servers=*/5};
  std::unique_ptr<Candidate> role_;
};

TEST_F(CandidateTest, RaisesTheTermAndVotesForItselfInOneWrite) {
  EXPECT_EQ(bench_.state().current_term(), Term(4));
  EXPECT_EQ(bench_.state().persistent.voted_for(), kS1);
  EXPECT_EQ(bench_.state().persistent.TakePersistRequest().promise, (Promise{Term(4), kS1}));
}

TEST_F(CandidateTest, AsksForVotesOnlyOnceItsOwnIsOnDisk) {
  EXPECT_THAT(bench_.Release().requests, IsEmpty());
  ExpectStay(PersistAll());
  const auto sent = bench_.ReleaseRequests<RequestVoteRequest>();
  ASSERT_THAT(sent, SizeIs(4));
  EXPECT_EQ(sent[0].second.term, Term(4));
  EXPECT_EQ(sent[0].second.last_log, At(2, 3));
  EXPECT_LT(sent[0].second.number, sent[1].second.number) << "every request has its own number";
}

TEST_F(CandidateTest, LeadsWithAMajorityThatCountsItselfOnlyWhenDurable) {
  ExpectStay(Grant(kS2));
  ExpectStay(Grant(kS3));
  EXPECT_EQ(PersistAll(), NextRole::kLeader);
}

TEST_F(CandidateTest, AnOlderWriteDoesNotMakeItsOwnVoteCount) {
  RoleBench bench(Recovered({.term = 3, .log_terms = {1, 3}}), /*servers=*/3);
  bench.state().persistent.Append(Entry(3, 3));
  const PersistSequence earlier = bench.HandToDisk();
  const auto role = bench.Enter<Candidate>();
  const PersistSequence own_vote = bench.HandToDisk();
  bench.state().persistent.CompletePersist(earlier);
  ExpectStay(role->OnWritePersisted());
  ExpectStay(role->OnRequestVoteResponse(kS2, {RequestNumber(1), Term(4), true}));
  bench.state().persistent.CompletePersist(own_vote);
  EXPECT_EQ(role->OnWritePersisted(), NextRole::kLeader);
}

TEST_F(CandidateTest, CountsNeitherDuplicatesNorDenialsNorStrangers) {
  ExpectStay(PersistAll());
  ExpectStay(Grant(kS2));
  ExpectStay(Grant(kS2));
  ExpectStay(Grant(ServerId(9)));
  ExpectStay(role_->OnRequestVoteResponse(kS3, {RequestNumber(1), Term(4), false}));
  EXPECT_EQ(Grant(kS4), NextRole::kLeader);
  role_->OnExit();
  ASSERT_THAT(bench_.EventsOf<BallotEnded>(), SizeIs(1));
  EXPECT_EQ(bench_.EventsOf<BallotEnded>()[0].outcome, BallotOutcome::kWon);
}

TEST_F(CandidateTest, AsksWhetherItCouldWinBeforeItRaisesTheTermAgain) {
  EXPECT_EQ(bench_.TickUntilItLeaves(*role_), NextRole::kPreCandidate);
  EXPECT_EQ(bench_.state().current_term(), Term(4));
  role_->OnExit();
  ASSERT_THAT(bench_.EventsOf<BallotEnded>(), SizeIs(1)) << "a ballot ends once";
  EXPECT_EQ(bench_.EventsOf<BallotEnded>()[0].outcome, BallotOutcome::kTimeout);
}

TEST_F(CandidateTest, GivesItsVoteToNobodyElse) {
  ExpectStay(role_->OnRequestVoteRequest(
      RequestVote({.term = 4, .candidate = kS2, .last_log = At(9, 3)}), kFromS2));
  bench_.Persist();
  const auto answers = bench_.ReleaseResponses<RequestVoteResponse>();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_FALSE(answers[0].vote_granted);
}

TEST_F(CandidateTest, StandsBackForTheLeaderOfItsTerm) {
  EXPECT_EQ(role_->OnAppendEntriesRequest(AppendEntries({.term = 4}), kFromS2),
            NextRole::kFollowerThenRedeliver);
  role_->OnExit();
  EXPECT_EQ(bench_.EventsOf<BallotEnded>()[0].outcome, BallotOutcome::kLost);
}

TEST_F(CandidateTest, ReadsNothingIntoSilence) {
  ExpectStay(role_->OnPeerUnreachable({.peer = kS2, .number = RequestNumber(1)}));
  EXPECT_EQ(bench_.state().current_term(), Term(4)) << "trap A15";
}

TEST_F(CandidateTest, KnowsNoLeaderForClients) {
  ExpectStay(role_->OnCommandProposed(
      {.ticket = Ticket(1), .command = "x", .expected_term = std::nullopt}));
  ExpectStay(role_->OnReadRequested({.ticket = Ticket(2)}));
  ASSERT_THAT(bench_.answers().refusals, SizeIs(2));
  EXPECT_EQ(bench_.answers().refusals[0].leader_hint, std::nullopt);
}

TEST_F(CandidateTest, IgnoresWhatBelongsToOtherRoles) {
  ExpectStay(role_->OnPreVoteResponse(kS2, {RequestNumber(1), Term(4), true}));
  ExpectStay(role_->OnAppendEntriesResponse(kS2, {RequestNumber(1), Term(4), true}));
}

TEST(CandidateAloneTest, LeadsOnceItsVoteIsOnDiskAndNotBefore) {
  RoleBench bench({}, /*servers=*/1);
  const auto role = bench.Enter<Candidate>();
  ExpectStay(role->OnWritePersisted());
  bench.Persist();
  EXPECT_EQ(role->OnWritePersisted(), NextRole::kLeader);
}

TEST(CandidateDeathTest, CountsOnlyVotesOfItsOwnTerm) {
  RoleBench bench(Recovered({.term = 3}));
  const auto role = bench.Enter<Candidate>();
  EXPECT_DEATH((void)role->OnRequestVoteResponse(kS2, {RequestNumber(1), Term(3), true}),
               "the term gate ran in front of the role");
}

}  // namespace
}  // namespace raft::harness
