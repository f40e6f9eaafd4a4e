// A snapshot in a file: whole under its name or not there, and no damage is taken for a snapshot.
#include "persistence/snapshot_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "breakable_disk.h"
#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "state_fixture.h"

namespace raft {
namespace {

using testing::BreakableDisk;
using testing::DiskOperation;
using ::testing::HasSubstr;
using testing::MakeConfigurationEntry;
using testing::PutCommand;
using testing::ReadBytes;
using testing::TestFounding;
using testing::WithBitFlipped;
using testing::WriteBytes;

constexpr std::size_t kFileHeadBytes = 33;
// At least one bit of every byte, and each place in a byte somewhere.
constexpr std::size_t kSweepStep = 5;

class SnapshotFileTest : public testing::StateFixture {
 protected:
  void SetUp() override {
    StateFixture::SetUp();
    for (int key = 0; key < 6; ++key) {
      Apply(PutCommand("key " + std::to_string(key), std::string(60, 'v')));
    }
    const std::vector<LogEntryPointer> entries = {MakeConfigurationEntry(7, 1, 4)};
    ASSERT_FALSE(state_->Apply(entries).failure.has_value());
  }

  std::vector<std::string> Pieces() {
    const std::unique_ptr<SnapshotSource> source = *state_->OpenSnapshot();
    std::vector<std::string> pieces;
    for (std::string piece = *source->NextPiece(400); !piece.empty();
         piece = *source->NextPiece(400)) {
      pieces.push_back(piece);
    }
    return pieces;
  }
  static absl::Status AddAll(SnapshotFileWriter& writer, const std::vector<std::string>& pieces) {
    for (const std::string& piece : pieces) {
      if (absl::Status status = writer.Add(piece); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  // Writes all of it; the first error.
  absl::StatusOr<SnapshotFileReport> Write(Disk& disk = LocalDisk()) {
    const auto writer = SnapshotFileWriter::Create(file_, disk);
    if (!writer.ok()) return writer.status();
    if (absl::Status status = AddAll(**writer, Pieces()); !status.ok()) return status;
    return (*writer)->Finish();
  }
  std::size_t FilesThere() const {
    const std::filesystem::directory_iterator files(directory_.Path("backups"));
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
  void ExpectRefused(const std::string& bytes, const std::string& words) {
    WriteBytes(file_, bytes);
    const absl::Status status = InspectSnapshotFile(file_).status();
    EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_THAT(std::string(status.message()), HasSubstr(file_));
  }

  const bool made_ = std::filesystem::create_directory(directory_.Path("backups"));
  const std::string file_ = directory_.Path("backups/one");
};

TEST_F(SnapshotFileTest, SaysWhatWasWritten) {
  const absl::StatusOr<SnapshotFileReport> written = Write();
  ASSERT_TRUE(written.ok()) << written.status();
  const absl::StatusOr<SnapshotFileReport> found = InspectSnapshotFile(file_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, *written);
  EXPECT_EQ(found->cluster_id, TestFounding().cluster_id);
  EXPECT_EQ(found->header.last_included, state_->applied());
  EXPECT_EQ(found->header.key_count, 6u);
  EXPECT_EQ(found->header.digest, state_->digest());
  EXPECT_EQ(found->header.configuration, state_->configuration());
  EXPECT_EQ(found->piece_count, Pieces().size());
  EXPECT_EQ(found->file_bytes, std::filesystem::file_size(file_));
  EXPECT_EQ(FilesThere(), 1u);
}

TEST_F(SnapshotFileTest, ReturnsThePiecesThatWereWritten) {
  ASSERT_TRUE(Write().ok());
  const auto reader = *SnapshotFileReader::Open(file_);
  EXPECT_EQ(reader->cluster_id(), TestFounding().cluster_id);
  std::vector<std::string> pieces;
  for (std::string piece = *reader->NextPiece(); !piece.empty(); piece = *reader->NextPiece()) {
    pieces.push_back(piece);
  }
  EXPECT_EQ(pieces, Pieces());
}

TEST_F(SnapshotFileTest, ReplacesAFileOnRequestOnceItIsWhole) {
  WriteBytes(file_, "precious");
  const auto writer = *SnapshotFileWriter::Create(file_, LocalDisk(), ExistingFile::kReplaced);
  ASSERT_TRUE(AddAll(*writer, Pieces()).ok());
  EXPECT_EQ(ReadBytes(file_), "precious");
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_TRUE(InspectSnapshotFile(file_).ok());
  EXPECT_EQ(FilesThere(), 1u);
}

TEST_F(SnapshotFileTest, BelongsToItsOwnerAlone) {
  ASSERT_TRUE(Write().ok());
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SnapshotFileTest, IsNotThereBeforeItIsWhole) {
  {
    const auto writer = *SnapshotFileWriter::Create(file_);
    ASSERT_TRUE(AddAll(*writer, Pieces()).ok());
    EXPECT_FALSE(std::filesystem::exists(file_));
    EXPECT_EQ(FilesThere(), 1u) << "it is written under another name";
  }
  EXPECT_EQ(FilesThere(), 0u) << "what was not finished is still there";
}

TEST_F(SnapshotFileTest, IsNotWrittenWithoutItsEnd) {
  std::vector<std::string> pieces = Pieces();
  pieces.pop_back();
  {
    const auto writer = *SnapshotFileWriter::Create(file_);
    ASSERT_TRUE(AddAll(*writer, pieces).ok());
    EXPECT_TRUE(absl::IsDataLoss(writer->Finish().status()));
  }
  EXPECT_EQ(FilesThere(), 0u);
}

TEST_F(SnapshotFileTest, IsNotWrittenFromDamagedPieces) {
  std::vector<std::string> pieces = Pieces();
  pieces[2] = WithBitFlipped(pieces[2], pieces[2].size() / 2, 3);
  const auto writer = *SnapshotFileWriter::Create(file_);
  EXPECT_TRUE(absl::IsDataLoss(AddAll(*writer, pieces)));
  EXPECT_TRUE(absl::IsDataLoss(writer->Add(Pieces()[2]))) << "the first error is final";
  EXPECT_TRUE(absl::IsDataLoss(writer->Finish().status()));
}

TEST_F(SnapshotFileTest, IsNeverOverwritten) {
  ASSERT_TRUE(Write().ok());
  const std::string bytes = ReadBytes(file_);
  const absl::Status status = Write().status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_EQ(ReadBytes(file_), bytes);
}

TEST_F(SnapshotFileTest, AFailingDiskLeavesNoFileUnderTheName) {
  for (const DiskOperation operation :
       {DiskOperation::kCreate, DiskOperation::kAppend, DiskOperation::kSync}) {
    bool has_failed = true;
    for (int after = 0; has_failed; ++after) {
      BreakableDisk disk;
      disk.env().FailOnce(operation, after);
      const absl::Status status = Write(disk).status();
      has_failed = disk.env().has_failed();
      EXPECT_EQ(status.ok(), !has_failed) << status;
      EXPECT_FALSE(absl::IsDataLoss(status) || absl::IsInvalidArgument(status)) << status;
      EXPECT_EQ(std::filesystem::exists(file_), !has_failed);
      std::filesystem::remove(file_);
    }
  }
}

TEST_F(SnapshotFileTest, NoBitFlipIsTakenForASnapshot) {
  ASSERT_TRUE(Write().ok());
  const std::string good = ReadBytes(file_);
  for (std::size_t bit = 0; bit < good.size() * 8; bit += kSweepStep) {
    WriteBytes(file_, WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit)));
    const absl::Status status = InspectSnapshotFile(file_).status();
    ASSERT_TRUE(absl::IsDataLoss(status) || absl::IsInvalidArgument(status))
        << "bit " << bit << ": " << status;
  }
}

TEST_F(SnapshotFileTest, NoCutFileIsTakenForAWholeOne) {
  ASSERT_TRUE(Write().ok());
  const std::string good = ReadBytes(file_);
  for (std::size_t size = 0; size < good.size(); ++size) {
    ExpectRefused(good.substr(0, size), "cut short");
  }
}

TEST_F(SnapshotFileTest, WhatFollowsTheEndIsRefused) {
  ASSERT_TRUE(Write().ok());
  ExpectRefused(ReadBytes(file_) + "x", "something follows the end");
}

TEST_F(SnapshotFileTest, SaysWhichPieceIsDamaged) {
  ASSERT_TRUE(Write().ok());
  const std::size_t second = kFileHeadBytes + Pieces()[0].size();
  ExpectRefused(WithBitFlipped(ReadBytes(file_), second + 60, 1), "piece 1 of the snapshot");
}

TEST_F(SnapshotFileTest, WhatIsNoSnapshotIsRefusedByName) {
  ExpectRefused("#!/bin/sh\necho this is a file of somebody else's\n", "it is no snapshot file");
  std::filesystem::remove(file_);
  EXPECT_TRUE(absl::IsNotFound(InspectSnapshotFile(file_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(InspectSnapshotFile(directory_.path()).status()));
}

TEST_F(SnapshotFileTest, ANewerFormatIsRefusedByName) {
  ASSERT_TRUE(Write().ok());
  std::string head = ReadBytes(file_).substr(0, kFileHeadBytes - 8);
  head[8] = 2;
  AppendUint64(&head, Checksum64(head));
  ExpectRefused(head + ReadBytes(file_).substr(kFileHeadBytes), "its format version is 2");
}

TEST_F(SnapshotFileTest, AStreamOfANewerFormatIsRefusedByName) {
  std::string head = Pieces()[0];
  head.resize(head.size() - 8);
  head[8] = 3;
  AppendUint64(&head, Checksum64(head));
  ASSERT_TRUE(Write().ok());
  const std::string file = ReadBytes(file_);
  ExpectRefused(file.substr(0, kFileHeadBytes) + head + file.substr(kFileHeadBytes + head.size()),
                "its format version is 3, this program knows 2");
}

TEST_F(SnapshotFileTest, AHeadOfOneClusterBeforeTheStreamOfAnotherIsRefused) {
  ASSERT_TRUE(Write().ok());
  std::string head = ReadBytes(file_).substr(0, kFileHeadBytes - 8);
  head.replace(9, 16, "another cluster!");
  AppendUint64(&head, Checksum64(head));
  ExpectRefused(head + ReadBytes(file_).substr(kFileHeadBytes), "name different clusters");
}

// Lengths that come from outside are never trusted with memory.
TEST_F(SnapshotFileTest, AHugeLengthOfAPieceIsRefused) {
  ASSERT_TRUE(Write().ok());
  std::string file = ReadBytes(file_);
  constexpr std::size_t kLength = 10;
  StoreUint64(file.data() + kFileHeadBytes + kLength, std::uint64_t{1} << 40);
  ExpectRefused(file, "cannot be 1099511627776 bytes long");
  StoreUint64(file.data() + kFileHeadBytes + kLength, 0);
  ExpectRefused(file, "cannot be 0 bytes long");
  StoreUint64(file.data() + kFileHeadBytes + kLength, 100 << 20);
  ExpectRefused(file, "cut short");
}

}  // namespace
}  // namespace raft
