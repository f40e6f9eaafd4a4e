// A leader alone: what it sends to each peer, and what answers do to it (§5.3, §10.2.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/leader_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LeaderReplicationTest : public ::testing::Test {
 protected:
  void TickAnInterval() {
    for (std::uint32_t tick = 0; tick < SmallOptions().heartbeat_ticks; ++tick) {
      ExpectStay(bench_.bench().TickOnce(bench_.leader()));
    }
  }
  LeaderBench bench_;
};

TEST_F(LeaderReplicationTest, AnnouncesItselfWithItsNoOp) {
  const auto sent = bench_.EndTurn();
  ASSERT_THAT(sent, SizeIs(2));
  for (const auto& [to, request] : sent) {
    EXPECT_EQ(request.term, Term(3));
    EXPECT_EQ(request.leader_id, kS1);
    EXPECT_EQ(request.previous, At(2, 2));
    EXPECT_THAT(IndexesOf(request.entries), ElementsAre(3));
  }
}

TEST_F(LeaderReplicationTest, DoesNotWaitForItsOwnDisk) {
  ASSERT_TRUE(bench_.state().persistent.has_unsaved_changes());
  EXPECT_THAT(bench_.EndTurn(), SizeIs(2)) << "dissertation §10.2.1";
}

TEST_F(LeaderReplicationTest, WhatGathersWhileARequestIsUnderWayGoesInTheNext) {
  const auto first = bench_.EndTurnTo(kS2);
  bench_.Propose(1);
  EXPECT_THAT(bench_.EndTurnTo(kS2), IsEmpty());
  bench_.Propose(2);
  bench_.Acknowledge(kS2, first.at(0));
  const auto second = bench_.EndTurnTo(kS2);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_THAT(IndexesOf(second[0].entries), ElementsAre(4, 5));
}

TEST_F(LeaderReplicationTest, HeartbeatsLeaveEveryIntervalBesideEntries) {
  (void)bench_.EndTurn();
  TickAnInterval();
  const auto beats = bench_.EndTurnTo(kS2);
  ASSERT_THAT(beats, SizeIs(1));
  EXPECT_TRUE(beats[0].is_heartbeat());
  EXPECT_EQ(beats[0].previous, At(2, 2)) << "entry 3 is under way and may be overtaken";
  TickAnInterval();
  EXPECT_THAT(bench_.EndTurnTo(kS2), SizeIs(1));
}

TEST_F(LeaderReplicationTest, TellsTheCommitIndexWithEveryRequest) {
  bench_.CommitAll();
  TickAnInterval();
  EXPECT_EQ(bench_.EndTurnTo(kS2).at(0).leader_commit, LogIndex(3));
}

TEST_F(LeaderReplicationTest, BatchesAreBoundedInBytes) {
  RaftOptions options = SmallOptions();
  options.append_bytes_max = 2 * (kLogEntryOverheadBytes + 10);
  LeaderBench bench(3, options);
  bench.CommitAll();
  for (std::uint64_t ticket = 1; ticket <= 3; ++ticket) bench.Propose(ticket, std::string(10, 'a'));
  const auto first = bench.EndTurnTo(kS2);
  EXPECT_THAT(IndexesOf(first.at(0).entries), ElementsAre(4, 5));
  bench.Acknowledge(kS2, first[0]);
  EXPECT_THAT(IndexesOf(bench.EndTurnTo(kS2).at(0).entries), ElementsAre(6));
}

TEST_F(LeaderReplicationTest, StopsWhenTooMuchIsSentAndNotYetDurableThere) {
  RaftOptions options = SmallOptions();
  options.append_bytes_max = 1;
  options.inflight_bytes_max = 2 * (kLogEntryOverheadBytes + 10);
  LeaderBench bench(3, options);
  bench.CommitAll();
  for (std::uint64_t ticket = 1; ticket <= 9; ++ticket) bench.Propose(ticket, std::string(10, 'a'));
  AppendEntriesRequest last;
  for (int batch = 0; batch < 2; ++batch) {
    last = bench.EndTurnTo(kS2).at(0);
    bench.AnswerMatch(kS2, last, LogIndex(3));
  }
  EXPECT_THAT(bench.EndTurnTo(kS2), IsEmpty());
  for (std::uint32_t tick = 0; tick < options.heartbeat_ticks; ++tick) {
    ExpectStay(bench.bench().TickOnce(bench.leader()));
  }
  const auto beat = bench.EndTurnTo(kS2);
  ASSERT_THAT(beat, SizeIs(1));
  bench.Acknowledge(kS2, beat[0]);
  EXPECT_THAT(bench.EndTurnTo(kS2), SizeIs(1)) << "the next heartbeat reported the match";
}

