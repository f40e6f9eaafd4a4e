// The simulated disk itself: what it keeps, what it loses, what fails, and that it is the same
// story each time.
#include "tests/simulation/simulated_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace raft::simulation {
namespace {

using ::testing::HasSubstr;

// Enough seeds for every outcome of a power loss to come up.
constexpr std::uint64_t kSeeds = 200;

std::unique_ptr<leveldb::WritableFile> NewFile(SimulatedDisk& disk, const std::string& path) {
  leveldb::WritableFile* file = nullptr;
  EXPECT_TRUE(disk.env().NewWritableFile(path, &file).ok());
  return std::unique_ptr<leveldb::WritableFile>(file);
}

std::string Contents(SimulatedDisk& disk, const std::string& path) {
  return disk.ReadFile(path).value_or("(none)");
}

TEST(SimulatedDiskTest, WhatWasSyncedSurvivesAPowerLoss) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedDisk disk(seed);
    ASSERT_TRUE(disk.CreateDirectory("/data").ok());
    const auto file = NewFile(disk, "/data/file");
    ASSERT_TRUE(file->Append("synced").ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/data").ok());
    disk.PowerLoss();
    EXPECT_EQ(Contents(disk, "/data/file"), "synced") << "seed " << seed;
  }
}

TEST(SimulatedDiskTest, OfUnsyncedBytesAPowerLossLeavesAPrefixOrZeros) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedDisk disk(seed);
    const auto file = NewFile(disk, "/file");
    ASSERT_TRUE(file->Append("ab").ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    ASSERT_TRUE(file->Append("cd").ok());
    disk.PowerLoss();
    found.insert(Contents(disk, "/file"));
  }
  const auto zeros = [](std::size_t count) { return "ab" + std::string(count, '\0'); };
  EXPECT_EQ(found, (std::set<std::string>{"ab", "abc", "abcd", zeros(1), zeros(2)}));
}

TEST(SimulatedDiskTest, AnOverwrittenFileIsOldOrNewOrTorn) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedDisk disk(seed);
    const auto file = disk.OpenFile("/slot", OldContents::kKept);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->WriteAndSync("old").ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    disk.Fail(DiskOperation::kSync, 0, FaultLasts::kOnce);
    EXPECT_FALSE((*file)->WriteAndSync("NEW").ok());
    disk.PowerLoss();
    found.insert(Contents(disk, "/slot"));
  }
  EXPECT_EQ(found, (std::set<std::string>{"old", "Nld", "NEd", "NEW"}));
}

TEST(SimulatedDiskTest, ANameIsDurableOnlyOnceItsDirectoryIsSynced) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedDisk disk(seed);
    ASSERT_TRUE(NewFile(disk, "/a")->Sync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    // Given a rename, a creation and a removal that no sync of the directory covers.
    ASSERT_TRUE(disk.Rename("/a", "/b").ok());
    ASSERT_TRUE(NewFile(disk, "/c")->Sync().ok());
    ASSERT_TRUE(disk.env().RemoveFile("/b").ok());
    disk.PowerLoss();
    std::string names;
    for (const DirectoryMember& member : disk.List("/")) names += member.name;
    found.insert(names);
  }
  // Then each may be lost, but never the earlier one of two changes of a name alone.
  EXPECT_EQ(found, (std::set<std::string>{"a", "ac", "b", "bc", "c", ""}));
}

TEST(SimulatedDiskTest, AKilledProcessLosesNothingThatWasWritten) {
  SimulatedDisk disk(1);
  const auto file = NewFile(disk, "/file");
  ASSERT_TRUE(file->Append("unsynced").ok());
  disk.ProcessExit();
  EXPECT_EQ(Contents(disk, "/file"), "unsynced");
}

TEST(SimulatedDiskTest, WhatAnEarlierLifeOpenedChangesNothingAnyMore) {
  for (const bool by_power : {false, true}) {
    SimulatedDisk disk(1);
    const auto file = NewFile(disk, "/file");
    const absl::StatusOr<std::unique_ptr<DiskFile>> slot =
        disk.OpenFile("/slot", OldContents::kKept);
    leveldb::Env& env = disk.env();
    by_power ? disk.PowerLoss() : disk.ProcessExit();
    const std::uint64_t trace_hash = disk.trace_hash();
    EXPECT_FALSE(file->Append("late").ok());
    EXPECT_FALSE(file->Sync().ok());
    EXPECT_FALSE((*slot)->WriteAndSync("late").ok());
    EXPECT_FALSE(env.RenameFile("/file", "/other").ok());
    leveldb::WritableFile* created = nullptr;
    EXPECT_FALSE(env.NewWritableFile("/new", &created).ok());
    EXPECT_EQ(disk.trace_hash(), trace_hash);
    EXPECT_EQ(Contents(disk, "/new"), "(none)");
  }
}

