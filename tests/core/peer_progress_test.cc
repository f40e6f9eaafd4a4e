// The leader's view of one follower: two lanes, honest answers and others (traps B5 to B8, B18).
#include "core/peer_progress.h"

#include <gtest/gtest.h>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

class PeerProgressTest : public ::testing::Test {
 protected:
  // A leader whose log ends at 10 has just been elected at tick 100.
  PeerProgress peer_{LogIndex(10), 100};

  void Answered(std::uint64_t number, std::uint64_t now_ticks = 101) {
    EXPECT_TRUE(peer_.TakeAnswered(RequestNumber(number), now_ticks).has_value());
  }
};

TEST_F(PeerProgressTest, StartsRightAfterTheLeadersLastEntryAndKnowsNoMatch) {
  EXPECT_EQ(peer_.next_index(), LogIndex(11));
  EXPECT_EQ(peer_.match_index(), LogIndex(0));
  EXPECT_EQ(peer_.last_contact_ticks(), 100u);
  EXPECT_EQ(peer_.state(), PeerState::kProbe);
  EXPECT_TRUE(peer_.MaySendEntries());
}

TEST_F(PeerProgressTest, OneRequestWithEntriesIsUnderWay) {
  peer_.SentEntries(RequestNumber(1), LogIndex(12));
  EXPECT_FALSE(peer_.MaySendEntries());
  EXPECT_EQ(peer_.next_index(), LogIndex(13));
  Answered(1);
  EXPECT_TRUE(peer_.MaySendEntries());
}

TEST_F(PeerProgressTest, AnAnswerRemembersWhatWasAsked) {
  peer_.SentEntries(RequestNumber(1), LogIndex(12));
  const auto answered = peer_.TakeAnswered(RequestNumber(1), 105);
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->previous, LogIndex(10));
  EXPECT_EQ(answered->last, LogIndex(12));
  EXPECT_TRUE(answered->carried_entries);
  EXPECT_EQ(peer_.last_contact_ticks(), 105u);
  EXPECT_EQ(peer_.highest_answered(), RequestNumber(1));
}

TEST_F(PeerProgressTest, AnAnswerCountsOnce) {
  peer_.SentHeartbeat(RequestNumber(1), peer_.HeartbeatPrevious(), false);
  Answered(1, 101);
  EXPECT_FALSE(peer_.TakeAnswered(RequestNumber(1), 150).has_value());
  EXPECT_FALSE(peer_.TakeAnswered(RequestNumber(77), 150).has_value());
  EXPECT_EQ(peer_.last_contact_ticks(), 101u) << "an unknown number is no sign of life";
}

TEST_F(PeerProgressTest, AHeartbeatNeverNamesEntriesThatAreUnderWay) {
  EXPECT_EQ(peer_.HeartbeatPrevious(), LogIndex(10));
  peer_.SentEntries(RequestNumber(1), LogIndex(12));
  EXPECT_EQ(peer_.HeartbeatPrevious(), LogIndex(10));
  Answered(1);
  EXPECT_EQ(peer_.HeartbeatPrevious(), LogIndex(12));
}

TEST_F(PeerProgressTest, HeartbeatsLeaveBesideEntriesAndMayBeAnsweredInAnyOrder) {
  peer_.SentEntries(RequestNumber(1), LogIndex(12));
  peer_.SentHeartbeat(RequestNumber(2), peer_.HeartbeatPrevious(), false);
  peer_.SentHeartbeat(RequestNumber(3), peer_.HeartbeatPrevious(), false);
  Answered(3);
  Answered(2);
  EXPECT_EQ(peer_.highest_answered(), RequestNumber(3));
  EXPECT_TRUE(peer_.has_entries_in_flight());
}

TEST_F(PeerProgressTest, AHeartbeatForReadsIsUnderWayUntilItIsAnsweredOrFails) {
  peer_.SentHeartbeat(RequestNumber(1), peer_.HeartbeatPrevious(), true);
  EXPECT_TRUE(peer_.has_read_heartbeat_in_flight());
  peer_.SentHeartbeat(RequestNumber(2), peer_.HeartbeatPrevious(), false);
  Answered(2);
  EXPECT_TRUE(peer_.has_read_heartbeat_in_flight());
  Answered(1);
  EXPECT_FALSE(peer_.has_read_heartbeat_in_flight());
  peer_.SentHeartbeat(RequestNumber(3), peer_.HeartbeatPrevious(), true);
  peer_.BecameUnreachable(RequestNumber(3));
  EXPECT_FALSE(peer_.has_read_heartbeat_in_flight());
}

