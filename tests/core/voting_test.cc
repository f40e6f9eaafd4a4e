// The vote: Figure 2, RequestVote step 2, §5.4.1, and the pre-vote of dissertation §9.6.
#include "core/voting.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

RequestVoteResponse AnswerOf(RoleBench& bench, const VoteFields& fields) {
  (void)AnswerRequestVote(bench.state(), bench.outbox(), RequestVote(fields), kFromS2);
  bench.Persist();
  const auto answers = bench.ReleaseResponses<RequestVoteResponse>();
  EXPECT_EQ(answers.size(), 1u);
  return answers.empty() ? RequestVoteResponse{} : answers.front();
}
PreVoteResponse AnswerOfPreVote(RoleBench& bench, const VoteFields& fields, bool leader_is_near) {
  AnswerPreVote(bench.state(), bench.outbox(), PreVote(fields), kFromS2, leader_is_near);
  const auto answers = bench.ReleaseResponses<PreVoteResponse>();
  EXPECT_EQ(answers.size(), 1u);
  return answers.empty() ? PreVoteResponse{} : answers.front();
}
VoteDecision DecisionOf(const RoleBench& bench) {
  const auto decisions = bench.EventsOf<VoteDecided>();
  EXPECT_EQ(decisions.size(), 1u);
  return decisions.back().decision;
}

struct UpToDateCase {
  const char* story;
  LogPosition candidate_last;
  bool granted;
};

// The voter's log ends at {2, 2}: last term older, same, newer; shorter, as long, longer (trap A3).
class UpToDateTest : public ::testing::TestWithParam<UpToDateCase> {};

TEST_P(UpToDateTest, DecidesByLastTermAndThenByLength) {
  const RecoveredState voter = Recovered({.term = 5, .log_terms = {1, 2}});
  RoleBench vote(voter);
  EXPECT_EQ(AnswerOf(vote, {.term = 5, .last_log = GetParam().candidate_last}).vote_granted,
            GetParam().granted);
  EXPECT_EQ(DecisionOf(vote),
            GetParam().granted ? VoteDecision::kGranted : VoteDecision::kDeniedLogBehind);
  RoleBench pre_vote(voter);
  EXPECT_EQ(AnswerOfPreVote(pre_vote, {.term = 6, .last_log = GetParam().candidate_last}, false)
                .vote_granted,
            GetParam().granted);
}

INSTANTIATE_TEST_SUITE_P(NineCases, UpToDateTest,
                         ::testing::Values(UpToDateCase{"OlderTermShorter", At(1, 1), false},
                                           UpToDateCase{"OlderTermAsLong", At(2, 1), false},
                                           UpToDateCase{"OlderTermLonger", At(9, 1), false},
                                           UpToDateCase{"SameTermShorter", At(1, 2), false},
                                           UpToDateCase{"SameTermAsLong", At(2, 2), true},
                                           UpToDateCase{"SameTermLonger", At(3, 2), true},
                                           UpToDateCase{"NewerTermShorter", At(1, 3), true},
                                           UpToDateCase{"NewerTermAsLong", At(2, 3), true},
                                           UpToDateCase{"NewerTermLonger", At(3, 3), true}),
                         [](const auto& tested) { return std::string(tested.param.story); });

TEST(VotingTest, GivesOneVotePerTermAndRepeatsItToTheSameCandidate) {
  RoleBench bench(Recovered({.term = 5}));
  EXPECT_TRUE(AnswerOf(bench, {.term = 5, .candidate = kS2}).vote_granted);
  EXPECT_FALSE(AnswerOf(bench, {.term = 5, .candidate = kS3}).vote_granted);
  EXPECT_TRUE(AnswerOf(bench, {.term = 5, .candidate = kS2}).vote_granted);
  EXPECT_EQ(bench.EventsOf<VoteDecided>()[1].decision, VoteDecision::kDeniedVotedOther);
}

TEST(VotingTest, ADenialIsNoVote) {
  RoleBench bench(Recovered({.term = 5, .log_terms = {5}}));
  EXPECT_FALSE(AnswerOf(bench, {.term = 5, .candidate = kS2}).vote_granted);
  EXPECT_EQ(bench.state().persistent.voted_for(), std::nullopt);
  EXPECT_TRUE(AnswerOf(bench, {.term = 5, .candidate = kS3, .last_log = At(1, 5)}).vote_granted);
}

TEST(VotingTest, AVoteIsOnDiskBeforeItIsTold) {
  RoleBench bench(Recovered({.term = 5}));
  EXPECT_TRUE(AnswerRequestVote(bench.state(), bench.outbox(), RequestVote({.term = 5}), kFromS2));
  EXPECT_TRUE(bench.Release().responses.empty());
  const PersistSequence write = bench.HandToDisk();
  EXPECT_TRUE(bench.Release().responses.empty());
  bench.state().persistent.CompletePersist(write);
  EXPECT_EQ(bench.Release().responses.size(), 1u);
}

