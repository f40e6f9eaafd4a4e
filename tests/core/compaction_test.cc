// When the log is cut at its beginning: thresholds, the tail, what is pinned (dissertation §5.1;
// traps C1, C14, C16).
#include "core/compaction.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/snapshot_install.h"
#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

const std::uint64_t kEntryBytes = ChargedBytes(*Entry(1, 1));

// Trims at 4 entries before a tail of 3; bytes are no reason, unless a test makes them one.
RaftOptions CompactingOptions() {
  RaftOptions options = SmallOptions();
  options.compaction_entries = 4;
  options.tail_entries = 3;
  return options;
}

class CompactionTest : public ::testing::Test {
 protected:
  // A log of so many entries, of which the state machine holds the first `applied`.
  void Start(std::uint64_t entries, std::uint64_t applied,
             const RaftOptions& options = CompactingOptions()) {
    bench_.emplace(
        Recovered(
            {.term = 1, .log_terms = std::vector<std::uint64_t>(entries, 1), .applied = applied}),
        3, options);
  }
  bool AsksForACheckpoint(const std::vector<LogIndex>& needed_after = {}) {
    bench_->state().snapshot_work = {};
    compaction_.BeforeEffects(needed_after, bench_->state());
    return bench_->state().snapshot_work.checkpoint;
  }
  // The state is durable up to `through`: where the log ends up beginning.
  LogIndex BaseAfter(std::uint64_t through, const std::vector<LogIndex>& needed_after = {}) {
    compaction_.OnCheckpointed(LogIndex(through), needed_after, bench_->state());
    return bench_->state().log().base().index;
  }

  std::optional<RoleBench> bench_;
  Compaction compaction_;
};

TEST_F(CompactionTest, BeginsWhenEnoughEntriesLieBeforeTheTail) {
  Start(/*entries=*/6, /*applied=*/6);
  EXPECT_FALSE(AsksForACheckpoint()) << "3 entries and a tail of 3";
  Start(7, 7);
  EXPECT_TRUE(AsksForACheckpoint());
}

TEST_F(CompactionTest, BeginsWhenEnoughBytesLieBeforeTheTail) {
  RaftOptions options = SmallOptions();
  options.compaction_bytes = 4 * kEntryBytes;
  options.tail_bytes = 3 * kEntryBytes;
  Start(6, 6, options);
  EXPECT_FALSE(AsksForACheckpoint());
  Start(7, 7, options);
  EXPECT_TRUE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(7), LogIndex(4)) << "the tail is kept by bytes";
}

TEST_F(CompactionTest, WhatIsNotAppliedIsNoReason) {
  Start(/*entries=*/20, /*applied=*/3);
  EXPECT_FALSE(AsksForACheckpoint());
  Start(20, 4);
  EXPECT_TRUE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(4), LogIndex(4)) << "never past what is applied";
}

TEST_F(CompactionTest, KeepsTheTail) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(10), LogIndex(7));
  EXPECT_EQ(bench_->EventsOf<LogTrimmed>().at(0).first_index, LogIndex(8));
  EXPECT_EQ(bench_->EventsOf<LogTrimmed>().at(0).count, 7u);
}

TEST_F(CompactionTest, NeverTrimsPastTheCheckpoint) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(5), LogIndex(5)) << "what the state may still lose stays in the log (C1)";
  EXPECT_EQ(compaction_.checkpointed_index(), LogIndex(5));
}

TEST_F(CompactionTest, OneCheckpointIsUnderWay) {
  Start(10, 10);
  EXPECT_TRUE(AsksForACheckpoint());
  EXPECT_FALSE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(3), LogIndex(3));
  EXPECT_TRUE(AsksForACheckpoint()) << "the first came too early; four more can go";
}

TEST_F(CompactionTest, WhatATransferWillNeedStays) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint({LogIndex(4)}));
  EXPECT_EQ(BaseAfter(10, {LogIndex(4)}), LogIndex(4)) << "trap C16";
}

TEST_F(CompactionTest, APinThatLeavesTooLittleToTrimPutsItOff) {
  Start(8, 8);
  EXPECT_FALSE(AsksForACheckpoint({LogIndex(3)}));
  EXPECT_TRUE(AsksForACheckpoint({LogIndex(4)}));
}

TEST_F(CompactionTest, ATransferThatNeedsMoreThanTwiceTheTailIsNotWaitedFor) {
  Start(/*entries=*/12, 12);
  EXPECT_TRUE(AsksForACheckpoint({LogIndex(5)}));
  EXPECT_EQ(BaseAfter(12, {LogIndex(5)}), LogIndex(9)) << "7 entries after it, the tail is 3";
  Start(12, 12);
  compaction_ = {};
  ASSERT_TRUE(AsksForACheckpoint({LogIndex(6)}));
  EXPECT_EQ(BaseAfter(12, {LogIndex(6)}), LogIndex(6)) << "6 entries after it is twice the tail";
}

