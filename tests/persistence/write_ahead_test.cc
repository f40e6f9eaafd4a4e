// The write-ahead file of the log: torn tails are taken back, damage is refused (rule S-7, traps
// E1, E2, E12).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "builders.h"
#include "persistence/entry_log.h"
#include "persistence/write_ahead_scan.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using testing::Append;
using testing::CopyTree;
using testing::FilesWithExtension;
using testing::kFoundingTimeMs;
using testing::MakeEntries;
using testing::ReadBytes;
using testing::ScratchDirectory;
using testing::TestOwner;
using testing::WithBitFlipped;
using testing::WriteBytes;

constexpr std::uint64_t kWrites = 20;
// Every bit would take a minute; the step is prime to 8, so that every place in a byte has its
// turn.
constexpr std::size_t kSweepStep = 11;

// What became of a damaged log.
struct Verdict {
  bool refused = false;
  std::size_t entries = 0;
};

class WriteAheadTest : public ::testing::Test {
 protected:
  // Given a log whose newest entries, one to a write, lie in its write-ahead file.
  void SetUp() override {
    ASSERT_TRUE(EntryLog::Create(LocalDisk(), good_, TestOwner(), kFoundingTimeMs).ok());
    {
      absl::StatusOr<std::unique_ptr<EntryLog>> log =
          EntryLog::Open(LocalDisk(), good_, TestOwner());
      ASSERT_TRUE(log.ok());
      for (std::uint64_t index = 1; index <= kWrites; ++index) {
        const std::vector<PersistRequest> write = {Append(MakeEntries(index, index, 1))};
        ASSERT_TRUE((*log)->Write(write).ok());
      }
    }
    const std::vector<std::string> files = FilesWithExtension(good_, ".log");
    ASSERT_EQ(files.size(), 1u);
    name_ = std::filesystem::path(files[0]).filename().string();
    bytes_ = ReadBytes(files[0]);
  }

  // Starts on a copy whose write-ahead file holds `bytes`.
  Verdict StartWith(const std::string& bytes) {
    CopyTree(good_, bad_);
    WriteBytes(bad_ + "/" + name_, bytes);
    const absl::StatusOr<WriteAheadFinding> finding = ScanWriteAhead(LocalDisk(), bad_);
    if (!finding.ok() || finding->tail == WriteAheadTail::kSuspect) return {.refused = true};
    const absl::StatusOr<std::unique_ptr<EntryLog>> log =
        EntryLog::Open(LocalDisk(), bad_, TestOwner());
    if (!log.ok()) return {.refused = true};
    return {.entries = (*log)->last().index.value()};
  }
  WriteAheadTail TailOf(const std::string& bytes) {
    CopyTree(good_, bad_);
    WriteBytes(bad_ + "/" + name_, bytes);
    return ScanWriteAhead(LocalDisk(), bad_)->tail;
  }

  ScratchDirectory directory_;
  const std::string good_ = directory_.Path("good");
  const std::string bad_ = directory_.Path("bad");
  std::string name_;
  std::string bytes_;
};

TEST_F(WriteAheadTest, AWholeFileIsClean) {
  EXPECT_EQ(TailOf(bytes_), WriteAheadTail::kClean);
  EXPECT_EQ(StartWith(bytes_).entries, kWrites);
}

TEST_F(WriteAheadTest, ATornTailIsTakenBackToAWholeEntryWhereverItIsCut) {
  std::size_t entries_before = 0;
  for (std::size_t size = 0; size <= bytes_.size(); size += 7) {
    const std::string torn = bytes_.substr(0, size);
    EXPECT_NE(TailOf(torn), WriteAheadTail::kSuspect) << "cut at " << size;
    const Verdict verdict = StartWith(torn);
    ASSERT_FALSE(verdict.refused) << "cut at " << size;
    ASSERT_GE(verdict.entries, entries_before) << "cut at " << size;
    entries_before = verdict.entries;
  }
}

TEST_F(WriteAheadTest, AZeroFilledTailIsTorn) {
  std::string torn = bytes_;
  torn.resize(bytes_.size() + 4096, '\0');
  EXPECT_EQ(TailOf(torn), WriteAheadTail::kTorn);
  EXPECT_EQ(StartWith(torn).entries, kWrites);
}

TEST_F(WriteAheadTest, AWriteThatTurnsIntoZerosAtASectorIsTakenBack) {
  // Given a file whose length survived a power loss, and whose data did up to some sector.
  std::size_t entries_before = 0;
  for (std::size_t sector = 512; sector < bytes_.size(); sector += 512) {
    std::string zeroed = bytes_.substr(0, sector);
    zeroed.resize(bytes_.size(), '\0');
    // When the server starts, then it takes back what is not whole, where LevelDB alone would stop.
    const Verdict verdict = StartWith(zeroed);
    ASSERT_FALSE(verdict.refused) << "zeros from " << sector;
    EXPECT_LT(verdict.entries, kWrites);
    EXPECT_GT(verdict.entries, entries_before) << "zeros from " << sector;
    entries_before = verdict.entries;
  }
}