TEST(SimulatedDiskTest, ALockIsHeldByOneAndFreedByTheEndOfTheProcess) {
  SimulatedDisk disk(1);
  absl::StatusOr<std::unique_ptr<DiskLock>> lock = disk.LockDirectory("/");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(disk.LockDirectory("/").status().code(), absl::StatusCode::kFailedPrecondition);
  disk.ProcessExit();
  EXPECT_TRUE(disk.LockDirectory("/").ok());
}

TEST(SimulatedDiskTest, ThePowerGoesInsideTheChosenOperationAndStaysGone) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedDisk disk(seed);
    const auto file = NewFile(disk, "/file");
    disk.CutPowerAfter(2);
    EXPECT_TRUE(file->Append("ab").ok());
    EXPECT_FALSE(disk.has_lost_power());
    EXPECT_FALSE(file->Append("cd").ok());
    EXPECT_TRUE(disk.has_lost_power());
    EXPECT_FALSE(file->Append("ef").ok());
    EXPECT_FALSE(file->Sync().ok());
    EXPECT_FALSE(disk.Rename("/file", "/other").ok());
    found.insert(Contents(disk, "/file"));
  }
  EXPECT_EQ(found, (std::set<std::string>{"ab", "abc", "abcd"}));
}

TEST(SimulatedDiskTest, TheChosenOperationFailsOnceOrForEver) {
  SimulatedDisk disk(1);
  const auto file = NewFile(disk, "/file");
  disk.Fail(DiskOperation::kSync, 1, FaultLasts::kOnce);
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(disk.failures(), 1u);
  disk.Fail(DiskOperation::kRename, 0, FaultLasts::kForEver);
  EXPECT_FALSE(disk.Rename("/file", "/other").ok());
  EXPECT_FALSE(disk.Rename("/file", "/other").ok());
  disk.Heal();
  EXPECT_TRUE(disk.Rename("/file", "/other").ok());
}

TEST(SimulatedDiskTest, AFailedWriteIsHalfDone) {
  SimulatedDisk disk(1);
  const auto file = NewFile(disk, "/file");
  disk.Fail(DiskOperation::kWrite, 0, FaultLasts::kOnce);
  EXPECT_FALSE(file->Append("abcd").ok());
  EXPECT_EQ(Contents(disk, "/file"), "ab");
}

TEST(SimulatedDiskTest, ASyncAfterAFailedOneMakesNothingDurable) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedDisk disk(seed);
    const auto file = NewFile(disk, "/file");
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    ASSERT_TRUE(file->Append("a").ok());
    disk.Fail(DiskOperation::kSync, 0, FaultLasts::kOnce);
    EXPECT_FALSE(file->Sync().ok());
    EXPECT_TRUE(file->Sync().ok());
    disk.PowerLoss();
    found.insert(Contents(disk, "/file"));
  }
  EXPECT_EQ(found.count(""), 1u);
}

TEST(SimulatedDiskTest, AFullDiskTakesNoMoreBytesUntilSpaceIsFreed) {
  SimulatedDisk disk(1);
  const auto file = NewFile(disk, "/file");
  const absl::StatusOr<std::unique_ptr<DiskFile>> slot = disk.OpenFile("/slot", OldContents::kKept);
  ASSERT_TRUE((*slot)->WriteAndSync("slot").ok());
  disk.Fill();
  EXPECT_FALSE(file->Append("abcd").ok());
  EXPECT_EQ(disk.FreeBytes("/"), 0u);
  EXPECT_TRUE((*slot)->WriteAndSync("SLOT").ok()) << "overwriting in place needs no space";
  const absl::Status longer = (*slot)->WriteAndSync("longer");
  EXPECT_EQ(longer.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(longer.message()), HasSubstr("/slot"));
  disk.FreeSpace();
  EXPECT_TRUE(file->Append("ef").ok());
}

TEST(SimulatedDiskTest, AWipedDirectoryIsEmptyForGood) {
  SimulatedDisk disk(1);
  ASSERT_TRUE(disk.CreateDirectory("/data").ok());
  ASSERT_TRUE(disk.CreateDirectory("/data/log").ok());
  ASSERT_TRUE(NewFile(disk, "/data/log/file")->Sync().ok());
  disk.Wipe("/data");
  disk.PowerLoss();
  EXPECT_TRUE(disk.List("/data").empty());
}

}  // namespace
}  // namespace raft::simulation
