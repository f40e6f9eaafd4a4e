// A leader whose log was trimmed: who needs a snapshot, when it is sent, what its answer means
// (Figure 13, sender's side; traps B9, B10, C10, C16, C20).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/server_under_test.h"

namespace raft::harness {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class LeaderSnapshotTest : public ::testing::Test {
 protected:
  // S1 leads term 3. Its log begins after entry 10 of term 2; 11 and 12 are of term 2, 13 is its
  // no-op, which S2 has. S3 has said nothing yet.
  void SetUp() override {
    leader_.emplace(ServerSetup{
        .recovered =
            Recovered({.term = 2, .log_terms = {2, 2}, .applied = 12, .base = At(10, 2)})});
    ASSERT_NO_FATAL_FAILURE(BecomeLeader(*leader_));
    CatchUp(*leader_, kS2);
    ASSERT_EQ(leader_->commit_index(), 13u);
  }
  // S3 says that its log ends at `last`: the leader backs up to there.
  void S3EndsAt(std::uint64_t last) {
    const auto sent = TakeAppendTo(*leader_, kS3);
    ASSERT_TRUE(sent.has_value());
    Reject(*leader_, *sent, {.term = std::nullopt, .index = LogIndex(last + 1)});
  }
  std::vector<Sent<InstallSnapshotRequest>> Offers() {
    return leader_->TakeRequests<InstallSnapshotRequest>();
  }
  void AnswerOffer(const InstallSnapshotRequest& offer, bool success, std::uint64_t match) {
    leader_->ReceiveAnswer(kS3, InstallSnapshotResponse{.number = offer.number,
                                                        .term = Term(leader_->term()),
                                                        .success = success,
                                                        .match_index = LogIndex(match)});
  }
  // The interval passes: heartbeats leave. S2 answers its own.
  std::optional<Sent<AppendEntriesRequest>> NextHeartbeatToS3() {
    leader_->TickTimes(leader_->setup().options.heartbeat_ticks);
    CatchUp(*leader_, kS2);
    return TakeHeartbeatTo(*leader_, kS3);
  }

  std::optional<ServerUnderTest> leader_;
};

TEST_F(LeaderSnapshotTest, WhoStandsAtTheBaseNeedsNone) {
  S3EndsAt(10);
  EXPECT_THAT(Offers(), IsEmpty());
  const auto sent = TakeAppendTo(*leader_, kS3);
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->request.previous, At(10, 2)) << "the term of the base is known (B10)";
}

TEST_F(LeaderSnapshotTest, WhoEndsBeforeTheBaseNeedsOne) {
  S3EndsAt(9);
  EXPECT_THAT(leader_->TakeRequestsTo<AppendEntriesRequest>(kS3), IsEmpty());
  const auto offers = Offers();
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers.front().to, kS3);
  EXPECT_EQ(offers.front().request.term, Term(3));
  EXPECT_EQ(offers.front().request.last_included, At(13, 3)) << "all that is applied";
  EXPECT_EQ(leader_->EventsOf<SnapshotNeeded>().at(0).peer, kS3);
  EXPECT_EQ(leader_->peer(kS3).state, PeerState::kSnapshot);
}

TEST_F(LeaderSnapshotTest, AnEmptyServerNeedsOne) {
  S3EndsAt(0);
  EXPECT_THAT(Offers(), SizeIs(1));
}

TEST_F(LeaderSnapshotTest, OneIsUnderWay) {
  S3EndsAt(5);
  EXPECT_THAT(Offers(), SizeIs(1));
  for (int interval = 0; interval < 3; ++interval) {
    const auto heartbeat = NextHeartbeatToS3();
    ASSERT_TRUE(heartbeat.has_value());
    Reject(*leader_, *heartbeat, {.term = std::nullopt, .index = LogIndex(6)});
  }
  leader_->Propose("x");
  EXPECT_THAT(Offers(), IsEmpty());
}

TEST_F(LeaderSnapshotTest, HeartbeatsNameTheBaseMeanwhile) {
  S3EndsAt(5);
  const auto heartbeat = NextHeartbeatToS3();
  ASSERT_TRUE(heartbeat.has_value());
  EXPECT_EQ(heartbeat->request.previous, At(10, 2));
}