TEST_F(WriteAheadTest, AManifestThatTurnsIntoZerosAtASectorIsTakenBack) {
  CopyTree(good_, bad_);
  for (const auto& file : std::filesystem::directory_iterator(bad_)) {
    if (!file.path().filename().string().starts_with("MANIFEST-")) continue;
    // Given a record of 1,000 bytes whose data arrived up to the next sector only.
    std::string torn = ReadBytes(file.path().string());
    ASSERT_LT(torn.size(), 500u);
    torn += std::string("\1\2\3\4", 4) + "\xe8\x03" + "\1";
    torn.resize(512, 'd');
    torn.resize(900, '\0');
    WriteBytes(file.path().string(), torn);
  }
  const absl::StatusOr<std::unique_ptr<EntryLog>> log =
      EntryLog::Open(LocalDisk(), bad_, TestOwner());
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ((*log)->last().index.value(), kWrites);
}

TEST_F(WriteAheadTest, ADamagedRecordBeforeZerosIsNotTakenForTheirs) {
  std::string damaged = WithBitFlipped(bytes_, 20, 3);
  damaged.resize(8192, '\0');
  EXPECT_TRUE(StartWith(damaged).refused);
}

TEST_F(WriteAheadTest, NoBitFlipLosesMoreThanTheLastWriteInSilence) {
  std::size_t refused = 0;
  std::size_t last_write_lost = 0;
  for (std::size_t bit = 0; bit < bytes_.size() * 8; bit += kSweepStep) {
    const Verdict verdict = StartWith(WithBitFlipped(bytes_, bit / 8, static_cast<unsigned>(bit)));
    refused += verdict.refused ? 1 : 0;
    if (verdict.refused || verdict.entries == kWrites) continue;
    // A damaged last write cannot be told from a torn one.
    ASSERT_EQ(verdict.entries, kWrites - 1) << "silent loss at bit " << bit;
    ++last_write_lost;
  }
  EXPECT_GT(refused, bytes_.size() * 8 / kSweepStep * 9 / 10);
  EXPECT_LT(last_write_lost, bytes_.size() * 8 / kSweepStep / kWrites * 2);
}

TEST_F(WriteAheadTest, ADamagedLengthInTheMiddleIsSuspectAndNamed) {
  // The two bytes behind the checksum of the first record are its length: LevelDB alone would drop
  // all twenty writes without a word.
  CopyTree(good_, bad_);
  WriteBytes(bad_ + "/" + name_, WithBitFlipped(bytes_, 5, 6));
  const absl::StatusOr<WriteAheadFinding> finding = ScanWriteAhead(LocalDisk(), bad_);
  ASSERT_TRUE(finding.ok());
  EXPECT_EQ(finding->tail, WriteAheadTail::kSuspect);
  EXPECT_EQ(finding->path, bad_ + "/" + name_);
  EXPECT_EQ(finding->offset, 0u);
}

TEST_F(WriteAheadTest, AMissingFileIsRefused) {
  CopyTree(good_, bad_);
  std::filesystem::remove(bad_ + "/" + name_);
  EXPECT_EQ(ScanWriteAhead(LocalDisk(), bad_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(WriteAheadTest, ATornFileBeforeALaterOneIsSuspect) {
  CopyTree(good_, bad_);
  WriteBytes(bad_ + "/" + name_, bytes_.substr(0, bytes_.size() - 1));
  WriteBytes(bad_ + "/999999.log", bytes_);
  EXPECT_EQ(ScanWriteAhead(LocalDisk(), bad_)->tail, WriteAheadTail::kSuspect);
  WriteBytes(bad_ + "/999999.log", "");
  EXPECT_EQ(ScanWriteAhead(LocalDisk(), bad_)->tail, WriteAheadTail::kTorn);
}

TEST_F(WriteAheadTest, AWriteOverManyBlocksIsClean) {
  {
    absl::StatusOr<std::unique_ptr<EntryLog>> log = EntryLog::Open(LocalDisk(), good_, TestOwner());
    ASSERT_TRUE(log.ok());
    const std::vector<PersistRequest> write = {
        Append({testing::MakeEntry(kWrites + 1, 1, std::string(200'000, 'v'))})};
    ASSERT_TRUE((*log)->Write(write).ok());
  }
  EXPECT_EQ(ScanWriteAhead(LocalDisk(), good_)->tail, WriteAheadTail::kClean);
}

}  // namespace
}  // namespace raft
