// A follower alone: what it answers, what it stores, and when it stops waiting.
#include "core/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class FollowerTest : public ::testing::Test {
 protected:
  // A follower of term 3 that holds entries of terms 1, 1, 2; nothing is committed.
  void Start(const RecoveredFields& fields = {.term = 3, .log_terms = {1, 1, 2}}) {
    bench_.emplace(Recovered(fields));
    follower_ = bench_->Enter<Follower>();
  }
  // What the follower answers once its disk has finished.
  AppendEntriesResponse Receive(const AppendEntriesFields& fields) {
    ExpectStay(follower_->OnAppendEntriesRequest(AppendEntries(fields), kFromS2));
    bench_->Persist();
    const auto answers = bench_->ReleaseResponses<AppendEntriesResponse>();
    EXPECT_THAT(answers, SizeIs(1)) << "every request gets exactly one answer";
    return answers.empty() ? AppendEntriesResponse{} : answers.front();
  }
  std::vector<std::uint64_t> LogTerms() {
    return TermsOf(bench_->state().log().EntriesFrom(LogIndex(1), ~0ull));
  }

  std::optional<RoleBench> bench_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(FollowerTest, AppendsWhatFollowsAMatchingEntry) {
  Start();
  const auto answer =
      Receive({.term = 3, .previous = At(3, 2), .entries = LogOfTerms({3, 3}, 4), .number = 8});
  EXPECT_TRUE(answer.success);
  EXPECT_EQ(answer.number, RequestNumber(8));
  EXPECT_EQ(answer.match_index, LogIndex(5));
  EXPECT_THAT(LogTerms(), ElementsAre(1, 1, 2, 3, 3));
}

TEST_F(FollowerTest, ClaimsOnlyWhatTheRequestVerified) {
  Start();
  EXPECT_EQ(Receive({.term = 3, .previous = At(1, 1)}).match_index, LogIndex(1)) << "trap B6";
  EXPECT_EQ(Receive({.term = 3, .previous = At(1, 1), .entries = LogOfTerms({1}, 2)}).match_index,
            LogIndex(2));
}

TEST_F(FollowerTest, ReplacesAConflictAndAllThatFollowsIt) {
  Start();
  Receive({.term = 3, .previous = At(1, 1), .entries = LogOfTerms({3}, 2)});
  EXPECT_THAT(LogTerms(), ElementsAre(1, 3));
  const auto cuts = bench_->EventsOf<EntriesTruncated>();
  ASSERT_THAT(cuts, SizeIs(1));
  EXPECT_EQ(cuts[0].first, LogIndex(2));
  EXPECT_EQ(cuts[0].count, 2u);
}

TEST_F(FollowerTest, ADelayedRequestDoesNotCutWhatALaterOneBrought) {
  Start();
  Receive({.term = 3, .previous = At(3, 2), .entries = LogOfTerms({3, 3}, 4)});
  const auto answer = Receive({.term = 3, .previous = At(3, 2), .entries = LogOfTerms({3}, 4)});
  EXPECT_EQ(answer.match_index, LogIndex(4));
  EXPECT_THAT(LogTerms(), ElementsAre(1, 1, 2, 3, 3)) << "trap B3";
  EXPECT_TRUE(bench_->EventsOf<EntriesTruncated>().empty());
}

TEST_F(FollowerTest, TellsALeaderWhoseLogIsLongerWhereItsOwnEnds) {
  Start();
  const auto answer = Receive({.term = 3, .previous = At(9, 3), .entries = LogOfTerms({3}, 10)});
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(answer.conflict, (ConflictHint{.term = std::nullopt, .index = LogIndex(4)}));
  EXPECT_THAT(LogTerms(), ElementsAre(1, 1, 2));
}

TEST_F(FollowerTest, TellsTheConflictingTermAndWhereItBegins) {
  Start({.term = 5, .log_terms = {1, 2, 2, 2}});
  const auto answer = Receive({.term = 5, .previous = At(4, 3)});
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(answer.conflict, (ConflictHint{.term = Term(2), .index = LogIndex(2)}));
}

TEST_F(FollowerTest, CommitsOnlyUpToTheLastEntryThisRequestVerified) {
  Start();
  Receive({.term = 3, .previous = At(1, 1), .commit = 3});
  EXPECT_EQ(bench_->state().commit_index, LogIndex(1)) << "its own tail may be stale (trap B4)";
  Receive({.term = 3, .previous = At(1, 1), .entries = LogOfTerms({1}, 2), .commit = 9});
  EXPECT_EQ(bench_->state().commit_index, LogIndex(2));
}