TEST(VotingTest, DisregardingTellsTheOwnTermAndChangesNothing) {
  RoleBench bench(Recovered({.term = 5}));
  DisregardRequestVote(bench.state(), bench.outbox(), RequestVote({.term = 9, .number = 4}),
                       kFromS2);
  const auto answers = bench.ReleaseResponses<RequestVoteResponse>();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0], (RequestVoteResponse{RequestNumber(4), Term(5), false}));
  EXPECT_EQ(bench.state().current_term(), Term(5));
  EXPECT_FALSE(bench.state().persistent.has_unsaved_changes());
  EXPECT_EQ(DecisionOf(bench), VoteDecision::kDisregarded);
}

TEST(PreVotingTest, AGrantEchoesTheAskedForTermAndBindsNobody) {
  RoleBench bench(Recovered({.term = 5, .voted_for = kS3}));
  const PreVoteResponse answer = AnswerOfPreVote(bench, {.term = 6, .candidate = kS2}, false);
  EXPECT_TRUE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(6)) << "an older term would read as a denial (trap A9)";
  EXPECT_EQ(bench.state().current_term(), Term(5));
  EXPECT_FALSE(bench.state().persistent.has_unsaved_changes());
  EXPECT_TRUE(AnswerOfPreVote(bench, {.term = 6, .candidate = kS4}, false).vote_granted);
}

TEST(PreVotingTest, ADenialTellsTheOwnTermSoThatWhoFellBehindLearnsOfIt) {
  RoleBench bench(Recovered({.term = 5}));
  const PreVoteResponse answer = AnswerOfPreVote(bench, {.term = 5}, false);
  EXPECT_FALSE(answer.vote_granted);
  EXPECT_EQ(answer.term, Term(5));
  EXPECT_EQ(DecisionOf(bench), VoteDecision::kDeniedStaleTerm);
}

TEST(PreVotingTest, ANearLeaderSpeaksAgainstAnyElection) {
  RoleBench bench(Recovered({.term = 5}));
  EXPECT_FALSE(AnswerOfPreVote(bench, {.term = 6, .last_log = At(9, 5)}, true).vote_granted);
  EXPECT_EQ(DecisionOf(bench), VoteDecision::kDisregarded);
}

// ---- Who was removed is told so (D9). Server 1 has these configurations in its log, the first of
// them committed, and server 2 asks for a pre-vote.

std::uint64_t RemovedAtFor(const std::vector<ClusterConfiguration>& configurations) {
  RecoveredState recovered = Recovered({.term = 5});
  for (const ClusterConfiguration& configuration : configurations) {
    recovered.entries.push_back(
        ConfigurationEntry(recovered.entries.size() + 1, /*term=*/5, configuration));
  }
  recovered.applied = At(1, 5);
  RoleBench bench(recovered);
  return AnswerOfPreVote(bench, {.term = 6}, false).removed_at.value();
}
ClusterConfiguration Of(const std::vector<ServerId>& voters) {
  return ClusterConfiguration(Voters(voters));
}

TEST(PreVotingTest, TellsWhoIsNoMemberOfACommittedConfigurationThatItWasRemoved) {
  EXPECT_EQ(RemovedAtFor({Of({kS1, kS3})}), 1u);
  EXPECT_EQ(RemovedAtFor({Of({kS1, kS2})}), 0u);
}

TEST(PreVotingTest, TellsItAlsoWhenALaterChangeIsNotCommittedHere) {
  EXPECT_EQ(RemovedAtFor({Of({kS1, kS3}), Of({kS3})}), 1u) << "it may have been removed itself";
  EXPECT_EQ(RemovedAtFor({ClusterConfiguration(Of({kS1, kS3}), Voters({kS3})), Of({kS3})}), 1u);
}

TEST(PreVotingTest, TellsNobodyWhomALaterConfigurationListsAgain) {
  EXPECT_EQ(
      RemovedAtFor({Of({kS1, kS3}), ClusterConfiguration(Of({kS1, kS3}), Voters({kS1, kS2, kS3}))}),
      0u);
}

TEST(PreVotingTest, TellsNobodyWhoIsAMemberOfEitherSet) {
  EXPECT_EQ(RemovedAtFor({ClusterConfiguration(Of({kS1, kS2}), Voters({kS1, kS3}))}), 0u);
}

TEST(VotingDeathTest, AnswersOnlyBehindTheTermGate) {
  RoleBench bench(Recovered({.term = 5}));
  EXPECT_DEATH(
      (void)AnswerRequestVote(bench.state(), bench.outbox(), RequestVote({.term = 6}), kFromS2),
      "the term gate ran in front of the role");
  EXPECT_DEATH(
      DisregardRequestVote(bench.state(), bench.outbox(), RequestVote({.term = 5}), kFromS2),
      "only a newer term can disturb a leader");
}

}  // namespace
}  // namespace raft::harness