TEST_F(PeerProgressTest, ForgetsTheOldestHeartbeatsOfASilentPeer) {
  peer_.SentHeartbeat(RequestNumber(1), peer_.HeartbeatPrevious(), true);
  for (std::uint64_t number = 2; number <= 33; ++number) {
    peer_.SentHeartbeat(RequestNumber(number), peer_.HeartbeatPrevious(), false);
  }
  EXPECT_FALSE(peer_.has_read_heartbeat_in_flight()) << "the lane must not stay taken for ever";
  EXPECT_FALSE(peer_.TakeAnswered(RequestNumber(1), 101).has_value());
  Answered(2);
}

TEST_F(PeerProgressTest, AfterALostRequestItIsProbedUntilAnyAnswer) {
  peer_.SentEntries(RequestNumber(1), LogIndex(12));
  peer_.BecameUnreachable(RequestNumber(1));
  EXPECT_FALSE(peer_.MaySendEntries()) << "entries are not resent blind";
  EXPECT_FALSE(peer_.has_entries_in_flight());
  EXPECT_EQ(peer_.HeartbeatPrevious(), LogIndex(12)) << "asks whether the entries arrived";
  EXPECT_EQ(peer_.state(), PeerState::kProbe);
  peer_.SentHeartbeat(RequestNumber(2), peer_.HeartbeatPrevious(), false);
  Answered(2);
  EXPECT_TRUE(peer_.MaySendEntries()) << "trap B18";
}

TEST_F(PeerProgressTest, ALostHeartbeatLeadsToProbingToo) {
  peer_.SentHeartbeat(RequestNumber(1), peer_.HeartbeatPrevious(), false);
  peer_.BecameUnreachable(RequestNumber(1));
  EXPECT_TRUE(peer_.is_probed());
}

TEST_F(PeerProgressTest, TheFailureOfAnUnknownRequestChangesNothing) {
  peer_.SentEntries(RequestNumber(1), LogIndex(12));
  peer_.BecameUnreachable(RequestNumber(9));
  EXPECT_TRUE(peer_.has_entries_in_flight());
  EXPECT_FALSE(peer_.is_probed());
}

TEST_F(PeerProgressTest, AMatchOnlyRisesAndNeverLowersNextIndex) {
  peer_.RecordMatch(LogIndex(8));
  EXPECT_EQ(peer_.match_index(), LogIndex(8));
  EXPECT_EQ(peer_.next_index(), LogIndex(11)) << "a low match in a success resends nothing";
  peer_.RecordMatch(LogIndex(5));
  EXPECT_EQ(peer_.match_index(), LogIndex(8));
  EXPECT_EQ(peer_.state(), PeerState::kReplicate);
}

TEST_F(PeerProgressTest, BacksUpToTheHint) {
  EXPECT_TRUE(peer_.BackUp(LogIndex(10), LogIndex(4)));
  EXPECT_EQ(peer_.next_index(), LogIndex(4));
  EXPECT_EQ(peer_.state(), PeerState::kProbe);
}

TEST_F(PeerProgressTest, EveryBackUpMakesProgress) {
  EXPECT_TRUE(peer_.BackUp(LogIndex(10), LogIndex(50)));
  EXPECT_EQ(peer_.next_index(), LogIndex(10)) << "at least the position that did not match goes";
}

TEST_F(PeerProgressTest, NeverBacksUpBelowWhatIsKnownToMatch) {
  peer_.RecordMatch(LogIndex(6));
  EXPECT_TRUE(peer_.BackUp(LogIndex(10), LogIndex(1)));
  EXPECT_EQ(peer_.next_index(), LogIndex(7)) << "trap B8";
}

TEST_F(PeerProgressTest, ARejectionFromThePastChangesNothing) {
  peer_.RecordMatch(LogIndex(6));
  EXPECT_FALSE(peer_.BackUp(LogIndex(6), LogIndex(1)));
  EXPECT_TRUE(peer_.BackUp(LogIndex(10), LogIndex(8)));
  EXPECT_FALSE(peer_.BackUp(LogIndex(10), LogIndex(7))) << "backed up already (trap B24)";
  EXPECT_EQ(peer_.next_index(), LogIndex(8));
}

TEST_F(PeerProgressTest, AnyOrderOfRejectionsEndsAtTheFirstEntry) {
  for (std::uint64_t previous = 10; previous > 0; --previous) {
    ASSERT_TRUE(peer_.BackUp(LogIndex(previous), LogIndex(previous)));
  }
  EXPECT_EQ(peer_.next_index(), LogIndex(1));
}

