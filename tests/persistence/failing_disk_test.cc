// A disk that fails: the first failure is final, names file, operation and cause, and nothing that
// was acknowledged is lost (rule S-3, traps E4, E5, E8, H1, H9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "breakable_disk.h"
#include "builders.h"
#include "persistence/entry_log.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/leveldb_storage.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using ::testing::AnyOf;
using testing::Append;
using testing::BreakableDisk;
using testing::DiskOperation;
using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeCommandEntry;
using testing::MakeEntries;
using testing::PromiseTerm;
using testing::PutCommand;
using testing::ScratchDirectory;
using testing::TestOwner;

class FailingDiskTest : public ::testing::Test {
 protected:
  static std::unique_ptr<EntryLog> OpenLog(const std::string& path, Disk& disk) {
    EXPECT_TRUE(EntryLog::Create(LocalDisk(), path, TestOwner(), kFoundingTimeMs).ok());
    absl::StatusOr<std::unique_ptr<EntryLog>> log = EntryLog::Open(disk, path, TestOwner());
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }
  static std::unique_ptr<LevelDbKeyValueStore> OpenState(const std::string& path, Disk& disk) {
    EXPECT_TRUE(LevelDbKeyValueStore::Create(LocalDisk(), path, testing::TestFounding()).ok());
    absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state =
        LevelDbKeyValueStore::Open(disk, path, testing::TestFounding().cluster_id);
    EXPECT_TRUE(state.ok()) << state.status();
    return *std::move(state);
  }
  static absl::Status WriteOne(EntryLog& log, std::uint64_t index) {
    const std::vector<PersistRequest> requests = {Append(MakeEntries(index, index, 1))};
    return log.Write(requests);
  }
  static std::optional<std::string> ApplyOne(LevelDbKeyValueStore& state, std::uint64_t index,
                                             std::size_t value_bytes) {
    const std::vector<LogEntryPointer> entries = {MakeCommandEntry(
        index, PutCommand("key " + std::to_string(index), std::string(value_bytes, 'v')))};
    return state.Apply(entries).failure;
  }

  ScratchDirectory directory_;
};

TEST_F(FailingDiskTest, EveryFailedWriteOfTheLogIsFinalAndLosesNothingAcknowledged) {
  constexpr int kLast = 12;
  for (const DiskOperation operation : {DiskOperation::kAppend, DiskOperation::kSync}) {
    for (int after = 0; after < kLast; ++after) {
      // Given a log whose n-th append or sync fails, once, torn in the middle.
      const std::string path = directory_.Path(std::to_string(after) + "-" +
                                               std::to_string(static_cast<int>(operation)));
      BreakableDisk disk;
      std::uint64_t acknowledged = 0;
      {
        const std::unique_ptr<EntryLog> log = OpenLog(path, disk);
        disk.env().FailOnce(operation, after);
        absl::Status first;
        // When writes go on.
        for (std::uint64_t index = 1; index <= kLast; ++index) {
          const absl::Status status = WriteOne(*log, log->last().index.value() + 1);
          if (status.ok()) {
            ASSERT_TRUE(first.ok()) << "a write was acknowledged after a failed one";
            acknowledged = index;
          } else if (first.ok()) {
            first = status;
          } else {
            EXPECT_EQ(status, first) << "a later failure says something else";
          }
        }
        // Then the failure is the last word, and it names operation, file and cause.
        ASSERT_EQ(disk.env().has_failed(), !first.ok());
        if (!first.ok()) {
          const std::string message(first.message());
          EXPECT_THAT(message, HasSubstr(operation == DiskOperation::kSync ? "sync" : "append"));
          EXPECT_THAT(message, HasSubstr(path + "/0000"));
          EXPECT_THAT(message, HasSubstr("the disk is broken"));
        }
      }
      // And a restart finds every acknowledged entry; a failed write may come back, no other.
      const absl::StatusOr<std::unique_ptr<EntryLog>> log =
          EntryLog::Open(LocalDisk(), path, TestOwner());
      ASSERT_TRUE(log.ok()) << log.status();
      EXPECT_THAT((*log)->last().index.value(), AnyOf(acknowledged, acknowledged + 1));
    }
  }
}

TEST_F(FailingDiskTest, AFailedLogFailsEveryLaterPromise) {
  BreakableDisk disk;
  ASSERT_TRUE(PromiseFile::Create(LocalDisk(), directory_.path(), TestOwner()).ok());
  absl::StatusOr<PromiseFile> promise =
      PromiseFile::Open(LocalDisk(), directory_.path(), TestOwner());
  ASSERT_TRUE(promise.ok());
  LevelDbStorage storage(*std::move(promise), OpenLog(directory_.Path("log"), disk));
  disk.env().FailOnce(DiskOperation::kSync, 0);
  const std::vector<PersistRequest> entries = {Append(MakeEntries(1, 1, 1))};
  EXPECT_FALSE(storage.Persist(entries).ok());
  const std::vector<PersistRequest> vote = {PromiseTerm(2, ServerId(2))};
  EXPECT_FALSE(storage.Persist(vote).ok());
  EXPECT_EQ(PromiseFile::Open(LocalDisk(), directory_.path(), TestOwner())->promise(), Promise{});
}

