// A pre-candidate alone: it asks, binds nobody and raises no term (dissertation §9.6).
#include "core/pre_candidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class PreCandidateTest : public ::testing::Test {
 protected:
  // Enters at term 3 with a log that ends at {2, 3}, in a cluster of five.
  PreCandidateTest() { Ask(); }
  void Ask() {
    role_ = bench_.Enter<PreCandidate>();
    sent_ = bench_.ReleaseRequests<PreVoteRequest>();
  }
  NextRole Answer(ServerId from, std::uint64_t term, bool granted) {
    return role_->OnPreVoteResponse(from, {sent_.front().second.number, Term(term), granted});
  }

  RoleBench bench_{Recovered({.term = 3, .log_terms = {1, 3}}), /*servers=*/5};
  std::unique_ptr<PreCandidate> role_;
  std::vector<std::pair<ServerId, PreVoteRequest>> sent_;
};

TEST_F(PreCandidateTest, AsksEveryPeerAboutTheNextTermAndChangesNothing) {
  ASSERT_THAT(sent_, SizeIs(4));
  std::uint64_t id = 2;
  for (const auto& [to, request] : sent_) {
    EXPECT_EQ(to, ServerId(id++));
    EXPECT_EQ(request.term, Term(4));
    EXPECT_EQ(request.candidate_id, kS1);
    EXPECT_EQ(request.last_log, At(2, 3));
  }
  EXPECT_EQ(bench_.state().current_term(), Term(3));
  EXPECT_FALSE(bench_.state().persistent.has_unsaved_changes());
}

TEST_F(PreCandidateTest, CampaignsOnceAMajorityWouldVoteForIt) {
  ExpectStay(Answer(kS2, 4, true));
  ExpectStay(Answer(kS2, 4, true));  // a duplicate counts once
  EXPECT_EQ(Answer(kS3, 4, true), NextRole::kCandidate);
  role_->OnExit();
  ASSERT_THAT(bench_.EventsOf<BallotEnded>(), SizeIs(1));
  EXPECT_EQ(bench_.EventsOf<BallotEnded>()[0].outcome, BallotOutcome::kWon);
}

TEST_F(PreCandidateTest, DoesNotCountDenialsOtherTermsOrStrangers) {
  ExpectStay(Answer(kS2, 3, false));
  ExpectStay(Answer(kS3, 5, true));
  ExpectStay(Answer(kS4, 3, true));
  ExpectStay(Answer(ServerId(9), 4, true));
  EXPECT_EQ((ExpectStay(Answer(kS2, 4, true)), Answer(kS3, 4, true)), NextRole::kCandidate);
}

TEST_F(PreCandidateTest, DoesNotCountAnswersToAnEarlierRound) {
  const auto earlier = sent_;
  EXPECT_EQ(bench_.TickUntilItLeaves(*role_), NextRole::kPreCandidate);
  Ask();
  for (const auto& [to, request] : earlier) {
    ExpectStay(role_->OnPreVoteResponse(to, {request.number, Term(4), true}));
  }
}

TEST_F(PreCandidateTest, AsksAgainWhenItsTimeIsUpWithoutRaisingTheTerm) {
  EXPECT_EQ(bench_.TickUntilItLeaves(*role_), NextRole::kPreCandidate);
  EXPECT_EQ(bench_.state().current_term(), Term(3));
  EXPECT_EQ(bench_.EventsOf<BallotEnded>()[0].outcome, BallotOutcome::kTimeout);
}

TEST_F(PreCandidateTest, VotesForAnotherLikeAFollowerAndThenWaits) {
  EXPECT_EQ(role_->OnRequestVoteRequest(
                RequestVote({.term = 3, .candidate = kS2, .last_log = At(9, 3)}), kFromS2),
            NextRole::kFollower);
  EXPECT_EQ(bench_.state().persistent.voted_for(), kS2);
}

TEST_F(PreCandidateTest, ADeniedVoteDoesNotStopItsRound) {
  ExpectStay(role_->OnRequestVoteRequest(
      RequestVote({.term = 3, .candidate = kS2, .last_log = At(1, 1)}), kFromS2));
}

TEST_F(PreCandidateTest, GivesPreVotesToOthersMeanwhile) {
  ExpectStay(role_->OnPreVoteRequest(PreVote({.term = 4, .last_log = At(2, 3)}), kFromS2));
  const auto answers = bench_.ReleaseResponses<PreVoteResponse>();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(answers[0].vote_granted);
}

TEST_F(PreCandidateTest, AnyAppendEntriesOfItsTermShowsThatThereIsALeader) {
  EXPECT_EQ(role_->OnAppendEntriesRequest(AppendEntries({.term = 3}), kFromS2),
            NextRole::kFollowerThenRedeliver);
  EXPECT_TRUE(bench_.Release().responses.empty()) << "the follower answers, not this role";
}

TEST_F(PreCandidateTest, KnowsNoLeaderForClients) {
  ExpectStay(role_->OnCommandProposed(
      {.ticket = Ticket(1), .command = "x", .expected_term = std::nullopt}));
  ExpectStay(role_->OnReadRequested({.ticket = Ticket(2)}));
  ASSERT_THAT(bench_.answers().refusals, SizeIs(2));
  EXPECT_EQ(bench_.answers().refusals[0].reason, RefusalReason::kNotLeader);
  EXPECT_EQ(bench_.answers().refusals[1].leader_hint, std::nullopt);
}

TEST_F(PreCandidateTest, IgnoresWhatBelongsToOtherRoles) {
  ExpectStay(role_->OnRequestVoteResponse(kS2, {RequestNumber(1), Term(3), true}));
  ExpectStay(role_->OnAppendEntriesResponse(kS2, {RequestNumber(1), Term(3), true}));
  ExpectStay(role_->OnPeerUnreachable({.peer = kS2, .number = RequestNumber(1)}));
  ExpectStay(role_->OnWritePersisted());
}

TEST(PreCandidateAloneTest, HasItsMajorityAtOnce) {
  RoleBench bench({}, /*servers=*/1);
  bench.Enter<PreCandidate>(NextRole::kCandidate);
  EXPECT_THAT(bench.Release().requests, IsEmpty());
}

}  // namespace
}  // namespace raft::harness
