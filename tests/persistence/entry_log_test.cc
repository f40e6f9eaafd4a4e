// The Raft log on real LevelDB: what is written comes back, and what is not right is refused.
#include "persistence/entry_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builders.h"
#include "leveldb/db.h"
#include "persistence/sealed_record.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using testing::Append;
using testing::Describe;
using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeEntries;
using testing::MakeEntry;
using testing::MakeNoOp;
using testing::ScratchDirectory;
using testing::TestOwner;
using testing::TruncateAndAppend;
using testing::WithBitFlipped;

// Through a whole database every flip costs two openings, so they take every n-th bit; n is prime
// to 8, and the records alone take all of them.
constexpr std::size_t kSweepStep = 21;

TEST(LogRecordTest, NoBitFlipIsTakenForAnEntry) {
  ChainEnd before;
  std::string good;
  EncodeEntryRecord(*MakeEntry(1, 3, "some data"), &before, &good);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    ChainEnd end;
    EXPECT_FALSE(
        DecodeEntryRecord(WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit)), &end).ok());
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    ChainEnd end;
    EXPECT_FALSE(DecodeEntryRecord(good.substr(0, size), &end).ok());
  }
}

TEST(LogRecordTest, NoBitFlipIsTakenForABase) {
  const std::string good = EncodeBaseRecord({.owner = TestOwner(), .base = {}});
  ASSERT_TRUE(DecodeBaseRecord(good).ok());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    EXPECT_FALSE(DecodeBaseRecord(WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit))).ok());
  }
}

TEST(LogRecordTest, TermAndLogTimeNeverFall) {
  const ChainEnd end{.position = {.index = LogIndex(1), .term = Term(3)},
                     .link = 9,
                     .log_time_ms = kFoundingTimeMs + 2};
  const auto decode = [&end](const LogEntryPointer& entry) {
    ChainEnd writing = end;
    std::string bytes;
    EncodeEntryRecord(*entry, &writing, &bytes);
    ChainEnd reading = end;
    return DecodeEntryRecord(bytes, &reading).status();
  };
  EXPECT_TRUE(decode(MakeEntry(2, 3)).ok());
  EXPECT_THAT(std::string(decode(MakeEntry(2, 2)).message()), HasSubstr("term 2 is below"));
  const LogEntry early{
      .index = LogIndex(2), .term = Term(3), .log_time_ms = kFoundingTimeMs, .data = {}};
  EXPECT_THAT(std::string(decode(std::make_shared<const LogEntry>(early)).message()),
              HasSubstr("log time"));
}

class EntryLogTest : public ::testing::Test {
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
  std::vector<std::string> Recovered() {
    Reopen();
    return Describe(log_->TakeRecoveredEntries());
  }
  absl::Status OpenStatus() {
    log_.reset();
    return EntryLog::Open(LocalDisk(), path_, TestOwner()).status();
  }

  // The database below, as somebody else would damage it.
  std::unique_ptr<leveldb::DB> OpenRaw() {
    log_.reset();
    leveldb::DB* db = nullptr;
    EXPECT_TRUE(leveldb::DB::Open({}, path_, &db).ok());
    return std::unique_ptr<leveldb::DB>(db);
  }
  std::string RawGet(const std::string& key) {
    std::string value;
    EXPECT_TRUE(OpenRaw()->Get({}, key, &value).ok());
    return value;
  }
  void RawPut(const std::string& key, const std::string& value) {
    ASSERT_TRUE(OpenRaw()->Put({}, key, value).ok());
  }
  void RawDelete(const std::string& key) { ASSERT_TRUE(OpenRaw()->Delete({}, key).ok()); }

  ScratchDirectory directory_;
  const std::string path_ = directory_.Path("log");
  std::unique_ptr<EntryLog> log_;
};

TEST_F(EntryLogTest, BeginsEmptyAfterTheFounding) {
  EXPECT_EQ(log_->base(), LogPosition{});
  EXPECT_EQ(log_->last(), LogPosition{});
  EXPECT_EQ(log_->base_log_time_ms(), kFoundingTimeMs);
  EXPECT_TRUE(log_->TakeRecoveredEntries().empty());
}

TEST_F(EntryLogTest, ReturnsAfterARestartWhatWasAppended) {
  const std::vector<LogEntryPointer> entries = {MakeNoOp(1, 1),
                                                MakeEntry(2, 1, std::string(3, '\0')),
                                                MakeEntry(3, 4, ""), MakeEntry(4, 4, "end")};
  Write({Append(entries)});
  EXPECT_EQ(log_->last(), (LogPosition{.index = LogIndex(4), .term = Term(4)}));
  EXPECT_EQ(Recovered(), Describe(entries));
}

TEST_F(EntryLogTest, KeepsAnEntryOfAMebibyte) {
  const LogEntryPointer large = MakeEntry(1, 1, std::string(1 << 20, 'v'));
  Write({Append({large})});
  EXPECT_EQ(Recovered(), Describe({large}));
}

// Trap B16: a crash inside a truncation of several writes would leave a gap.
TEST_F(EntryLogTest, ReplacesAConflictingSuffixInOneWrite) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TruncateAndAppend(3, {MakeEntry(3, 2, "new")})});
  std::vector<LogEntryPointer> expected = MakeEntries(1, 2, 1);
  expected.push_back(MakeEntry(3, 2, "new"));
  EXPECT_EQ(Recovered(), Describe(expected));
}

TEST_F(EntryLogTest, LinksToWhatATruncationLeft) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TruncateAndAppend(4, {})});
  Write({Append(MakeEntries(4, 9, 3))});
  EXPECT_EQ(Recovered().size(), 9u);
}