// What a peer has is not known yet, which must not count as being on its way there.
TEST_F(LeaderReplicationTest, ANewLeadersFirstEntryLeavesAtOnceHoweverLongItsLogIs) {
  RaftOptions options = SmallOptions();
  options.inflight_bytes_max = 1;
  LeaderBench bench(3, options);
  const auto first = bench.EndTurnTo(kS2);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].previous, At(2, 2));
  EXPECT_THAT(IndexesOf(first[0].entries), ElementsAre(3));
}

TEST_F(LeaderReplicationTest, AfterALostRequestOnlyHeartbeatsLeaveUntilOneIsAnswered) {
  const auto lost = bench_.EndTurnTo(kS2);
  bench_.Fail(kS2, lost.at(0));
  bench_.Propose(1);
  EXPECT_THAT(bench_.EndTurnTo(kS2), IsEmpty()) << "entries are not resent blind";
  TickAnInterval();
  const auto beat = bench_.EndTurnTo(kS2);
  ASSERT_THAT(beat, SizeIs(1));
  EXPECT_EQ(beat[0].previous, At(3, 3)) << "did the lost entries arrive?";
  bench_.AnswerMismatch(kS2, beat[0], {.term = std::nullopt, .index = LogIndex(3)});
  const auto again = bench_.EndTurnTo(kS2);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_THAT(IndexesOf(again[0].entries), ElementsAre(3, 4));
}

TEST_F(LeaderReplicationTest, ALostRequestThatArrivedIsNotSentAgain) {
  bench_.Fail(kS2, bench_.EndTurnTo(kS2).at(0));
  bench_.Propose(1);
  TickAnInterval();
  bench_.Acknowledge(kS2, bench_.EndTurnTo(kS2).at(0));
  EXPECT_THAT(IndexesOf(bench_.EndTurnTo(kS2).at(0).entries), ElementsAre(4));
}

TEST_F(LeaderReplicationTest, AShortLogIsFilledFromItsEnd) {
  bench_.AnswerMismatch(kS2, bench_.EndTurnTo(kS2).at(0),
                        {.term = std::nullopt, .index = LogIndex(1)});
  const auto again = bench_.EndTurnTo(kS2);
  EXPECT_EQ(again.at(0).previous, At(0, 0));
  EXPECT_THAT(IndexesOf(again[0].entries), ElementsAre(1, 2, 3));
}

TEST_F(LeaderReplicationTest, AnUnknownTermIsSkippedAsAWhole) {
  RoleBench role(Recovered({.term = 9, .log_terms = {1, 1, 5, 5, 5, 6}, .voted_for = kS1}));
  const auto leader = role.Enter<Leader>();
  leader->BeforeEffects();
  const auto sent = role.ReleaseRequests<AppendEntriesRequest>();
  ExpectStay(leader->OnAppendEntriesResponse(
      kS2, {.number = sent.at(0).second.number,
            .term = Term(9),
            .success = false,
            .conflict = ConflictHint{.term = Term(4), .index = LogIndex(3)}}));
  leader->BeforeEffects();
  EXPECT_EQ(role.ReleaseRequests<AppendEntriesRequest>().at(0).second.previous, At(2, 1));
}

