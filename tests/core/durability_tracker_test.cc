// What the disk is known to have, above all across truncations (traps B14, B15).
#include "core/durability_tracker.h"

#include <gtest/gtest.h>

namespace raft {
namespace {

TEST(DurabilityTrackerTest, StartsWithWhatWasRecovered) {
  const DurabilityTracker tracker(LogIndex(7));
  EXPECT_EQ(tracker.durable_index(), LogIndex(7));
  EXPECT_EQ(tracker.durable_sequence(), PersistSequence(0));
}

TEST(DurabilityTrackerTest, NumbersWritesFromOneUpwards) {
  DurabilityTracker tracker(LogIndex(0));
  EXPECT_EQ(tracker.HandOut(LogIndex(1), false), PersistSequence(1));
  EXPECT_EQ(tracker.HandOut(LogIndex(2), false), PersistSequence(2));
  EXPECT_EQ(tracker.last_sequence(), PersistSequence(2));
}

TEST(DurabilityTrackerTest, HandingOutMakesNothingDurable) {
  DurabilityTracker tracker(LogIndex(0));
  tracker.HandOut(LogIndex(3), true);
  EXPECT_EQ(tracker.durable_index(), LogIndex(0));
  EXPECT_EQ(tracker.durable_sequence(), PersistSequence(0));
}

TEST(DurabilityTrackerTest, RemembersTheNewestWriteThatCarriedAPromise) {
  DurabilityTracker tracker(LogIndex(0));
  tracker.HandOut(LogIndex(0), true);
  tracker.HandOut(LogIndex(1), false);
  EXPECT_EQ(tracker.last_promise_sequence(), PersistSequence(1));
}

TEST(DurabilityTrackerTest, OneCompletionSpeaksForAllEarlierWrites) {
  DurabilityTracker tracker(LogIndex(0));
  tracker.HandOut(LogIndex(2), false);
  tracker.HandOut(LogIndex(4), false);
  tracker.HandOut(LogIndex(6), false);
  tracker.Complete(PersistSequence(2));
  EXPECT_EQ(tracker.durable_index(), LogIndex(4));
  tracker.Complete(PersistSequence(3));
  EXPECT_EQ(tracker.durable_index(), LogIndex(6));
}

TEST(DurabilityTrackerTest, TruncationLowersTheDurableIndex) {
  DurabilityTracker tracker(LogIndex(5));
  tracker.Truncate(LogIndex(3));
  EXPECT_EQ(tracker.durable_index(), LogIndex(2));
  tracker.Truncate(LogIndex(4));
  EXPECT_EQ(tracker.durable_index(), LogIndex(2)) << "cutting later entries restores nothing";
}

// The ABA of B14: the old write of entry 5 must not vouch for the new entry 5.
TEST(DurabilityTrackerTest, AnOldWriteDoesNotVouchForTheEntryThatReplacedItsOwn) {
  DurabilityTracker tracker(LogIndex(4));
  const PersistSequence old_write = tracker.HandOut(LogIndex(6), false);
  tracker.Truncate(LogIndex(5));
  const PersistSequence new_write = tracker.HandOut(LogIndex(6), false);
  tracker.Complete(old_write);
  EXPECT_EQ(tracker.durable_index(), LogIndex(4));
  tracker.Complete(new_write);
  EXPECT_EQ(tracker.durable_index(), LogIndex(6));
}

TEST(DurabilityTrackerTest, TruncationLowersEveryClaimUnderWay) {
  DurabilityTracker tracker(LogIndex(0));
  tracker.HandOut(LogIndex(2), false);
  tracker.HandOut(LogIndex(4), false);
  tracker.HandOut(LogIndex(6), false);
  tracker.Truncate(LogIndex(2));
  tracker.Complete(PersistSequence(3));
  EXPECT_EQ(tracker.durable_index(), LogIndex(1));
}

TEST(DurabilityTrackerDeathTest, RefusesCompletionsThatCannotBe) {
  DurabilityTracker tracker(LogIndex(0));
  tracker.HandOut(LogIndex(1), false);
  tracker.HandOut(LogIndex(2), false);
  EXPECT_DEATH(tracker.Complete(PersistSequence(3)), "only what it was given");
  tracker.Complete(PersistSequence(2));
  EXPECT_DEATH(tracker.Complete(PersistSequence(1)), "disk lane is FIFO");
}

TEST(DurabilityTrackerDeathTest, RefusesAClaimBelowWhatIsDurable) {
  DurabilityTracker tracker(LogIndex(5));
  EXPECT_DEATH(tracker.HandOut(LogIndex(4), false), "never claims less");
  EXPECT_DEATH(tracker.Truncate(LogIndex(0)), "never truncated");
}

// A snapshot takes the place of the log: Figure 13, steps 6 and 7.

TEST(DurabilityTrackerTest, WhatASnapshotHoldsIsDurable) {
  DurabilityTracker disk(LogIndex(5));
  disk.ResetTo(LogIndex(9));
  EXPECT_EQ(disk.durable_index(), LogIndex(9));
}

TEST(DurabilityTrackerTest, ASnapshotInsideTheLogLowersWhatIsDurable) {
  DurabilityTracker disk(LogIndex(12));
  disk.ResetTo(LogIndex(9));
  EXPECT_EQ(disk.durable_index(), LogIndex(9)) << "the entries after it are gone";
}

TEST(DurabilityTrackerTest, AWriteInFlightVouchesForNothingAfterTheSnapshot) {
  DurabilityTracker disk(LogIndex(5));
  const PersistSequence old_write = disk.HandOut(LogIndex(12), false);
  disk.ResetTo(LogIndex(9));
  const PersistSequence new_write = disk.HandOut(LogIndex(12), false);  // other entries 10 to 12
  disk.Complete(old_write);
  EXPECT_EQ(disk.durable_index(), LogIndex(9)) << "trap B15";
  disk.Complete(new_write);
  EXPECT_EQ(disk.durable_index(), LogIndex(12));
}

TEST(DurabilityTrackerTest, AnOldWriteThatEndsBeforeTheSnapshotLowersNothing) {
  DurabilityTracker disk(LogIndex(5));
  const PersistSequence old_write = disk.HandOut(LogIndex(7), false);
  disk.ResetTo(LogIndex(9));
  disk.Complete(old_write);
  EXPECT_EQ(disk.durable_index(), LogIndex(9));
}

}  // namespace
}  // namespace raft
