// A leader alone: taking office, clients, commit, reads, and stepping down (§5.3, §5.4.2, §6.4).
//
// What it sends to its peers and how it backs up is in leader_replication_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/leader_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(LeaderTest, StartsItsTermWithANoOp) {
  LeaderBench bench;
  EXPECT_EQ(bench.state().log().last_position(), At(3, 3));
  EXPECT_EQ(bench.state().log().At(LogIndex(3))->kind, EntryKind::kNoOp);
  EXPECT_FALSE(bench.state().election_timer.is_running());
  EXPECT_EQ(bench.leader().leader(), kS1);
}

TEST(LeaderTest, AppendsCommandsInOrderAndSaysWhere) {
  LeaderBench bench;
  bench.Propose(1, "a");
  bench.Propose(2, "b");
  const auto& appended = bench.bench().answers().proposals_appended;
  ASSERT_THAT(appended, SizeIs(2));
  EXPECT_EQ(appended[0].position, At(4, 3));
  EXPECT_EQ(appended[1].position, At(5, 3));
  EXPECT_EQ(bench.state().log().At(LogIndex(5))->data, "b");
}

TEST(LeaderTest, CountsItselfOnlyOnceItsDiskHasTheEntry) {
  LeaderBench bench;
  const auto sent = bench.EndTurnTo(kS2);
  bench.Acknowledge(kS2, sent.at(0));
  EXPECT_EQ(bench.commit_index(), 0u) << "trap B13";
  bench.PersistAll();
  EXPECT_EQ(bench.commit_index(), 3u);
}

TEST(LeaderTest, CommitsByAMajorityOfOthersWhileItsOwnDiskIsSlow) {
  LeaderBench bench;
  for (const auto& [to, request] : bench.EndTurn()) bench.Acknowledge(to, request);
  EXPECT_EQ(bench.commit_index(), 3u);
}

TEST(LeaderTest, DoesNotCommitEntriesOfEarlierTermsByCounting) {
  LeaderBench bench;
  const auto sent = bench.EndTurnTo(kS2);
  bench.PersistAll();
  bench.AnswerMatch(kS2, sent.at(0), LogIndex(2));
  EXPECT_EQ(bench.commit_index(), 0u) << "Figure 8: entry 2 is of term 2";
}

TEST(LeaderTest, OneEntryOfItsTermCommitsAllBeforeIt) {
  LeaderBench bench;
  bench.CommitAll();
  EXPECT_EQ(bench.commit_index(), 3u) << "trap B2";
}

TEST(LeaderTest, AClusterOfFourNeedsThree) {
  LeaderBench bench(4);
  const auto sent = bench.EndTurn();
  bench.PersistAll();
  bench.Acknowledge(sent.at(0).first, sent.at(0).second);
  EXPECT_EQ(bench.commit_index(), 0u);
  bench.Acknowledge(sent.at(1).first, sent.at(1).second);
  EXPECT_EQ(bench.commit_index(), 3u);
}

TEST(LeaderTest, AloneItCommitsWhatItsDiskHas) {
  LeaderBench bench(1);
  EXPECT_EQ(bench.commit_index(), 0u);
  bench.PersistAll();
  EXPECT_EQ(bench.commit_index(), 3u) << "trap A8";
}

TEST(LeaderTest, StampsEntriesWithLogTimeThatGoesOnFromTheLog) {
  LeaderBench bench;
  const LogTimeMs start = 2 * kLogTimeStepMs;
  EXPECT_EQ(bench.state().log().last_log_time_ms(), start);
  bench.state().ticks += 7;
  bench.Propose(1);
  EXPECT_EQ(bench.state().log().last_log_time_ms(), start + 70);
}

TEST(LeaderLimitsTest, RefusesAProposalForAnotherTerm) {
  LeaderBench bench;
  bench.Propose(1, "x", Term(2));
  bench.Propose(2, "x", Term(3));
  ASSERT_THAT(bench.bench().answers().refusals, SizeIs(1));
  EXPECT_EQ(bench.bench().answers().refusals[0].reason, RefusalReason::kTermMoved);
  EXPECT_EQ(bench.bench().answers().refusals[0].leader_hint, kS1);
}

TEST(LeaderLimitsTest, RefusesBeyondTheUncommittedLimitAndTakesAgainAfterACommit) {
  RaftOptions options = SmallOptions();
  options.uncommitted_bytes_max = 2000;
  LeaderBench bench(3, options);
  bench.CommitAll();
  bench.Propose(1, std::string(1999 - kLogEntryOverheadBytes, 'a'));
  bench.Propose(2);
  EXPECT_THAT(bench.bench().answers().refusals, IsEmpty()) << "one byte below the limit";
  bench.Propose(3);
  ASSERT_THAT(bench.bench().answers().refusals, SizeIs(1));
  EXPECT_EQ(bench.bench().answers().refusals[0].reason, RefusalReason::kOverloaded);
  bench.CommitAll();
  bench.Propose(4);
  EXPECT_THAT(bench.bench().answers().refusals, SizeIs(1)) << "trap B19";
}

