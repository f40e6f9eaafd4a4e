// A state read out while it moves on, and written into a directory of its own beside another one.
#include "persistence/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "breakable_disk.h"
#include "builders.h"
#include "persistence/incoming_state.h"
#include "persistence/snapshot_installer.h"
#include "persistence/state_pointer.h"
#include "state_fixture.h"

namespace raft {
namespace {

using testing::BreakableDisk;
using testing::DeleteCommand;
using testing::DiskOperation;
using ::testing::HasSubstr;
using testing::PutCommand;
using testing::TestFounding;
using testing::WithBitFlipped;

constexpr std::size_t kPieceBytes = 1000;

std::vector<std::string> AllPieces(SnapshotSource& source, std::size_t bytes_max = kPieceBytes) {
  std::vector<std::string> pieces;
  while (true) {
    absl::StatusOr<std::string> piece = source.NextPiece(bytes_max);
    EXPECT_TRUE(piece.ok()) << piece.status();
    if (!piece.ok() || piece->empty()) return pieces;
    pieces.push_back(*std::move(piece));
  }
}

class SnapshotTest : public testing::StateFixture {
 protected:
  void SetUp() override {
    StateFixture::SetUp();
    for (int key = 0; key < 40; ++key) {
      Apply(PutCommand("key " + std::to_string(key), std::string(100, 'v')));
    }
    Apply(DeleteCommand("key 7"));
    ASSERT_TRUE(WriteStatePointer(LocalDisk(), directory_.path(), kFirstStateName).ok());
    states_->Watch(kFirstStateName, state_->UntilClosed());
  }

  std::unique_ptr<SnapshotSource> OpenSnapshot() {
    absl::StatusOr<std::unique_ptr<SnapshotSource>> source = state_->OpenSnapshot();
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }
  std::vector<std::string> Pieces() { return AllPieces(*OpenSnapshot()); }

  StateInstaller InstallerOn(Disk& disk, const ClusterId& cluster_id = TestFounding().cluster_id) {
    return {disk, directory_.path(), cluster_id, states_};
  }
  // Adds the pieces to a new incoming state and finishes it; the first error.
  static absl::Status Receive(SnapshotInstaller& installer,
                              const std::vector<std::string>& pieces) {
    absl::StatusOr<std::unique_ptr<IncomingSnapshot>> incoming = installer.Begin();
    if (!incoming.ok()) return incoming.status();
    for (const std::string& piece : pieces) {
      if (absl::Status status = (*incoming)->Add(piece); !status.ok()) return status;
    }
    return (*incoming)->Finish().status();
  }
  std::vector<std::string> StateNames() const {
    std::vector<std::string> names;
    for (const DirectoryMember& member : LocalDisk().List(directory_.path())) {
      if (NumberOfState(member.name)) names.push_back(member.name);
    }
    return names;
  }
  // Nothing but the live state is there, and it is the pointer's.
  void ExpectOnlyTheOldState() {
    EXPECT_EQ(StateNames(), std::vector<std::string>{kFirstStateName});
    EXPECT_EQ(*ReadStatePointer(LocalDisk(), directory_.path()), kFirstStateName);
  }