TEST_F(EntryLogTest, TruncatesToNothing) {
  Write({Append(MakeEntries(1, 6, 1))});
  Write({TruncateAndAppend(1, {})});
  EXPECT_TRUE(Recovered().empty());
}

TEST_F(EntryLogTest, MergedRequestsComeToTheSameAsOneByOne) {
  // Given requests that append, truncate what they appended, and truncate what was there before.
  const std::vector<PersistRequest> requests = {
      Append(MakeEntries(4, 8, 1)), TruncateAndAppend(6, MakeEntries(6, 7, 2)),
      TruncateAndAppend(2, MakeEntries(2, 2, 3)), Append(MakeEntries(3, 4, 3)),
      TruncateAndAppend(4, MakeEntries(4, 5, 4))};
  Write({Append(MakeEntries(1, 3, 1))});
  // When they are written as one batch.
  Write(requests);
  // Then the log is what the last of them says.
  std::vector<LogEntryPointer> expected = MakeEntries(1, 1, 1);
  for (const auto& entry : MakeEntries(2, 3, 3)) expected.push_back(entry);
  for (const auto& entry : MakeEntries(4, 5, 4)) expected.push_back(entry);
  EXPECT_EQ(Recovered(), Describe(expected));
}

TEST_F(EntryLogTest, RefusesBitFlipsAllOverAStoredEntry) {
  Write({Append(MakeEntries(1, 3, 1))});
  const std::string key = EntryKey(LogIndex(2));
  const std::string good = RawGet(key);
  for (std::size_t bit = 0; bit < good.size() * 8; bit += kSweepStep) {
    // A rotten value that LevelDB itself takes for good: a compaction gave it a fresh checksum.
    RawPut(key, WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit)));
    const absl::Status status = OpenStatus();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << "bit " << bit << ": " << status;
  }
  RawPut(key, good);
  EXPECT_TRUE(OpenStatus().ok());
}

TEST_F(EntryLogTest, RefusesAHoleAndNamesTheIndex) {
  Write({Append(MakeEntries(1, 5, 1))});
  RawDelete(EntryKey(LogIndex(3)));
  const absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_THAT(std::string(status.message()), HasSubstr("index 3"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("holds index 4"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore the disk"));
}

TEST_F(EntryLogTest, RefusesAMissingFirstEntry) {
  Write({Append(MakeEntries(1, 5, 1))});
  RawDelete(EntryKey(LogIndex(1)));
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss);
}

TEST_F(EntryLogTest, RefusesSwappedEntries) {
  Write({Append(MakeEntries(1, 5, 1))});
  const std::string second = RawGet(EntryKey(LogIndex(2)));
  const std::string third = RawGet(EntryKey(LogIndex(3)));
  RawPut(EntryKey(LogIndex(2)), third);
  RawPut(EntryKey(LogIndex(3)), second);
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss);
}

TEST_F(EntryLogTest, RefusesAnEntryFromAnotherHistory) {
  // Given a whole, undamaged entry of the right index, written after another predecessor.
  Write({Append({MakeEntry(1, 1, "one")}), Append({MakeEntry(2, 1, "two")})});
  const std::string stale = RawGet(EntryKey(LogIndex(2)));
  Reopen();
  Write({TruncateAndAppend(1, {MakeEntry(1, 1, "other"), MakeEntry(2, 1, "two")})});
  // When it takes the place of the entry that belongs there.
  RawPut(EntryKey(LogIndex(2)), stale);
  // Then the link gives it away.
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("does not link"));
}

TEST_F(EntryLogTest, RefusesAnEntryUnderTheKeyOfAnother) {
  Write({Append(MakeEntries(1, 2, 1))});
  const std::string second = RawGet(EntryKey(LogIndex(2)));
  RawDelete(EntryKey(LogIndex(2)));
  RawPut(EntryKey(LogIndex(9)), second);
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss);
}

TEST_F(EntryLogTest, RefusesKeysItDidNotWrite) {
  RawPut("zzz", "what is this");
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss);
}

TEST_F(EntryLogTest, RefusesADamagedOrMissingBase) {
  const std::string good = RawGet("b");
  for (std::size_t bit = 0; bit < good.size() * 8; bit += kSweepStep) {
    RawPut("b", WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit)));
    ASSERT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss) << "bit " << bit;
  }
  RawDelete("b");
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss);
}

TEST_F(EntryLogTest, RefusesANewerFormatByName) {
  Write({Append(MakeEntries(1, 1, 1))});
  std::string newer = RawGet(EntryKey(LogIndex(1)));
  newer[0] = 2;
  newer.resize(newer.size() - 8);
  Seal(&newer);
  RawPut(EntryKey(LogIndex(1)), newer);
  const absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version is 2"));
}

TEST_F(EntryLogTest, RefusesAnotherServersLog) {
  log_.reset();
  Owner other = TestOwner();
  other.incarnation = 78;
  const absl::Status status = EntryLog::Open(LocalDisk(), path_, other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("belongs to another server"));
}

TEST_F(EntryLogTest, IsNeverCreatedByOpening) {
  const std::string absent = directory_.Path("absent");
  EXPECT_EQ(EntryLog::Open(LocalDisk(), absent, TestOwner()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(absent));
}

TEST_F(EntryLogTest, CreatingAgainKeepsWhatIsThere) {
  Write({Append(MakeEntries(1, 3, 1))});
  log_.reset();
  ASSERT_TRUE(EntryLog::Create(LocalDisk(), path_, TestOwner(), kFoundingTimeMs).ok());
  EXPECT_EQ(Recovered().size(), 3u);
}

}  // namespace
}  // namespace raft