TEST_F(LeaderReplicationTest, AKnownTermIsTriedFromItsLastEntryHere) {
  RoleBench role(Recovered({.term = 9, .log_terms = {1, 1, 5, 5, 6, 6}, .voted_for = kS1}));
  const auto leader = role.Enter<Leader>();
  leader->BeforeEffects();
  const auto sent = role.ReleaseRequests<AppendEntriesRequest>();
  ExpectStay(leader->OnAppendEntriesResponse(
      kS2, {.number = sent.at(0).second.number,
            .term = Term(9),
            .success = false,
            .conflict = ConflictHint{.term = Term(5), .index = LogIndex(3)}}));
  leader->BeforeEffects();
  EXPECT_EQ(role.ReleaseRequests<AppendEntriesRequest>().at(0).second.previous, At(4, 5));
}

TEST_F(LeaderReplicationTest, ARejectedHeartbeatDecidesNothingWhileEntriesAreUnderWay) {
  const auto entries = bench_.EndTurnTo(kS2);
  TickAnInterval();
  bench_.AnswerMismatch(kS2, bench_.EndTurnTo(kS2).at(0),
                        {.term = std::nullopt, .index = LogIndex(1)});
  EXPECT_EQ(bench_.StatusOf(kS2).next_index, LogIndex(4));
  bench_.Acknowledge(kS2, entries.at(0));
  EXPECT_EQ(bench_.StatusOf(kS2).match_index, LogIndex(3));
}

TEST_F(LeaderReplicationTest, AHintIsNoMatch) {
  bench_.AnswerMismatch(kS2, bench_.EndTurnTo(kS2).at(0),
                        {.term = std::nullopt, .index = LogIndex(3)});
  bench_.PersistAll();
  EXPECT_EQ(bench_.StatusOf(kS2).match_index, LogIndex(0)) << "trap B5";
  EXPECT_EQ(bench_.commit_index(), 0u);
}

TEST_F(LeaderReplicationTest, RefusesAMatchBeyondWhatWasAsked) {
  bench_.Propose(1);
  bench_.PersistAll();
  const auto sent = bench_.EndTurnTo(kS2);
  bench_.AnswerMatch(kS2, sent.at(0), LogIndex(99));
  EXPECT_EQ(bench_.StatusOf(kS2).match_index, LogIndex(0));
  EXPECT_EQ(bench_.commit_index(), 0u);
  EXPECT_TRUE(bench_.bench().NotedImpossible("Log Matching"));
}

TEST_F(LeaderReplicationTest, AHintBeyondAllReasonDoesNotStopIt) {
  bench_.AnswerMismatch(kS2, bench_.EndTurnTo(kS2).at(0),
                        {.term = Term(99), .index = LogIndex(~0ull)});
  EXPECT_EQ(bench_.EndTurnTo(kS2).at(0).previous, At(1, 1)) << "one step back at least";
}

TEST_F(LeaderReplicationTest, DropsAnswersItDoesNotWaitFor) {
  const auto sent = bench_.EndTurnTo(kS2);
  bench_.Acknowledge(kS2, sent.at(0));
  bench_.Acknowledge(kS2, sent.at(0));
  EXPECT_THAT(bench_.bench().EventsOf<StaleResponseDropped>(), SizeIs(1));
  bench_.Acknowledge(ServerId(9), sent.at(0));  // trap A6
  bench_.PersistAll();
  EXPECT_EQ(bench_.commit_index(), 3u);
}

TEST_F(LeaderReplicationTest, ReportsTheLagOfEachPeer) {
  bench_.CommitAll();
  bench_.state().ticks += 5;
  bench_.Propose(1, std::string(36, 'a'));
  const PeerStatus second = bench_.StatusOf(kS2);
  EXPECT_EQ(second.lag_entries, 1u);
  EXPECT_EQ(second.lag_bytes, 100u);
  EXPECT_EQ(second.state, PeerState::kReplicate);
  bench_.state().ticks += 3;
  EXPECT_EQ(bench_.StatusOf(kS2).lag_ms, 30);
  EXPECT_EQ(bench_.StatusOf(kS3).lag_entries, 4u);
  EXPECT_EQ(bench_.StatusOf(kS3).state, PeerState::kProbe);
  EXPECT_EQ(bench_.StatusOf(kS3).last_contact_ticks, 8u);
}

}  // namespace
}  // namespace raft::harness