TEST_F(LeaderSnapshotTest, ItsAnswerIsAMatchAndEntriesFlowAfterIt) {
  S3EndsAt(5);
  const auto offers = Offers();
  leader_->Propose("x");
  AnswerOffer(offers.at(0).request, true, 13);
  EXPECT_EQ(leader_->peer(kS3).match_index, LogIndex(13));
  const auto sent = TakeAppendTo(*leader_, kS3);
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->request.previous, At(13, 3));
  EXPECT_EQ(leader_->peer(kS3).state, PeerState::kReplicate);
}

TEST_F(LeaderSnapshotTest, AFailureIsFollowedByAHeartbeatAndOnlyThenByAnother) {
  S3EndsAt(5);
  const auto offers = Offers();
  leader_->Step(PeerUnreachable{.peer = kS3, .number = offers.at(0).request.number});
  EXPECT_THAT(Offers(), IsEmpty()) << "asked again blind, it would be asked as fast as the loop";
  const auto heartbeat = NextHeartbeatToS3();
  EXPECT_THAT(Offers(), IsEmpty());
  Reject(*leader_, *heartbeat, {.term = std::nullopt, .index = LogIndex(6)});
  EXPECT_THAT(Offers(), SizeIs(1));
}

TEST_F(LeaderSnapshotTest, ARefusalIsFollowedByAHeartbeatAndOnlyThenByAnother) {
  S3EndsAt(5);
  AnswerOffer(Offers().at(0).request, false, 0);
  EXPECT_THAT(Offers(), IsEmpty());
  EXPECT_EQ(leader_->peer(kS3).match_index, LogIndex(0));
  const auto heartbeat = NextHeartbeatToS3();
  Reject(*leader_, *heartbeat, {.term = std::nullopt, .index = LogIndex(6)});
  EXPECT_THAT(Offers(), SizeIs(1));
}

TEST_F(LeaderSnapshotTest, AFailureIsNoAnswerAndNoContact) {
  S3EndsAt(5);
  const auto offers = Offers();
  leader_->TickTimes(3);
  const std::uint64_t silent = leader_->peer(kS3).last_contact_ticks;
  leader_->Step(PeerUnreachable{.peer = kS3, .number = offers.at(0).request.number});
  EXPECT_EQ(leader_->peer(kS3).last_contact_ticks, silent) << "trap C20";
  EXPECT_EQ(leader_->peer(kS3).match_index, LogIndex(0));
}

TEST_F(LeaderSnapshotTest, ARefusalIsNoContactEither) {
  S3EndsAt(5);
  const auto offers = Offers();
  leader_->TickTimes(3);
  const std::uint64_t silent = leader_->peer(kS3).last_contact_ticks;
  AnswerOffer(offers.at(0).request, false, 0);
  EXPECT_EQ(leader_->peer(kS3).last_contact_ticks, silent);
}

TEST_F(LeaderSnapshotTest, AMatchBeyondWhatIsCommittedIsImpossible) {
  S3EndsAt(5);
  leader_->Propose("x");  // entry 14, not committed
  AnswerOffer(Offers().at(0).request, true, 14);
  EXPECT_EQ(leader_->peer(kS3).match_index, LogIndex(0));
  EXPECT_EQ(leader_->commit_index(), 13u);
  EXPECT_THAT(leader_->EventsOf<ImpossibleMessageRefused>(), SizeIs(1));
  EXPECT_THAT(Offers(), IsEmpty()) << "whoever lies is not sent snapshots as fast as it answers";
}

TEST_F(LeaderSnapshotTest, AnAnswerToNoTransferIsDropped) {
  S3EndsAt(5);
  const auto offers = Offers();
  AnswerOffer(offers.at(0).request, true, 12);
  AnswerOffer(offers.at(0).request, true, 13);
  EXPECT_EQ(leader_->peer(kS3).match_index, LogIndex(12)) << "answered once";
  EXPECT_THAT(leader_->EventsOf<StaleResponseDropped>(), SizeIs(1));
}