TEST_F(FollowerTest, TheCommitIndexNeverFallsForALeaderThatKnowsLess) {
  Start();
  Receive({.term = 3, .previous = At(3, 2), .commit = 3});
  Receive({.term = 3, .previous = At(3, 2), .commit = 1});
  EXPECT_EQ(bench_->state().commit_index, LogIndex(3)) << "trap B7";
}

TEST_F(FollowerTest, AnAnswerToEntriesWaitsForTheDisk) {
  Start();
  ExpectStay(follower_->OnAppendEntriesRequest(
      AppendEntries({.term = 3, .previous = At(3, 2), .entries = LogOfTerms({3}, 4)}), kFromS2));
  EXPECT_TRUE(bench_->Release().responses.empty()) << "trap B12";
  bench_->Persist();
  EXPECT_THAT(bench_->Release().responses, SizeIs(1));
}

TEST_F(FollowerTest, AnAnswerToAHeartbeatClaimsWhatIsDurableAndDoesNotWait) {
  Start();
  ExpectStay(follower_->OnAppendEntriesRequest(
      AppendEntries({.term = 3, .previous = At(3, 2), .entries = LogOfTerms({3}, 4)}), kFromS2));
  ExpectStay(follower_->OnAppendEntriesRequest(
      AppendEntries({.term = 3, .previous = At(4, 3), .number = 2}), kFromS2));
  const auto answers = bench_->ReleaseResponses<AppendEntriesResponse>();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].number, RequestNumber(2));
  EXPECT_EQ(answers[0].match_index, LogIndex(3)) << "entry 4 is not on disk yet";
}

TEST_F(FollowerTest, RefusesToReplaceACommittedEntry) {
  Start();
  Receive({.term = 3, .previous = At(3, 2), .commit = 3});
  const auto answer = Receive({.term = 3, .previous = At(1, 1), .entries = LogOfTerms({3, 3}, 2)});
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(answer.conflict, std::nullopt);
  EXPECT_THAT(LogTerms(), ElementsAre(1, 1, 2)) << "trap B17";
  EXPECT_TRUE(bench_->NotedImpossible("Leader Completeness"));
}

TEST_F(FollowerTest, RefusesALeaderThatContradictsACommittedEntry) {
  Start();
  Receive({.term = 3, .previous = At(3, 2), .commit = 3});
  EXPECT_FALSE(Receive({.term = 3, .previous = At(2, 3)}).success);
  EXPECT_TRUE(bench_->NotedImpossible("Leader Completeness"));
}

TEST_F(FollowerTest, RefusesASecondLeaderInOneTerm) {
  Start();
  Receive({.term = 3, .leader = kS2, .previous = At(3, 2)});
  EXPECT_FALSE(Receive({.term = 3, .leader = kS3, .previous = At(3, 2)}).success);
  EXPECT_TRUE(bench_->NotedImpossible("Election Safety"));
  EXPECT_EQ(follower_->leader(), kS2);
}

TEST_F(FollowerTest, RefusesWhoeverClaimsToBeThisServer) {
  Start();
  EXPECT_FALSE(Receive({.term = 3, .leader = kS1, .previous = At(3, 2)}).success);
  EXPECT_EQ(follower_->leader(), std::nullopt);
}

TEST_F(FollowerTest, RefusesEntriesWhoseLogTimeFalls) {
  Start();
  auto early = std::make_shared<LogEntry>(*Entry(4, 3));
  early->log_time_ms = 1;
  EXPECT_FALSE(Receive({.term = 3, .previous = At(3, 2), .entries = {early}}).success);
  EXPECT_THAT(LogTerms(), ElementsAre(1, 1, 2));
  EXPECT_TRUE(bench_->NotedImpossible("log time"));
}

TEST_F(FollowerTest, RecognizesTheLeaderOnceAndRemembersWhenItSpoke) {
  Start();
  Receive({.term = 3, .previous = At(3, 2)});
  Receive({.term = 3, .previous = At(3, 2)});
  EXPECT_THAT(bench_->EventsOf<LeaderRecognized>(), SizeIs(1));
  ExpectStay(bench_->TickOnce(*follower_));
  RaftStatus status;
  follower_->FillStatus(status);
  EXPECT_EQ(status.leader_contact_ticks, 1u);
}

TEST_F(FollowerTest, AsksForPreVotesWhenNobodyLeads) {
  Start();
  EXPECT_EQ(bench_->TickUntilItLeaves(*follower_), NextRole::kPreCandidate);
  EXPECT_EQ(bench_->state().current_term(), Term(3)) << "waiting raises no term";
}

TEST_F(FollowerTest, AWorkingLeaderKeepsItWaiting) {
  Start();
  for (int tick = 0; tick < 200; ++tick) {
    if (tick % 5 == 0) Receive({.term = 3, .previous = At(3, 2)});
    ExpectStay(bench_->TickOnce(*follower_));
  }
}