TEST(LeaderLimitsTest, RefusesWhenTheLogIsFull) {
  RaftOptions options = SmallOptions();
  options.log_bytes_max = 500;
  LeaderBench bench(3, options);
  bench.Propose(1, std::string(400, 'a'));
  bench.Propose(2);
  ASSERT_THAT(bench.bench().answers().refusals, SizeIs(1));
  EXPECT_EQ(bench.bench().answers().refusals[0].reason, RefusalReason::kLogFull);
}

TEST(LeaderLimitsTest, NamesTheMemberWhoseSilenceFillsTheLog) {
  RaftOptions options = SmallOptions();
  options.log_bytes_max = 500;
  LeaderBench bench(3, options);
  bench.CommitAll();
  bench.Propose(1, std::string(400, 'a'));
  bench.state().ticks += 11;
  for (const AppendEntriesRequest& request : bench.EndTurnTo(kS2)) bench.Acknowledge(kS2, request);
  bench.Propose(2);
  ASSERT_THAT(bench.bench().answers().refusals, SizeIs(1));
  EXPECT_EQ(bench.bench().answers().refusals[0].silent_peer, kS3);
}

TEST(LeaderQuorumTest, RefusesClientsWhenItHearsNoMajority) {
  LeaderBench bench;
  bench.state().ticks += SmallOptions().election_timeout_ticks_min + 1;
  bench.Propose(1);
  bench.Read(2);
  ASSERT_THAT(bench.bench().answers().refusals, SizeIs(2));
  EXPECT_EQ(bench.bench().answers().refusals[0].reason, RefusalReason::kNoQuorum);
  EXPECT_EQ(bench.bench().answers().refusals[1].reason, RefusalReason::kNoQuorum);
}

TEST(LeaderQuorumTest, StepsDownWhenItHearsNoMajorityForAWholeTimeout) {
  LeaderBench bench;
  std::uint32_t ticks = 0;
  NextRole next = NextRole::kStay;
  for (; next == NextRole::kStay && ticks < 100; ++ticks) {
    next = bench.bench().TickOnce(bench.leader());
  }
  EXPECT_EQ(next, NextRole::kFollower) << "trap A13";
  EXPECT_EQ(ticks, SmallOptions().election_timeout_ticks_max + 1);
  ASSERT_THAT(bench.bench().EventsOf<SteppedDown>(), SizeIs(1));
  EXPECT_EQ(bench.bench().EventsOf<SteppedDown>()[0].reason, StepDownReason::kQuorumLost);
}

TEST(LeaderQuorumTest, AnswersOfOneOfTwoPeersKeepItInOffice) {
  LeaderBench bench;
  for (int tick = 0; tick < 200; ++tick) {
    ExpectStay(bench.bench().TickOnce(bench.leader()));
    for (const AppendEntriesRequest& request : bench.EndTurnTo(kS2)) {
      bench.AnswerMismatch(kS2, request, {.term = std::nullopt, .index = LogIndex(1)});
    }
  }
}

TEST(LeaderQuorumTest, AloneItIsItsOwnMajority) {
  LeaderBench bench(1);
  for (int tick = 0; tick < 200; ++tick) ExpectStay(bench.bench().TickOnce(bench.leader()));
}

class LeaderReadTest : public ::testing::Test {
 protected:
  LeaderBench bench_;
};

TEST_F(LeaderReadTest, WaitsForAnEntryOfItsTermToCommit) {
  bench_.Read(1);
  const auto sent = bench_.EndTurnTo(kS2);
  ASSERT_THAT(sent, SizeIs(2)) << "the no-op, and a heartbeat because a read waits";
  bench_.AnswerMatch(kS2, sent[1], LogIndex(2));
  EXPECT_THAT(bench_.ReadyTickets(), IsEmpty()) << "trap F2";
  bench_.Acknowledge(kS2, sent[0]);
  bench_.PersistAll();
  (void)bench_.EndTurn();
  EXPECT_THAT(bench_.ReadyTickets(), ElementsAre(1));
  EXPECT_EQ(bench_.bench().answers().reads_ready[0].read_index, LogIndex(3));
}

TEST_F(LeaderReadTest, AnAnswerToAnEarlierRequestConfirmsNothing) {
  bench_.CommitAll();
  for (std::uint32_t tick = 0; tick < SmallOptions().heartbeat_ticks; ++tick) {
    ExpectStay(bench_.bench().TickOnce(bench_.leader()));
  }
  const auto before = bench_.EndTurnTo(kS2);
  ASSERT_THAT(before, SizeIs(1));
  bench_.Read(1);
  const auto after = bench_.EndTurnTo(kS2);
  ASSERT_THAT(after, SizeIs(1));
  bench_.Acknowledge(kS2, before[0]);
  EXPECT_THAT(bench_.ReadyTickets(), IsEmpty()) << "trap F3";
  bench_.Acknowledge(kS2, after[0]);
  EXPECT_THAT(bench_.ReadyTickets(), ElementsAre(1));
}