TEST_F(CompactionTest, WhoIsNotWaitedForHidesNobodyWhoIs) {
  Start(/*entries=*/12, 12);
  ASSERT_TRUE(AsksForACheckpoint({LogIndex(2), LogIndex(7)}));
  EXPECT_EQ(BaseAfter(12, {LogIndex(2), LogIndex(7)}), LogIndex(7));
}

TEST_F(CompactionTest, ATransferThatBeganWhileTheCheckpointWasMadeCounts) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(10, {LogIndex(5)}), LogIndex(5));
}

TEST_F(CompactionTest, NothingIsTrimmedTwice) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  ASSERT_EQ(BaseAfter(10), LogIndex(7));
  EXPECT_FALSE(AsksForACheckpoint());
  EXPECT_EQ(bench_->EventsOf<LogTrimmed>().size(), 1u);
}

TEST_F(CompactionTest, RestsWhileASnapshotIsInstalled) {
  Start(10, 10);
  bench_->state().snapshot_install.OnOffer(Offer({.last_included = At(30, 1)}), kFromS2,
                                           bench_->state(), bench_->outbox());
  EXPECT_TRUE(AsksForACheckpoint()) << "a transfer is no install";
  EXPECT_EQ(BaseAfter(2), LogIndex(2));
  bench_->state().snapshot_install.OnStored({.sender = kFromS2,
                                             .number = RequestNumber(1),
                                             .last_included = At(30, 1),
                                             .log_time_ms = 30 * kLogTimeStepMs,
                                             .configuration = Founding()},
                                            /*leads=*/false, bench_->state(), bench_->outbox());
  EXPECT_FALSE(AsksForACheckpoint());
}

// The state cannot stand for what would go: a peer that lacks it could get it from nobody.
TEST_F(CompactionTest, RestsWhileTheStateIsNotTheClusters) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  bench_->state().RecordDigest({.index = LogIndex(4), .digest = "b"});
  bench_->state().LearnMajorityState({.index = LogIndex(4), .digest = "a"});
  EXPECT_EQ(BaseAfter(8), LogIndex(0)) << "the checkpoint under way trims nothing";
  EXPECT_FALSE(AsksForACheckpoint());
}

TEST_F(CompactionTest, ACheckpointThatEndsDuringAnInstallTrimsWhatItHolds) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  bench_->state().snapshot_install.OnOffer(Offer({.last_included = At(30, 1)}), kFromS2,
                                           bench_->state(), bench_->outbox());
  bench_->state().snapshot_install.OnStored({.sender = kFromS2,
                                             .number = RequestNumber(1),
                                             .last_included = At(30, 1),
                                             .log_time_ms = 30 * kLogTimeStepMs,
                                             .configuration = Founding()},
                                            /*leads=*/false, bench_->state(), bench_->outbox());
  EXPECT_EQ(BaseAfter(10), LogIndex(7));
}

TEST_F(CompactionTest, ACheckpointAnsweredAfterTheSwitchTrimsNothing) {
  Start(10, 10);
  ASSERT_TRUE(AsksForACheckpoint());
  bench_->state().persistent.MoveBaseTo(At(30, 1), 30 * kLogTimeStepMs, Founding());
  bench_->state().AdvanceCommitIndex(LogIndex(30));
  bench_->state().last_applied = LogIndex(30);
  bench_->state().handed_to_apply_index = LogIndex(30);
  EXPECT_EQ(BaseAfter(10), LogIndex(30));
  EXPECT_TRUE(bench_->EventsOf<LogTrimmed>().empty());
}

TEST_F(CompactionTest, AnEmptyTailTrimsEverythingThatIsApplied) {
  RaftOptions options = CompactingOptions();
  options.tail_entries = 0;
  Start(6, 6, options);
  ASSERT_TRUE(AsksForACheckpoint());
  EXPECT_EQ(BaseAfter(6), LogIndex(6));
  EXPECT_EQ(bench_->state().log().last_index(), LogIndex(6));
}

using CompactionDeathTest = CompactionTest;

TEST_F(CompactionDeathTest, ACheckpointThatNobodyAskedForIsAMistake) {
  Start(10, 10);
  EXPECT_DEATH(BaseAfter(10), "a checkpoint is made when it was asked for");
}

TEST_F(CompactionDeathTest, ACheckpointOfWhatWasNeverAppliedIsAMistake) {
  Start(10, 8);
  ASSERT_TRUE(AsksForACheckpoint());
  EXPECT_DEATH(BaseAfter(9), "only what was handed over is applied");
}

}  // namespace
}  // namespace raft::harness
