// A log whose base moves: trimmed because the state holds its beginning, reset because a snapshot
// has replaced it. What is left over is never read, and deleted by and by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builders.h"
#include "leveldb/db.h"
#include "persistence/entry_log.h"
#include "persistence/leveldb_storage.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using testing::Append;
using testing::Describe;
using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeEntries;
using testing::MakeEntry;
using testing::PromiseTerm;
using testing::ResetTo;
using testing::ScratchDirectory;
using testing::TestOwner;
using testing::TrimTo;
using testing::TruncateAndAppend;

LogPosition At(std::uint64_t index, std::uint64_t term) {
  return {.index = LogIndex(index), .term = Term(term)};
}

class LogRebaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(EntryLog::Create(LocalDisk(), path_, TestOwner(), kFoundingTimeMs).ok());
    Reopen();
  }

  void Reopen() {
    log_.reset();
    absl::StatusOr<std::unique_ptr<EntryLog>> log = EntryLog::Open(LocalDisk(), path_, TestOwner());
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void Write(const std::vector<PersistRequest>& requests) {
    const absl::Status status = log_->Write(requests);
    ASSERT_TRUE(status.ok()) << status;
  }
  // What a restart finds: the base, and the entries after it.
  void ExpectAfterRestart(LogPosition base, const std::vector<LogEntryPointer>& entries) {
    const LogPosition last = entries.empty() ? base : entries.back()->position();
    EXPECT_EQ(log_->base(), base);
    EXPECT_EQ(log_->last(), last);
    Reopen();
    EXPECT_EQ(log_->base(), base);
    EXPECT_EQ(log_->last(), last);
    EXPECT_EQ(Describe(log_->TakeRecoveredEntries()), Describe(entries));
  }

  std::unique_ptr<leveldb::DB> OpenRaw() {
    log_.reset();
    leveldb::DB* db = nullptr;
    EXPECT_TRUE(leveldb::DB::Open({}, path_, &db).ok());
    return std::unique_ptr<leveldb::DB>(db);
  }
  // The indexes of the entries that lie in the database, left over or not.
  std::vector<std::uint64_t> StoredIndexes() {
    std::vector<std::uint64_t> indexes;
    const std::unique_ptr<leveldb::DB> db = OpenRaw();
    const std::unique_ptr<leveldb::Iterator> record(db->NewIterator({}));
    for (record->SeekToFirst(); record->Valid(); record->Next()) {
      const auto index = IndexOfKey({record->key().data(), record->key().size()});
      if (index) indexes.push_back(index->value());
    }
    return indexes;
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.Path("log");
  std::unique_ptr<EntryLog> log_;
};

TEST_F(LogRebaseTest, ATrimKeepsTheChainFromItsNewBase) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TrimTo(4, 1)});
  EXPECT_EQ(log_->base_log_time_ms(), kFoundingTimeMs + 4);
  ExpectAfterRestart(At(4, 1), MakeEntries(5, 6, 1));
  EXPECT_EQ(log_->base_log_time_ms(), kFoundingTimeMs + 4);
  Write({Append(MakeEntries(7, 8, 2))});
  std::vector<LogEntryPointer> expected = MakeEntries(5, 6, 1);
  for (const auto& entry : MakeEntries(7, 8, 2)) expected.push_back(entry);
  ExpectAfterRestart(At(4, 1), expected);
}

TEST_F(LogRebaseTest, ATrimToTheLastEntryLeavesALogThatGoesOn) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TrimTo(6, 1)});
  ExpectAfterRestart(At(6, 1), {});
  Write({Append(MakeEntries(7, 7, 1))});
  ExpectAfterRestart(At(6, 1), MakeEntries(7, 7, 1));
}

TEST_F(LogRebaseTest, ATruncationMayReachTheBaseAndNoFurther) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TrimTo(4, 1)});
  Write({TruncateAndAppend(5, {MakeEntry(5, 2)})});
  ExpectAfterRestart(At(4, 1), {MakeEntry(5, 2)});
}

TEST_F(LogRebaseTest, ATrimInTheWriteThatAppendsItsBaseIsTheSame) {
  // Given requests of which the later one trims what the earlier one appends.
  Write({Append(MakeEntries(1, 3, 1))});
  Write({TruncateAndAppend(3, MakeEntries(3, 8, 2)), TrimTo(5, 2), Append(MakeEntries(9, 9, 2))});
  ExpectAfterRestart(At(5, 2), MakeEntries(6, 9, 2));
}