  std::shared_ptr<StateDirectories> states_ =
      std::make_shared<StateDirectories>(LocalDisk(), directory_.path());
  StateInstaller installer_ = InstallerOn(LocalDisk());
};

TEST_F(SnapshotTest, ASourceSaysWhatItIsOf) {
  const std::unique_ptr<SnapshotSource> source = OpenSnapshot();
  EXPECT_EQ(source->header(), (SnapshotHeader{.last_included = state_->applied(),
                                              .log_time_ms = state_->log_time_ms(),
                                              .key_count = 39,
                                              .digest = state_->digest(),
                                              .configuration = state_->configuration()}));
}

TEST_F(SnapshotTest, ASourceReadsTheSameBytesWhileTheStateMovesOn) {
  const std::vector<std::string> at_rest = Pieces();
  ASSERT_GT(at_rest.size(), 4u);
  // When the state changes between the pieces, and is even closed.
  const std::unique_ptr<SnapshotSource> source = OpenSnapshot();
  std::vector<std::string> pieces = {*source->NextPiece(kPieceBytes)};
  for (int key = 0; key < 40; ++key) {
    pieces.push_back(*source->NextPiece(kPieceBytes));
    Apply(DeleteCommand("key " + std::to_string(key)));
    Apply(PutCommand("another " + std::to_string(key), std::string(100, 'w')));
    if (key == 3) break;
  }
  state_.reset();
  for (const std::string& piece : AllPieces(*source)) pieces.push_back(piece);
  EXPECT_EQ(pieces, at_rest);
}

TEST_F(SnapshotTest, PiecesKeepToTheirSizeUnlessOneRecordIsLarger) {
  for (const std::string& piece : Pieces()) EXPECT_LE(piece.size(), kPieceBytes);
  Apply(PutCommand("large", std::string(5000, 'v')));
  EXPECT_TRUE(Receive(installer_, Pieces()).ok());
  EXPECT_TRUE(Receive(installer_, AllPieces(*OpenSnapshot(), 1)).ok());
  EXPECT_EQ(AllPieces(*OpenSnapshot(), 1 << 20).size(), 3u);
}

TEST_F(SnapshotTest, AStateThatArrivedIsTheSameState) {
  const std::string digest = state_->digest();
  const std::vector<std::string> pieces = Pieces();
  {
    const std::unique_ptr<IncomingSnapshot> incoming = *installer_.Begin();
    for (const std::string& piece : pieces) ASSERT_TRUE(incoming->Add(piece).ok());
    const absl::StatusOr<SnapshotHeader> header = incoming->Finish();
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(*header, OpenSnapshot()->header());
  }
  // When it becomes the live one, then it holds the same, to the last bit.
  absl::StatusOr<std::unique_ptr<KeyValueStore>> state = installer_.Switch();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ((*state)->applied(), state_->applied());
  EXPECT_EQ((*state)->log_time_ms(), state_->log_time_ms());
  EXPECT_EQ((*state)->key_count(), state_->key_count());
  EXPECT_EQ((*state)->digest(), digest);
  EXPECT_EQ(*(*state)->ScanDigest(), digest);
  EXPECT_EQ(AllPieces(**(*state)->OpenSnapshot()), pieces);
  EXPECT_EQ(*ReadStatePointer(LocalDisk(), directory_.path()), "state-2");
  EXPECT_EQ(states_->live_name(), "state-2");
}

TEST_F(SnapshotTest, AStateThatArrivedIsMarkedUntilTheInstallIsComplete) {
  ASSERT_TRUE(Receive(installer_, Pieces()).ok());
  const auto open = [this] {
    return LevelDbKeyValueStore::Open(LocalDisk(), directory_.Path("state-2"),
                                      TestFounding().cluster_id);
  };
  {
    const std::unique_ptr<KeyValueStore> state = *installer_.Switch();
    ASSERT_TRUE(state->Checkpoint().ok());
  }
  EXPECT_TRUE((*open())->log_reset_pending());
  ASSERT_TRUE((*open())->CompleteInstall().ok());
  EXPECT_FALSE((*open())->log_reset_pending());
  EXPECT_TRUE((*open())->CompleteInstall().ok()) << "without a mark there is nothing to do";
  EXPECT_EQ((*open())->digest(), state_->digest());
}

TEST_F(SnapshotTest, AMarkOfDivergenceSurvivesARestartAndIsInNoSnapshot) {
  const std::string digest = state_->digest();
  const std::vector<std::string> pieces = Pieces();
  EXPECT_FALSE(state_->diverged());
  ASSERT_TRUE(state_->MarkDiverged().ok());
  ASSERT_TRUE(state_->MarkDiverged().ok()) << "it is marked already";
  Reopen();
  EXPECT_TRUE(state_->diverged());
  EXPECT_FALSE(state_->log_reset_pending()) << "that is another mark";
  EXPECT_EQ(state_->digest(), digest);
  EXPECT_TRUE(state_->VerifyRecords().ok());
  EXPECT_EQ(Pieces(), pieces);
  states_->Watch(kFirstStateName, state_->UntilClosed());
  ASSERT_TRUE(Receive(installer_, pieces).ok());
  EXPECT_FALSE((*installer_.Switch())->diverged());
}

TEST_F(SnapshotTest, AnEmptyStateArrivesToo) {
  for (int key = 0; key < 40; ++key) Apply(DeleteCommand("key " + std::to_string(key)));
  ASSERT_TRUE(Receive(installer_, Pieces()).ok());
  EXPECT_EQ((*installer_.Switch())->digest(), state_->digest());
}

TEST_F(SnapshotTest, DamageToAnyPieceIsRefusedAndLeavesNothing) {
  const std::vector<std::string> good = Pieces();
  for (std::size_t piece = 0; piece < good.size(); ++piece) {
    std::vector<std::string> pieces = good;
    pieces[piece] = WithBitFlipped(good[piece], good[piece].size() / 2, 3);
    EXPECT_TRUE(absl::IsDataLoss(Receive(installer_, pieces))) << piece;
    pieces = good;
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(piece));
    EXPECT_TRUE(absl::IsDataLoss(Receive(installer_, pieces))) << piece;
    ExpectOnlyTheOldState();
    EXPECT_TRUE(absl::IsFailedPrecondition(installer_.Switch().status()));
  }
}

// A whole stream, well sealed, whose records are not those of its digest.
TEST_F(SnapshotTest, RecordsThatDoNotAddUpToTheDigestAreRefused) {
  SnapshotHeader header = OpenSnapshot()->header();
  header.key_count = 0;
  SnapshotEncoder encoder;
  const std::string head = encoder.Head(header, TestFounding().cluster_id);
  EXPECT_THAT(std::string(Receive(installer_, {head, encoder.End()}).message()),
              HasSubstr("do not add up to the digest"));
  ExpectOnlyTheOldState();
}

TEST_F(SnapshotTest, ARottenRecordInAWholePieceIsRefused) {
  SnapshotHeader header = OpenSnapshot()->header();
  header.key_count = 1;
  SnapshotEncoder encoder;
  const std::string head = encoder.Head(header, TestFounding().cluster_id);
  encoder.Add({.key = "k", .bytes = std::string(60, '\1')});
  EXPECT_TRUE(absl::IsInvalidArgument(Receive(installer_, {head, encoder.TakeRecords()})));
  ExpectOnlyTheOldState();
}

TEST_F(SnapshotTest, ASnapshotOfAnotherClusterIsRefused) {
  StateInstaller installer = InstallerOn(LocalDisk(), "another cluster!");
  const absl::Status status = Receive(installer, Pieces());
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("another cluster"));
  ExpectOnlyTheOldState();
}

