// The log begins later: trimmed, or replaced by a snapshot (Figure 13, steps 6 and 7; traps C2,
// B14, B15). PersistentState in every mixture of what is durable, under way and unsaved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/server_state.h"
#include "tests/core_harness/builders.h"
#include "tests/core_harness/test_disk.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PersistentState StateWith(const std::vector<std::uint64_t>& log_terms) {
  return PersistentState({.current_term = Term(3), .voted_for = std::nullopt},
                         RaftLog(At(0, 0), 0, LogOfTerms(log_terms)), Founding());
}
TestDisk DiskWith(const std::vector<std::uint64_t>& log_terms) {
  return TestDisk({.current_term = Term(3), .voted_for = std::nullopt}, At(0, 0),
                  LogOfTerms(log_terms));
}
LogTimeMs TimeAt(std::uint64_t index) { return static_cast<LogTimeMs>(index) * kLogTimeStepMs; }

// A base whose log time is that of the entry the builders make.
void MoveBase(PersistentState& state, std::uint64_t index, std::uint64_t term) {
  state.MoveBaseTo(At(index, term), TimeAt(index), Founding());
}
LogRebase Rebase(std::uint64_t index, std::uint64_t term, bool keeps_suffix) {
  return {.base = At(index, term), .log_time_ms = TimeAt(index), .keeps_suffix = keeps_suffix};
}

TEST(MoveBaseTest, AnEntryThatIsDurableBecomesTheBaseAndWhatFollowsStays) {
  PersistentState state = StateWith({1, 1, 2});
  MoveBase(state, 2, 1);
  EXPECT_TRUE(state.has_unsaved_changes());
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.rebase, Rebase(2, 1, /*keeps_suffix=*/true));
  EXPECT_THAT(write.entries, IsEmpty()) << "the disk has them";
  EXPECT_EQ(state.durability().durable_index(), LogIndex(3));
  EXPECT_EQ(state.log().last_position(), At(3, 2));
  EXPECT_FALSE(state.has_unsaved_changes());
}

TEST(MoveBaseTest, AnEntryThatIsOnlyInMemoryStartsTheDiskAnew) {
  PersistentState state = StateWith({1});
  state.Append(Entry(2, 2));
  state.Append(Entry(3, 2));
  MoveBase(state, 2, 2);
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.rebase, Rebase(2, 2, /*keeps_suffix=*/false));
  EXPECT_THAT(IndexesOf(write.entries), ElementsAre(3)) << "what memory kept is written";
  EXPECT_EQ(state.durability().durable_index(), LogIndex(2));
  state.CompletePersist(write.sequence);
  EXPECT_EQ(state.durability().durable_index(), LogIndex(3));
}

TEST(MoveBaseTest, AnEntryWhoseWriteIsUnderWayStartsTheDiskAnewToo) {
  PersistentState state = StateWith({1});
  state.Append(Entry(2, 2));
  state.Append(Entry(3, 2));
  const PersistRequest old_write = state.TakePersistRequest();
  MoveBase(state, 2, 2);
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_FALSE(write.rebase->keeps_suffix);
  EXPECT_THAT(IndexesOf(write.entries), ElementsAre(3)) << "written once more";
  state.CompletePersist(old_write.sequence);
  EXPECT_EQ(state.durability().durable_index(), LogIndex(2)) << "it vouches for no more (B15)";
  state.CompletePersist(write.sequence);
  EXPECT_EQ(state.durability().durable_index(), LogIndex(3));
}

TEST(MoveBaseTest, AnotherEntryAtThatIndexDiscardsTheLog) {
  PersistentState state = StateWith({1, 1, 1, 1});
  MoveBase(state, 3, 2);
  EXPECT_EQ(state.log().last_position(), At(3, 2)) << "the suffix is another history (C2)";
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.rebase, Rebase(3, 2, /*keeps_suffix=*/false));
  EXPECT_THAT(write.entries, IsEmpty());
  EXPECT_EQ(state.durability().durable_index(), LogIndex(3)) << "not the old log's end (B14)";
}

TEST(MoveBaseTest, ABaseBeyondTheEndDiscardsTheLog) {
  PersistentState state = StateWith({1, 1});
  MoveBase(state, 9, 2);
  EXPECT_EQ(state.log().base(), At(9, 2));
  EXPECT_EQ(state.log().last_log_time_ms(), TimeAt(9));
  EXPECT_FALSE(state.TakePersistRequest().rebase->keeps_suffix);
  EXPECT_EQ(state.durability().durable_index(), LogIndex(9));
}

TEST(MoveBaseTest, ABaseAtOrBehindThePresentOneChangesNothing) {
  PersistentState state({.current_term = Term(3), .voted_for = std::nullopt},
                        RaftLog(At(10, 2), TimeAt(10), LogOfTerms({3, 3}, 11)), Founding());
  MoveBase(state, 10, 2);
  MoveBase(state, 7, 1);
  EXPECT_FALSE(state.has_unsaved_changes());
  EXPECT_EQ(state.log().base(), At(10, 2));
}