TEST_F(LeaderSnapshotTest, AnAnswerOfANewerTermEndsTheLeadership) {
  S3EndsAt(5);
  const auto offers = Offers();
  leader_->ReceiveAnswer(kS3, InstallSnapshotResponse{.number = offers.at(0).request.number,
                                                      .term = Term(9),
                                                      .success = true,
                                                      .match_index = LogIndex(13)});
  EXPECT_EQ(leader_->role(), RoleName::kFollower);
  EXPECT_EQ(leader_->term(), 9u);
}

TEST_F(LeaderSnapshotTest, AnAnswerAfterTheLeadershipIsNobodys) {
  S3EndsAt(5);
  const auto offers = Offers();
  leader_->Receive(kS2, AppendEntries({.term = 4, .leader = kS2, .previous = At(13, 3)}));
  AnswerOffer(offers.at(0).request, true, 13);
  EXPECT_EQ(leader_->role(), RoleName::kFollower);
}

TEST_F(LeaderSnapshotTest, AnotherServersOfferInThisTermIsImpossible) {
  const CallId call =
      leader_->Receive(kS3, Offer({.term = 3, .leader = kS3, .last_included = At(20, 3)}));
  EXPECT_FALSE(leader_->Answer<InstallSnapshotResponse>(call)->success);
  EXPECT_THAT(leader_->EventsOf<ImpossibleMessageRefused>(), SizeIs(1));
}

TEST_F(LeaderSnapshotTest, CommitAndReadsGoOnMeanwhile) {
  S3EndsAt(5);
  Offers();
  leader_->Propose("x");
  const Ticket read = leader_->Read();
  CatchUp(*leader_, kS2);
  EXPECT_EQ(leader_->commit_index(), 14u);
  if (const auto asked = TakeHeartbeatTo(*leader_, kS3)) {
    Reject(*leader_, *asked, {.term = std::nullopt, .index = LogIndex(6)});
  }
  EXPECT_TRUE(leader_->ReadIndexOf(read).has_value()) << "it answers, though it lacks entries";
}

TEST_F(LeaderSnapshotTest, AHeartbeatThatFindsTheBaseMakesTheSnapshotNeedless) {
  S3EndsAt(5);
  const auto offers = Offers();
  const auto heartbeat = NextHeartbeatToS3();
  Acknowledge(*leader_, *heartbeat);  // An older leader's snapshot brought it there.
  const auto sent = TakeAppendTo(*leader_, kS3);
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->request.previous, At(10, 2)) << "trap C10";
  AnswerOffer(offers.at(0).request, true, 13);
  EXPECT_EQ(leader_->peer(kS3).match_index, LogIndex(13));
}

TEST_F(LeaderSnapshotTest, ALostHeartbeatSendsNoSecondSnapshot) {
  S3EndsAt(5);
  Offers();
  const auto heartbeat = NextHeartbeatToS3();
  FailCall(*leader_, *heartbeat);
  const auto next = NextHeartbeatToS3();
  Reject(*leader_, *next, {.term = std::nullopt, .index = LogIndex(6)});
  EXPECT_THAT(Offers(), IsEmpty());
}

// ---- Trimming under a leader's feet.

// Trims as soon as anything can go, and keeps no tail.
RaftOptions TrimmingOptions() {
  RaftOptions options = SmallOptions();
  options.compaction_entries = 1;
  options.tail_entries = 0;
  return options;
}

TEST(LeaderTrimTest, TheStatusOfALeaderWithoutEntriesIsWhole) {
  ServerUnderTest leader({.options = TrimmingOptions()});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));
  CatchUp(leader, kS2);
  ASSERT_EQ(leader.status().first_log_index, LogIndex(2)) << "the no-op was trimmed";
  EXPECT_EQ(leader.peer(kS3).lag_entries, 1u);
  EXPECT_EQ(leader.peer(kS3).lag_bytes, 0u) << "as far as this log can tell";
  EXPECT_EQ(leader.peer(kS3).lag_ms, 0);
}