TEST_F(SnapshotTest, ANewSnapshotTakesThePlaceOfOneThatWaits) {
  ASSERT_TRUE(Receive(installer_, Pieces()).ok());
  Apply(PutCommand("newer", "value"));
  ASSERT_TRUE(Receive(installer_, Pieces()).ok());
  EXPECT_EQ(StateNames(), (std::vector<std::string>{"state-1", "state-3"}));
  EXPECT_EQ((*installer_.Switch())->digest(), state_->digest());
}

TEST_F(SnapshotTest, ADiscardedSnapshotIsGone) {
  ASSERT_TRUE(Receive(installer_, Pieces()).ok());
  installer_.Discard();
  ExpectOnlyTheOldState();
  EXPECT_TRUE(absl::IsFailedPrecondition(installer_.Switch().status()));
}

TEST_F(SnapshotTest, AnOldStateGoesOnceNobodyReadsIt) {
  const std::vector<std::string> pieces = Pieces();
  ASSERT_TRUE(Receive(installer_, pieces).ok());
  const std::unique_ptr<KeyValueStore> state = *installer_.Switch();
  // Given a source of the old state that is still read from.
  std::unique_ptr<SnapshotSource> source = OpenSnapshot();
  state_.reset();
  ASSERT_TRUE(Receive(installer_, pieces).ok());
  EXPECT_EQ(StateNames(), (std::vector<std::string>{"state-1", "state-2", "state-3"}));
  EXPECT_EQ(AllPieces(*source), pieces);
  source.reset();
  ASSERT_TRUE(Receive(installer_, pieces).ok());
  EXPECT_EQ(StateNames(), (std::vector<std::string>{"state-2", "state-4"}));
}

TEST_F(SnapshotTest, AReplacedStateCanBeRemovedAtOnce) {
  ASSERT_TRUE(Receive(installer_, Pieces()).ok());
  installer_.RemoveReplaced();
  EXPECT_EQ(StateNames(), (std::vector<std::string>{"state-1", "state-2"})) << "it waits";
  const std::unique_ptr<KeyValueStore> state = *installer_.Switch();
  installer_.RemoveReplaced();
  EXPECT_EQ(StateNames(), (std::vector<std::string>{"state-1", "state-2"})) << "it is still open";
  state_.reset();
  installer_.RemoveReplaced();
  EXPECT_EQ(StateNames(), std::vector<std::string>{"state-2"});
}

TEST_F(SnapshotTest, AFailingDiskIsNotTakenForADamagedSnapshot) {
  const std::vector<std::string> pieces = Pieces();
  for (const DiskOperation operation :
       {DiskOperation::kAppend, DiskOperation::kSync, DiskOperation::kCreate}) {
    bool has_failed = true;
    for (int after = 0; has_failed; ++after) {
      BreakableDisk disk;
      disk.env().FailOnce(operation, after);
      StateInstaller installer = InstallerOn(disk);
      const absl::Status status = Receive(installer, pieces);
      has_failed = disk.env().has_failed();
      EXPECT_TRUE(status.ok() || has_failed) << status;
      EXPECT_FALSE(absl::IsDataLoss(status) || absl::IsInvalidArgument(status)) << status;
      installer_.Discard();
      ExpectOnlyTheOldState();
    }
  }
}

TEST_F(SnapshotTest, ARottenStateIsNoticedWhereItIsRead) {
  state_.reset();
  {
    leveldb::DB* db = nullptr;
    ASSERT_TRUE(leveldb::DB::Open({}, path_, &db).ok());
    const std::unique_ptr<leveldb::DB> raw(db);
    std::string record;
    ASSERT_TRUE(raw->Get({}, "dkey 3", &record).ok());
    ASSERT_TRUE(raw->Put({}, "dkey 3", WithBitFlipped(record, 50, 2)).ok());
  }
  Reopen();
  const std::unique_ptr<SnapshotSource> source = OpenSnapshot();
  ASSERT_TRUE(source->NextPiece(1 << 20).ok()) << "the head";
  const absl::Status status = source->NextPiece(1 << 20).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
}

}  // namespace
}  // namespace raft