// Whoever is told to restore a disk that is only full deletes good data.
TEST_F(FailingDiskTest, ADiskThatCannotBeWrittenIsNotTakenForADamagedOne) {
  const std::string path = directory_.Path("log");
  BreakableDisk disk;
  OpenLog(path, disk);
  disk.env().FailOnce(DiskOperation::kCreate, 0);
  const absl::Status refused = EntryLog::Open(disk, path, TestOwner()).status();
  EXPECT_THAT(std::string(refused.message()), HasSubstr("start again"));
  EXPECT_TRUE(EntryLog::Open(disk, path, TestOwner()).ok());
}

TEST_F(FailingDiskTest, AFailedWriteOfTheStateIsFinal) {
  BreakableDisk disk;
  const std::unique_ptr<LevelDbKeyValueStore> state = OpenState(directory_.Path("s"), disk);
  ASSERT_FALSE(ApplyOne(*state, 1, 10).has_value());
  const std::string digest = state->digest();
  disk.env().FailOnce(DiskOperation::kAppend, 0);
  const std::optional<std::string> failure = ApplyOne(*state, 2, 10);
  ASSERT_TRUE(failure.has_value());
  EXPECT_THAT(*failure, HasSubstr("the disk is broken"));
  EXPECT_EQ(ApplyOne(*state, 2, 10), failure);
  EXPECT_FALSE(state->Checkpoint().ok());
  EXPECT_EQ(state->applied().index, LogIndex(1));
  EXPECT_EQ(state->digest(), digest);
}

TEST_F(FailingDiskTest, AFailureNobodyWasToldOfFailsTheNextWriteAndTheCheckpoint) {
  // Given a state whose old write-ahead file cannot be synced when LevelDB drops it.
  BreakableDisk disk;
  const std::unique_ptr<LevelDbKeyValueStore> state = OpenState(directory_.Path("s"), disk);
  disk.env().FailOnce(DiskOperation::kSync, 0);
  std::uint64_t index = 1;
  std::optional<std::string> failure;
  while (!failure && index < 40) failure = ApplyOne(*state, index++, 1 << 20);
  // Then the write that made LevelDB change files, or the next one, fails by that name.
  ASSERT_TRUE(disk.env().has_failed());
  ASSERT_TRUE(failure.has_value());
  EXPECT_THAT(*failure, HasSubstr("cannot sync"));
  EXPECT_FALSE(state->Checkpoint().ok());
}

TEST_F(FailingDiskTest, ACheckpointCoversWhatEarlierWriteAheadFilesHeld) {
  // Given unsynced writes, a change of the write-ahead file, and no table written yet: LevelDB
  // alone loses everything before the change in a power loss, though a later write was synced.
  BreakableDisk disk;
  const std::unique_ptr<LevelDbKeyValueStore> state = OpenState(directory_.Path("s"), disk);
  disk.env().HoldTables();
  constexpr std::uint64_t kLast = 10;  // of 1 MiB, more than one memory table
  for (std::uint64_t index = 1; index <= kLast; ++index) {
    ASSERT_FALSE(ApplyOne(*state, index, 1 << 20).has_value());
  }
  // When a checkpoint was acknowledged and the power fails.
  ASSERT_TRUE(state->Checkpoint().ok());
  disk.env().CopyWhatIsDurable(directory_.Path("s"), directory_.Path("after"));
  disk.env().ReleaseTables();
  // Then all of it is there.
  const absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> after = LevelDbKeyValueStore::Open(
      LocalDisk(), directory_.Path("after"), testing::TestFounding().cluster_id);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ((*after)->applied().index, LogIndex(kLast));
  EXPECT_EQ(*(*after)->ScanDigest(), state->digest());
}

TEST_F(FailingDiskTest, APowerLossLeavesTheStateAtSomeEarlierWholeBatch) {
  BreakableDisk disk;
  const std::unique_ptr<LevelDbKeyValueStore> state = OpenState(directory_.Path("s"), disk);
  std::vector<std::string> digests = {state->digest()};
  for (std::uint64_t index = 1; index <= 30; ++index) {
    ASSERT_FALSE(ApplyOne(*state, index, 600'000).has_value());
    digests.push_back(state->digest());
  }
  disk.env().CopyWhatIsDurable(directory_.Path("s"), directory_.Path("after"));
  const absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> after = LevelDbKeyValueStore::Open(
      LocalDisk(), directory_.Path("after"), testing::TestFounding().cluster_id);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(*(*after)->ScanDigest(), digests[(*after)->applied().index.value()]);
}

TEST_F(FailingDiskTest, AcknowledgedEntriesSurviveAPowerLoss) {
  BreakableDisk disk;
  const std::unique_ptr<EntryLog> log = OpenLog(directory_.Path("log"), disk);
  for (std::uint64_t index = 1; index <= 50; ++index) {
    ASSERT_TRUE(WriteOne(*log, index).ok());
  }
  disk.env().CopyWhatIsDurable(directory_.Path("log"), directory_.Path("after"));
  const absl::StatusOr<std::unique_ptr<EntryLog>> after =
      EntryLog::Open(LocalDisk(), directory_.Path("after"), TestOwner());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ((*after)->last().index, LogIndex(50));
}

}  // namespace
}  // namespace raft