using PeerProgressDeathTest = PeerProgressTest;

TEST_F(PeerProgressDeathTest, RefusesASecondRequestWithEntriesAndOneWithout) {
  EXPECT_DEATH(peer_.SentEntries(RequestNumber(1), LogIndex(10)), "carries at least one");
  peer_.SentEntries(RequestNumber(1), LogIndex(11));
  EXPECT_DEATH(peer_.SentEntries(RequestNumber(2), LogIndex(12)), "in flight per peer");
  EXPECT_DEATH((void)peer_.BackUp(LogIndex(10), LogIndex(4)), "has no entries under way");
}

TEST_F(PeerProgressDeathTest, RefusesANumberThatIsNotFresh) {
  peer_.SentHeartbeat(RequestNumber(5), peer_.HeartbeatPrevious(), false);
  EXPECT_DEATH(peer_.SentHeartbeat(RequestNumber(5), peer_.HeartbeatPrevious(), false),
               "every request has a fresh number");
}

// ---- Snapshots (Figure 13).

TEST_F(PeerProgressTest, OneSnapshotIsUnderWayAndIsWhatTheStatusTells) {
  EXPECT_EQ(peer_.snapshot_in_flight(), std::nullopt);
  peer_.SentSnapshot(RequestNumber(1), LogIndex(4));
  EXPECT_EQ(peer_.snapshot_in_flight(), LogIndex(4)) << "what it holds at least";
  EXPECT_EQ(peer_.state(), PeerState::kSnapshot);
}

TEST_F(PeerProgressTest, AnAnsweredSnapshotIsAContactAndEndsProbing) {
  peer_.SentHeartbeat(RequestNumber(1), LogIndex(4), false);
  peer_.SentSnapshot(RequestNumber(2), LogIndex(4));
  peer_.BecameUnreachable(RequestNumber(1));
  EXPECT_TRUE(peer_.TakeSnapshotAnswered(RequestNumber(2), /*now_ticks=*/109));
  EXPECT_EQ(peer_.last_contact_ticks(), 109u);
  EXPECT_EQ(peer_.highest_answered(), RequestNumber(2));
  EXPECT_FALSE(peer_.is_probed());
  EXPECT_EQ(peer_.snapshot_in_flight(), std::nullopt);
}

TEST_F(PeerProgressTest, AnAnswerToNoSnapshotUnderWayIsNone) {
  EXPECT_FALSE(peer_.TakeSnapshotAnswered(RequestNumber(1), 109));
  peer_.SentSnapshot(RequestNumber(2), LogIndex(4));
  EXPECT_FALSE(peer_.TakeSnapshotAnswered(RequestNumber(1), 109)) << "one of an older transfer";
  EXPECT_TRUE(peer_.TakeSnapshotAnswered(RequestNumber(2), 109));
  EXPECT_FALSE(peer_.TakeSnapshotAnswered(RequestNumber(2), 110)) << "the same once more (A5)";
}

TEST_F(PeerProgressTest, AFailedSnapshotLeadsToProbingAndTeachesNothing) {
  peer_.SentSnapshot(RequestNumber(2), LogIndex(4));
  peer_.BecameUnreachable(RequestNumber(2));
  EXPECT_EQ(peer_.snapshot_in_flight(), std::nullopt);
  EXPECT_TRUE(peer_.is_probed());
  EXPECT_EQ(peer_.match_index(), LogIndex(0)) << "trap C20";
  EXPECT_EQ(peer_.highest_answered(), RequestNumber(0));
}

TEST_F(PeerProgressTest, ALostHeartbeatLeavesTheSnapshotUnderWay) {
  peer_.SentSnapshot(RequestNumber(1), LogIndex(4));
  peer_.SentHeartbeat(RequestNumber(2), LogIndex(4), false);
  peer_.BecameUnreachable(RequestNumber(2));
  EXPECT_EQ(peer_.snapshot_in_flight(), LogIndex(4));
}

TEST_F(PeerProgressTest, AHeartbeatMayNameALaterPlaceThanTheNextEntry) {
  peer_.SentHeartbeat(RequestNumber(1), LogIndex(99), false);
  const std::optional<AnsweredRequest> answered = peer_.TakeAnswered(RequestNumber(1), 101);
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->previous, LogIndex(99));
  EXPECT_FALSE(peer_.BackUp(answered->previous, LogIndex(3))) << "nothing to back up from there";
}

}  // namespace
}  // namespace raft::harness