TEST_F(LeaderReadTest, ReadsThatGatherShareTheNextHeartbeat) {
  bench_.CommitAll();
  bench_.Read(1);
  const auto first = bench_.EndTurnTo(kS2);
  bench_.Read(2);
  bench_.Read(3);
  EXPECT_THAT(bench_.EndTurnTo(kS2), IsEmpty()) << "one is under way";
  bench_.Acknowledge(kS2, first.at(0));
  EXPECT_THAT(bench_.ReadyTickets(), ElementsAre(1));
  const auto second = bench_.EndTurnTo(kS2);
  ASSERT_THAT(second, SizeIs(1));
  bench_.Acknowledge(kS2, second[0]);
  EXPECT_THAT(bench_.ReadyTickets(), ElementsAre(1, 2, 3));
  EXPECT_THAT(bench_.EndTurnTo(kS2), IsEmpty());
}

TEST_F(LeaderReadTest, APeerThatRefusesEveryCallIsNotAskedAgainAtOnce) {
  bench_.CommitAll();
  (void)bench_.EndTurn();
  bench_.Read(1);
  std::size_t sent = 0;
  for (int turn = 0; turn < 50; ++turn) {
    for (const AppendEntriesRequest& request : bench_.EndTurnTo(kS3)) {
      ++sent;
      bench_.Fail(kS3, request);
    }
  }
  EXPECT_LE(sent, 1u) << "a request storm: the interval's heartbeats ask soon enough";
}

TEST_F(LeaderReadTest, AnUnreachablePeerIsAskedByTheNextIntervalsHeartbeat) {
  bench_.CommitAll();
  bench_.Read(1);
  bench_.Fail(kS2, bench_.EndTurnTo(kS2).at(0));
  EXPECT_THAT(bench_.EndTurnTo(kS2), IsEmpty());
  for (std::uint32_t tick = 0; tick < SmallOptions().heartbeat_ticks; ++tick) {
    ExpectStay(bench_.bench().TickOnce(bench_.leader()));
  }
  bench_.Acknowledge(kS2, bench_.EndTurnTo(kS2).at(0));
  EXPECT_THAT(bench_.ReadyTickets(), ElementsAre(1));
}

TEST_F(LeaderReadTest, AloneItAnswersAtTheEndOfTheTurn) {
  LeaderBench bench(1);
  bench.PersistAll();
  bench.Read(1);
  EXPECT_THAT(bench.EndTurn(), IsEmpty());
  EXPECT_THAT(bench.ReadyTickets(), ElementsAre(1));
}

TEST_F(LeaderReadTest, RefusesWaitingReadsWhenItsTimeIsOver) {
  bench_.Read(1);
  bench_.Read(2);
  bench_.leader().OnExit();
  ASSERT_THAT(bench_.bench().answers().refusals, SizeIs(2)) << "trap G7";
  EXPECT_EQ(bench_.bench().answers().refusals[0].reason, RefusalReason::kLeadershipLost);
  EXPECT_EQ(bench_.bench().answers().refusals[0].leader_hint, std::nullopt);
}

TEST(LeaderMessagesTest, DeniesVotesOfItsTermAndPreVotesOfAny) {
  LeaderBench bench;
  ExpectStay(bench.leader().OnRequestVoteRequest(
      RequestVote({.term = 3, .candidate = kS2, .last_log = At(9, 2)}), kFromS2));
  ExpectStay(bench.leader().OnPreVoteRequest(
      PreVote({.term = 9, .candidate = kS2, .last_log = At(9, 8)}), kFromS2));
  for (const OutgoingResponse& outgoing : bench.bench().Release().responses) {
    if (const auto* vote = std::get_if<RequestVoteResponse>(&outgoing.response)) {
      EXPECT_FALSE(vote->vote_granted);
    } else {
      EXPECT_FALSE(std::get<PreVoteResponse>(outgoing.response).vote_granted);
    }
  }
  EXPECT_THAT(bench.bench().EventsOf<VoteDecided>(), SizeIs(2));
}

TEST(LeaderMessagesTest, RefusesASecondLeaderOfItsTerm) {
  LeaderBench bench;
  ExpectStay(bench.leader().OnAppendEntriesRequest(AppendEntries({.term = 3}), kFromS2));
  EXPECT_TRUE(bench.bench().NotedImpossible("Election Safety"));
  const auto answers = bench.bench().ReleaseResponses<AppendEntriesResponse>();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_FALSE(answers[0].success);
}

TEST(LeaderMessagesTest, IgnoresVotesThatComeAfterTheElection) {
  LeaderBench bench;
  ExpectStay(bench.leader().OnRequestVoteResponse(kS3, {RequestNumber(1), Term(3), true}));
  ExpectStay(bench.leader().OnPreVoteResponse(kS3, {RequestNumber(1), Term(3), true}));
}

TEST(LeaderDeathTest, LeadsOnlyWithItsOwnVote) {
  RoleBench bench(Recovered({.term = 3}));
  EXPECT_DEATH(bench.Enter<Leader>(), "a leader voted for itself");
}

}  // namespace
}  // namespace raft::harness