TEST_F(LogRebaseTest, AResetLeavesNothingOfTheOldLog) {
  for (const std::uint64_t base : {3, 6, 7, 1'000'000'000}) {
    SCOPED_TRACE(base);
    log_.reset();
    std::filesystem::remove_all(path_);
    SetUp();
    Write({Append(MakeEntries(1, 6, 1))});
    Write({ResetTo(base, 2)});
    ExpectAfterRestart(At(base, 2), {});
    Write({Append(MakeEntries(base + 1, base + 2, 3))});
    ExpectAfterRestart(At(base, 2), MakeEntries(base + 1, base + 2, 3));
    EXPECT_EQ(StoredIndexes(), (std::vector<std::uint64_t>{base + 1, base + 2}));
  }
}

TEST_F(LogRebaseTest, SeveralRebasesOfOneWriteComeToTheLast) {
  Write({Append(MakeEntries(1, 9, 1))});
  Write({TrimTo(3, 1), TruncateAndAppend(8, {}), ResetTo(20, 2), Append(MakeEntries(21, 25, 3)),
         TrimTo(23, 3), TruncateAndAppend(25, MakeEntries(25, 26, 4))});
  std::vector<LogEntryPointer> expected = MakeEntries(24, 24, 3);
  for (const auto& entry : MakeEntries(25, 26, 4)) expected.push_back(entry);
  ExpectAfterRestart(At(23, 3), expected);
  EXPECT_EQ(StoredIndexes(), (std::vector<std::uint64_t>{24, 25, 26}));
}

TEST_F(LogRebaseTest, WhatIsLeftOverIsDeletedBySmallSlicesInLaterWrites) {
  constexpr std::uint64_t kLast = 3500;
  constexpr std::uint64_t kBase = 3400;
  Write({Append(MakeEntries(1, kLast, 1))});
  // When a trim has nothing else to write, then it deletes a first slice and no more.
  Write({TrimTo(kBase, 1)});
  EXPECT_EQ(StoredIndexes().front(), 1001u);
  // When the log is opened, then the rest goes.
  Reopen();
  EXPECT_EQ(StoredIndexes().front(), kBase + 1);
}

TEST_F(LogRebaseTest, LaterWritesDeleteWhatIsLeftOver) {
  constexpr std::uint64_t kLast = 3500;
  Write({Append(MakeEntries(1, kLast, 1))});
  Write({TrimTo(3400, 1)});
  Write({Append(MakeEntries(kLast + 1, kLast + 1, 1))});
  Write({TruncateAndAppend(kLast + 1, {})});
  EXPECT_EQ(StoredIndexes().front(), 3001u);
}

TEST_F(LogRebaseTest, NothingIsDeletedInTheWriteThatMovesTheBase) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TrimTo(4, 1), Append(MakeEntries(7, 7, 1))});
  EXPECT_EQ(StoredIndexes().front(), 1u);
}

// Trap H17.
TEST_F(LogRebaseTest, ALargeTrimGivesItsSpaceBack) {
  constexpr std::uint64_t kLast = 48;  // of 1 MiB
  for (std::uint64_t index = 1; index <= kLast; ++index) {
    Write({Append({MakeEntry(index, 1, std::string(1 << 20, 'v'))})});
  }
  Write({TrimTo(kLast - 1, 1)});
  log_.reset();  // waits for the merge
  std::uint64_t bytes = 0;
  for (const DirectoryMember& member : LocalDisk().List(path_)) bytes += member.bytes;
  EXPECT_LT(bytes, 8u << 20);
}

TEST_F(LogRebaseTest, WhatIsLeftOverMayBeRottenOrMissing) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TrimTo(4, 1), Append(MakeEntries(7, 7, 1))});
  {
    const std::unique_ptr<leveldb::DB> raw = OpenRaw();
    ASSERT_TRUE(raw->Put({}, EntryKey(LogIndex(2)), "rotten").ok());
    ASSERT_TRUE(raw->Delete({}, EntryKey(LogIndex(3))).ok());
  }
  Reopen();
  EXPECT_EQ(log_->TakeRecoveredEntries().size(), 3u);
  EXPECT_EQ(StoredIndexes(), (std::vector<std::uint64_t>{5, 6, 7}));
}

TEST_F(LogRebaseTest, RefusesAFirstEntryThatDoesNotLinkToTheBase) {
  // Given a base that a reset wrote, and an entry behind it of a log that knew the entry there.
  Write({Append(MakeEntries(1, 6, 1))});
  std::string stale;
  ASSERT_TRUE(OpenRaw()->Get({}, EntryKey(LogIndex(5)), &stale).ok());
  Reopen();
  Write({ResetTo(4, 1)});
  ASSERT_TRUE(OpenRaw()->Put({}, EntryKey(LogIndex(5)), stale).ok());
  const absl::Status status = EntryLog::Open(LocalDisk(), path_, TestOwner()).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("does not link"));
}

class StorageRebaseTest : public LogRebaseTest {
 protected:
  void SetUp() override {
    LogRebaseTest::SetUp();
    ASSERT_TRUE(PromiseFile::Create(LocalDisk(), directory_.path(), TestOwner()).ok());
    absl::StatusOr<PromiseFile> promise =
        PromiseFile::Open(LocalDisk(), directory_.path(), TestOwner());
    ASSERT_TRUE(promise.ok());
    storage_ = std::make_unique<LevelDbStorage>(*std::move(promise), std::move(log_));
  }
  void Persist(const std::vector<PersistRequest>& requests) {
    const absl::Status status = storage_->Persist(requests);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::uint64_t Floor() {
    return PromiseFile::Open(LocalDisk(), directory_.path(), TestOwner())->floor_index().value();
  }

  std::unique_ptr<LevelDbStorage> storage_;
};

TEST_F(StorageRebaseTest, AResetBelowTheFloorLowersItFirst) {
  Persist({PromiseTerm(1), Append(MakeEntries(1, 9, 1))});
  Persist({PromiseTerm(2)});
  ASSERT_EQ(Floor(), 9u);
  Persist({ResetTo(5, 2)});
  EXPECT_EQ(Floor(), 5u);
}

TEST_F(StorageRebaseTest, AResetBeyondTheLogRaisesNoFloorBeforeItIsDurable) {
  Persist({PromiseTerm(1), Append(MakeEntries(1, 9, 1))});
  Persist({PromiseTerm(2), ResetTo(50, 2)});
  EXPECT_EQ(Floor(), 9u);
  Persist({PromiseTerm(3)});
  EXPECT_EQ(Floor(), 50u);
}

TEST_F(StorageRebaseTest, ATrimLeavesTheFloorAlone) {
  Persist({PromiseTerm(1), Append(MakeEntries(1, 9, 1))});
  Persist({PromiseTerm(2)});
  Persist({TrimTo(9, 1)});
  EXPECT_EQ(Floor(), 9u);
}

}  // namespace
}  // namespace raft