TEST_F(FollowerTest, AMismatchAlsoShowsThatTheLeaderWorks) {
  Start();
  for (int tick = 0; tick < 200; ++tick) {
    if (tick % 5 == 0) Receive({.term = 3, .previous = At(9, 3)});
    ExpectStay(bench_->TickOnce(*follower_));
  }
}

// Figure 2: "... without receiving AppendEntries RPC from current leader or granting vote".
TEST_F(FollowerTest, AGrantedVoteRestartsItsTimerADeniedOneDoesNot) {
  Start({.term = 3});
  for (int tick = 0; tick < 200; ++tick) {
    if (tick % 5 == 0) {
      ExpectStay(follower_->OnRequestVoteRequest(RequestVote({.term = 3}), kFromS2));
    }
    ExpectStay(bench_->TickOnce(*follower_));
  }
  int ticks = 0;
  NextRole next = NextRole::kStay;
  for (; next == NextRole::kStay && ticks < 100; ++ticks) {
    ExpectStay(
        follower_->OnRequestVoteRequest(RequestVote({.term = 3, .candidate = kS3}), kFromS2));
    next = bench_->TickOnce(*follower_);
  }
  EXPECT_EQ(next, NextRole::kPreCandidate);
  EXPECT_LE(ticks, 20);
}

TEST_F(FollowerTest, ALeaderIsNearForOneMinimalTimeout) {
  Start();
  EXPECT_FALSE(follower_->IsLeaderNear(kS3));
  Receive({.term = 3, .previous = At(3, 2)});
  for (std::uint32_t tick = 0; tick < SmallOptions().election_timeout_ticks_min; ++tick) {
    EXPECT_TRUE(follower_->IsLeaderNear(kS3)) << tick;
    bench_->state().ticks++;
  }
  EXPECT_FALSE(follower_->IsLeaderNear(kS3));
}

TEST_F(FollowerTest, ALeaderNeverStandsInItsOwnWay) {
  Start();
  Receive({.term = 3, .leader = kS2, .previous = At(3, 2)});
  EXPECT_FALSE(follower_->IsLeaderNear(kS2)) << "trap A11";
}

TEST_F(FollowerTest, AServerWithoutAVoteDoesNotCampaign) {
  RoleBench bench({}, /*servers=*/3);
  ServerState outsider(kS5, ClusterConfiguration(FirstServers(3)), SmallOptions(), 1, {});
  Outbox outbox(outsider.persistent);
  Follower follower({.state = outsider, .outbox = outbox, .answers = bench.answers()});
  ExpectStay(follower.OnEnter());
  for (int tick = 0; tick < 100; ++tick) ExpectStay(follower.OnTick());
}

TEST_F(FollowerTest, SendsClientsToTheLeader) {
  Start();
  Receive({.term = 3, .previous = At(3, 2)});
  ExpectStay(follower_->OnCommandProposed(
      {.ticket = Ticket(1), .command = "x", .expected_term = std::nullopt}));
  ExpectStay(follower_->OnReadRequested({.ticket = Ticket(2)}));
  ASSERT_THAT(bench_->answers().refusals, SizeIs(2));
  for (const Refusal& refusal : bench_->answers().refusals) {
    EXPECT_EQ(refusal.reason, RefusalReason::kNotLeader);
    EXPECT_EQ(refusal.leader_hint, kS2);
    EXPECT_EQ(refusal.current_term, Term(3));
  }
}

TEST_F(FollowerTest, IgnoresAnswersToWhatItAskedInAnotherRole) {
  Start();
  ExpectStay(follower_->OnPreVoteResponse(kS2, {RequestNumber(1), Term(4), true}));
  ExpectStay(follower_->OnRequestVoteResponse(kS2, {RequestNumber(1), Term(3), true}));
  ExpectStay(follower_->OnAppendEntriesResponse(kS2, {RequestNumber(1), Term(3), true}));
  ExpectStay(follower_->OnPeerUnreachable({.peer = kS2, .number = RequestNumber(1)}));
  EXPECT_TRUE(bench_->Release().requests.empty());
}

TEST_F(FollowerTest, SaysThatItLostTheLeaderItHad) {
  Start();
  follower_->OnExit();
  EXPECT_TRUE(bench_->EventsOf<LeaderLost>().empty());
  Receive({.term = 3, .previous = At(3, 2)});
  follower_->OnExit();
  EXPECT_THAT(bench_->EventsOf<LeaderLost>(), SizeIs(1));
}

}  // namespace
}  // namespace raft::harness