TEST(LeaderTrimTest, EntriesUnderWayMayBeTrimmedMeanwhile) {
  ServerUnderTest leader({.options = TrimmingOptions()});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));
  const auto sent = TakeAppendTo(leader, kS3);
  CatchUp(leader, kS2);
  ASSERT_EQ(leader.status().first_log_index, LogIndex(2));
  leader.TickTimes(2);
  const auto heartbeat = TakeHeartbeatTo(leader, kS3);
  ASSERT_TRUE(heartbeat.has_value());
  EXPECT_EQ(heartbeat->request.previous, At(1, 1)) << "the earliest place that is left";
  Reject(leader, *heartbeat, {.term = std::nullopt, .index = LogIndex(1)});  // It overtook.
  EXPECT_THAT(leader.TakeRequests<InstallSnapshotRequest>(), IsEmpty());
  Acknowledge(leader, *sent);
  EXPECT_EQ(leader.peer(kS3).match_index, LogIndex(1));
}

TEST(LeaderTrimTest, EntriesThatWereLostAndTrimmedAreReplacedByASnapshot) {
  ServerUnderTest leader({.options = TrimmingOptions()});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));
  const auto sent = TakeAppendTo(leader, kS3);
  CatchUp(leader, kS2);
  FailCall(leader, *sent);
  leader.TickTimes(2);
  const auto heartbeat = TakeHeartbeatTo(leader, kS3);
  Reject(leader, *heartbeat, {.term = std::nullopt, .index = LogIndex(1)});
  EXPECT_THAT(leader.TakeRequests<InstallSnapshotRequest>(), SizeIs(1));
}

ServerSetup SetupWithATailOfTwo() {
  RaftOptions options = TrimmingOptions();
  options.tail_entries = 2;
  return {.options = options, .recovered = Recovered({.term = 1, .applied = 5, .base = At(5, 1)})};
}

// S1 leads, S3 is sent a snapshot that holds at least entry 6, and entries follow it up to 11,
// which is more than twice the tail.
void OvertakeTheSnapshotToS3(ServerUnderTest& leader, InstallSnapshotRequest& overtaken) {
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));  // entry 6
  const auto sent = TakeAppendTo(leader, kS3);
  CatchUp(leader, kS2);
  Reject(leader, *sent, {.term = std::nullopt, .index = LogIndex(1)});
  const auto offers = leader.TakeRequests<InstallSnapshotRequest>();
  ASSERT_THAT(offers, SizeIs(1));
  overtaken = offers.at(0).request;
  for (int entry = 7; entry <= 10; ++entry) {
    leader.Propose();
    CatchUp(leader, kS2);
  }
  EXPECT_LE(leader.status().first_log_index, LogIndex(7)) << "the log waits: trap C16";
  leader.Propose();
  CatchUp(leader, kS2);
  ASSERT_EQ(leader.status().first_log_index, LogIndex(10)) << "it needs more than twice the tail";
}

TEST(LeaderTrimTest, WhatASnapshotUnderWayWillNeedIsNotTrimmedUpToTwiceTheTail) {
  ServerUnderTest leader(SetupWithATailOfTwo());
  InstallSnapshotRequest overtaken;
  OvertakeTheSnapshotToS3(leader, overtaken);
}

TEST(LeaderTrimTest, ATransferThatTheLogCannotWaitForBeginsAnew) {
  ServerUnderTest leader(SetupWithATailOfTwo());
  InstallSnapshotRequest overtaken;
  ASSERT_NO_FATAL_FAILURE(OvertakeTheSnapshotToS3(leader, overtaken));
  const auto offers = leader.TakeRequests<InstallSnapshotRequest>();
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_GT(offers.at(0).request.number, overtaken.number);
  EXPECT_THAT(leader.EventsOf<SnapshotBegunAnew>(), SizeIs(1));
  EXPECT_GE(offers.at(0).request.last_included.index, LogIndex(9)) << "entries follow this one";
  leader.ReceiveAnswer(kS3, InstallSnapshotResponse{.number = offers.at(0).request.number,
                                                    .term = Term(leader.term()),
                                                    .success = true,
                                                    .match_index = LogIndex(11)});
  EXPECT_EQ(leader.peer(kS3).match_index, LogIndex(11));
}