TEST(MoveBaseTest, AnUnsavedTruncationAfterTheBaseStillReachesTheDisk) {
  PersistentState state = StateWith({1, 1, 1, 1});
  TestDisk disk = DiskWith({1, 1, 1, 1});
  state.TruncateFrom(LogIndex(4));
  state.Append(Entry(4, 3));
  MoveBase(state, 2, 1);
  disk.Write(state.TakePersistRequest());
  EXPECT_EQ(disk.base(), At(2, 1));
  EXPECT_THAT(TermsOf(disk.entries()), ElementsAre(1, 3));
}

TEST(MoveBaseTest, ASnapshotMakesAnUnsavedTruncationNeedless) {
  PersistentState state = StateWith({1, 1, 1, 1});
  state.TruncateFrom(LogIndex(3));
  state.Append(Entry(3, 3));
  MoveBase(state, 3, 3);
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.truncate_from, std::nullopt);
  EXPECT_FALSE(write.rebase->keeps_suffix) << "on disk lies another entry 3";
  EXPECT_THAT(write.entries, IsEmpty());
}

TEST(MoveBaseTest, ATruncationAfterAResetIsToldOnlyIfTheDiskHeardOfTheEntries) {
  PersistentState state = StateWith({1});
  MoveBase(state, 5, 2);
  state.Append(Entry(6, 2));
  state.TruncateFrom(LogIndex(6));
  EXPECT_EQ(state.TakePersistRequest().truncate_from, std::nullopt);
  state.Append(Entry(6, 2));
  (void)state.TakePersistRequest();
  state.TruncateFrom(LogIndex(6));
  EXPECT_EQ(state.TakePersistRequest().truncate_from, LogIndex(6));
}

TEST(MoveBaseTest, TwoTrimsBeforeAWriteLeaveAsOne) {
  PersistentState state = StateWith({1, 1, 1, 1});
  MoveBase(state, 2, 1);
  MoveBase(state, 3, 1);
  EXPECT_EQ(state.TakePersistRequest().rebase, Rebase(3, 1, /*keeps_suffix=*/true));
}

TEST(MoveBaseTest, ATrimThatAnInstallFollowsBeforeAWriteKeepsNothing) {
  PersistentState state = StateWith({1, 1, 1, 1});
  MoveBase(state, 2, 1);
  MoveBase(state, 9, 2);
  state.Append(Entry(10, 3));
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.rebase, Rebase(9, 2, /*keeps_suffix=*/false));
  EXPECT_THAT(IndexesOf(write.entries), ElementsAre(10));
}

TEST(MoveBaseTest, AnEntryAfterAnUnsavedResetIsNotOnDiskEither) {
  PersistentState state = StateWith({1});
  TestDisk disk = DiskWith({1});
  MoveBase(state, 5, 2);
  state.Append(Entry(6, 2));
  state.Append(Entry(7, 2));
  MoveBase(state, 6, 2);
  disk.Write(state.TakePersistRequest());
  EXPECT_EQ(disk.base(), At(6, 2));
  EXPECT_THAT(IndexesOf(disk.entries()), ElementsAre(7));
}

// One mixture: `durable` entries are on disk, those up to `under_way` are being written, those up
// to 6 are unsaved; then the base moves.
void ExpectTheDiskToFollow(std::uint64_t durable, std::uint64_t under_way, LogPosition base) {
  const std::vector<std::uint64_t> on_disk(durable, 1);
  PersistentState state = StateWith(on_disk);
  TestDisk disk = DiskWith(on_disk);
  std::vector<PersistRequest> writes;
  for (std::uint64_t index = durable + 1; index <= under_way; ++index) {
    state.Append(Entry(index, 1));
  }
  if (state.has_unsaved_changes()) writes.push_back(state.TakePersistRequest());
  for (std::uint64_t index = under_way + 1; index <= 6; ++index) state.Append(Entry(index, 1));
  state.MoveBaseTo(base, TimeAt(base.index.value()), Founding());
  writes.push_back(state.TakePersistRequest());
  for (const PersistRequest& write : writes) {
    disk.Write(write);
    state.CompletePersist(write.sequence);
    EXPECT_LE(state.durability().durable_index(), std::max(disk.last_index(), base.index))
        << "what the disk has or the snapshot holds";
  }
  EXPECT_EQ(disk.base(), state.log().base());
  EXPECT_EQ(disk.last_index(), state.log().last_index());
  EXPECT_EQ(state.durability().durable_index(), state.log().last_index());
}

TEST(MoveBaseTest, TheDiskFollowsTheLogInMemoryInEveryMixture) {
  for (std::uint64_t durable = 0; durable <= 5; ++durable) {
    for (std::uint64_t under_way = durable; under_way <= 6; ++under_way) {
      for (std::uint64_t base = 1; base <= 8; ++base) {
        ExpectTheDiskToFollow(durable, under_way, At(base, 1));
        ExpectTheDiskToFollow(durable, under_way, At(base, 2));
      }
    }
  }
}

}  // namespace
}  // namespace raft::harness