TEST(LeaderTrimTest, NewsOfATransferThatWasBegunAnewChangesNothing) {
  ServerUnderTest leader(SetupWithATailOfTwo());
  InstallSnapshotRequest overtaken;
  ASSERT_NO_FATAL_FAILURE(OvertakeTheSnapshotToS3(leader, overtaken));
  ASSERT_THAT(leader.TakeRequests<InstallSnapshotRequest>(), SizeIs(1));
  const std::uint64_t match_before = leader.peer(kS3).match_index.value();
  for (const bool success : {false, true}) {
    leader.ReceiveAnswer(kS3, InstallSnapshotResponse{.number = overtaken.number,
                                                      .term = Term(leader.term()),
                                                      .success = success,
                                                      .match_index = LogIndex(6)});
  }
  leader.Step(PeerUnreachable{.peer = kS3, .number = overtaken.number});
  leader.TickTimes(2);
  EXPECT_EQ(leader.peer(kS3).match_index, LogIndex(match_before));
  EXPECT_THAT(leader.TakeRequests<InstallSnapshotRequest>(), IsEmpty()) << "one is on its way";
  EXPECT_EQ(leader.peer(kS3).state, PeerState::kSnapshot);
}

TEST(LeaderTrimTest, WhatAFollowerNeedsAfterItsSnapshotIsNotTrimmedAtOnce) {
  RaftOptions options = TrimmingOptions();
  options.tail_entries = 2;
  options.append_bytes_max = 1;  // one entry at a time
  ServerUnderTest leader(
      {.options = options, .recovered = Recovered({.term = 1, .applied = 5, .base = At(5, 1)})});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));  // entry 6
  const auto sent = TakeAppendTo(leader, kS3);
  CatchUp(leader, kS2);
  Reject(leader, *sent, {.term = std::nullopt, .index = LogIndex(1)});
  const auto offers = leader.TakeRequests<InstallSnapshotRequest>();
  ASSERT_THAT(offers, SizeIs(1));
  for (int entry = 7; entry <= 10; ++entry) {
    leader.Propose();
    CatchUp(leader, kS2);
  }
  leader.ReceiveAnswer(kS3, InstallSnapshotResponse{.number = offers.at(0).request.number,
                                                    .term = Term(2),
                                                    .success = true,
                                                    .match_index = LogIndex(6)});
  CatchUp(leader, kS3);
  EXPECT_THAT(leader.TakeRequests<InstallSnapshotRequest>(), IsEmpty()) << "trap C16";
  EXPECT_EQ(leader.peer(kS3).match_index, LogIndex(10));
}

// A broken transfer may go on with the snapshot that it began with.
TEST(LeaderTrimTest, WhatABrokenTransferBeganWithServesUntilTheLogIsTrimmedBeyondIt) {
  RaftOptions options = TrimmingOptions();
  options.tail_entries = 2;
  ServerUnderTest leader(
      {.options = options, .recovered = Recovered({.term = 1, .applied = 5, .base = At(5, 1)})});
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader));  // entry 6
  const auto sent = TakeAppendTo(leader, kS3);
  CatchUp(leader, kS2);
  Reject(leader, *sent, {.term = std::nullopt, .index = LogIndex(1)});
  const LogIndex first = leader.last_snapshot_wanted().ends_at_least;
  EXPECT_EQ(first, LogIndex(6));
  leader.Step(PeerUnreachable{.peer = kS3, .number = leader.last_snapshot_wanted().number});
  leader.Propose();
  CatchUp(leader, kS2);
  leader.TickTimes(options.heartbeat_ticks);
  const auto heartbeat = TakeHeartbeatTo(leader, kS3);
  ASSERT_TRUE(heartbeat.has_value());
  Reject(leader, *heartbeat, {.term = std::nullopt, .index = LogIndex(1)});
  EXPECT_EQ(leader.last_snapshot_wanted().ends_at_least, first) << "entry 7 is still here";
}

}  // namespace
}  // namespace raft::harness
