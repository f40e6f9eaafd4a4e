// A stream of a snapshot that goes on in the middle: out of the same source or an equal state, cut
// the same way or otherwise; and never out of anything else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builders.h"
#include "persistence/incoming_state.h"
#include "persistence/snapshot_installer.h"
#include "persistence/state_pointer.h"
#include "state_fixture.h"

namespace raft {
namespace {

using testing::DeleteCommand;
using ::testing::HasSubstr;
using testing::PutCommand;
using testing::TestFounding;

constexpr std::size_t kPieceBytes = 1000;

class SnapshotPlaceTest : public testing::StateFixture {
 protected:
  void SetUp() override {
    StateFixture::SetUp();
    for (int key = 0; key < 40; ++key) {
      Apply(PutCommand("key " + std::to_string(key), std::string(100, 'v')));
    }
    states_->Watch(kFirstStateName, state_->UntilClosed());
    incoming_ = *installer_.Begin();
  }

  // Adds pieces until nothing is left, or that many; the first error of either end.
  absl::Status Transfer(SnapshotSource& source, int count = 1'000,
                        std::size_t piece_bytes = kPieceBytes) {
    for (; count > 0; --count) {
      const absl::StatusOr<std::string> piece = source.NextPiece(piece_bytes);
      if (!piece.ok()) return piece.status();
      if (piece->empty()) return absl::OkStatus();
      if (absl::Status added = incoming_->Add(*piece); !added.ok()) return added;
    }
    return absl::OkStatus();
  }
  std::unique_ptr<SnapshotSource> SourceAt(const SnapshotPlace& place) {
    std::unique_ptr<SnapshotSource> source = *state_->OpenSnapshot();
    EXPECT_TRUE(source->GoTo(place).ok());
    return source;
  }
  void ExpectTheSameState() {
    const absl::StatusOr<SnapshotHeader> header = incoming_->Finish();
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(*header, (*state_->OpenSnapshot())->header());
    incoming_.reset();
    const std::unique_ptr<KeyValueStore> arrived = *installer_.Switch();
    EXPECT_EQ(arrived->digest(), state_->digest());
    EXPECT_EQ(*arrived->ScanDigest(), state_->digest());
  }

  std::shared_ptr<StateDirectories> states_ =
      std::make_shared<StateDirectories>(LocalDisk(), directory_.path());
  StateInstaller installer_{LocalDisk(), directory_.path(), TestFounding().cluster_id, states_};
  std::unique_ptr<IncomingSnapshot> incoming_;
};

TEST_F(SnapshotPlaceTest, AStreamGoesOnAfterAnyOfItsPieces) {
  for (int pieces = 1;; ++pieces) {
    incoming_ = *installer_.Begin();
    ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), pieces).ok());
    const std::optional<SnapshotPlace> place = incoming_->place();
    if (!place) break;  // with the end nothing is missing any more
    EXPECT_EQ(place->piece_count, static_cast<std::uint64_t>(pieces));
    ASSERT_TRUE(Transfer(*SourceAt(*place)).ok()) << pieces;
    EXPECT_TRUE(incoming_->Finish().ok()) << pieces;
  }
}

TEST_F(SnapshotPlaceTest, ASourceThatHasReadOnGoesBack) {
  const std::unique_ptr<SnapshotSource> source = *state_->OpenSnapshot();
  ASSERT_TRUE(Transfer(*source, 3).ok());
  const SnapshotPlace place = *incoming_->place();
  ASSERT_TRUE(source->NextPiece(kPieceBytes).ok()) << "lost on its way";
  ASSERT_TRUE(source->GoTo(place).ok());
  ASSERT_TRUE(Transfer(*source).ok());
  ExpectTheSameState();
}

TEST_F(SnapshotPlaceTest, ASourceSaysHowManyKeysLieBeforeItsNextPiece) {
  const std::unique_ptr<SnapshotSource> source = *state_->OpenSnapshot();
  EXPECT_EQ(source->keys_passed(), 0);
  ASSERT_TRUE(Transfer(*source, 3).ok());
  const SnapshotPlace place = *incoming_->place();
  EXPECT_GT(place.key_count, 0);
  EXPECT_EQ(source->keys_passed(), place.key_count);
  EXPECT_EQ(SourceAt(place)->keys_passed(), place.key_count) << "also those of an earlier stream";
  ASSERT_TRUE(Transfer(*source).ok());
  EXPECT_EQ(source->keys_passed(), source->header().key_count);
}

TEST_F(SnapshotPlaceTest, ASourceThatHasReadOnBeginsAgain) {
  const std::unique_ptr<SnapshotSource> source = *state_->OpenSnapshot();
  for (int piece = 0; piece < 3; ++piece) ASSERT_TRUE(source->NextPiece(kPieceBytes).ok());
  ASSERT_TRUE(source->GoTo({}).ok());
  ASSERT_TRUE(Transfer(*source).ok());
  ExpectTheSameState();
}

// Another leader may keep to another limit.
TEST_F(SnapshotPlaceTest, TheRestMayBeCutOtherwise) {
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 3).ok());
  const std::unique_ptr<SnapshotSource> other = SourceAt(*incoming_->place());
  ASSERT_TRUE(Transfer(*other, 2, 300).ok());
  ASSERT_TRUE(Transfer(*other, 1'000, 1 << 20).ok());
  ExpectTheSameState();
}

TEST_F(SnapshotPlaceTest, AnEmptyStateGoesOnAfterItsHead) {
  for (int key = 0; key < 40; ++key) Apply(DeleteCommand("key " + std::to_string(key)));
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 1).ok());
  ASSERT_TRUE(Transfer(*SourceAt(*incoming_->place())).ok());
  ExpectTheSameState();
}

TEST_F(SnapshotPlaceTest, ThereIsNoPlaceBeforeTheHeadAfterTheEndAndAfterDamage) {
  EXPECT_EQ(incoming_->place(), std::nullopt);
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 2).ok());
  EXPECT_NE(incoming_->place(), std::nullopt);
  EXPECT_FALSE(incoming_->Add("damaged").ok());
  EXPECT_EQ(incoming_->place(), std::nullopt);

  incoming_ = *installer_.Begin();
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot()).ok());
  EXPECT_EQ(incoming_->place(), std::nullopt);
}

// The receiver's word is not evidence against the sender's disk: these are no DATA_LOSS.
TEST_F(SnapshotPlaceTest, APlaceAfterAKeyThatIsNotThereIsRefused) {
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 3).ok());
  SnapshotPlace place = *incoming_->place();
  place.last_key += "!";
  const absl::Status gone = (*state_->OpenSnapshot())->GoTo(place);
  EXPECT_TRUE(absl::IsInvalidArgument(gone)) << gone;
}

TEST_F(SnapshotPlaceTest, APlaceWithAWrongNumberOfKeysIsNoticedAtTheEnd) {
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 3).ok());
  SnapshotPlace place = *incoming_->place();
  ++place.key_count;
  const absl::Status sent = Transfer(*SourceAt(place));
  EXPECT_TRUE(absl::IsInvalidArgument(sent)) << sent;
  EXPECT_THAT(std::string(sent.message()), HasSubstr("were said to lie before that place"));
}

// Nothing that does not fit is stored, whatever the sender believes.
TEST_F(SnapshotPlaceTest, TheReceiverTakesNothingFromAnotherPlace) {
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 3).ok());
  SnapshotPlace wrong = *incoming_->place();
  wrong.link ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(Transfer(*SourceAt(wrong))));
}

TEST_F(SnapshotPlaceTest, TheRestOfAnotherStateDoesNotMakeAWhole) {
  ASSERT_TRUE(Transfer(**state_->OpenSnapshot(), 3).ok());
  Apply(PutCommand("key 9", std::string(100, 'w')));
  ASSERT_TRUE(Transfer(*SourceAt(*incoming_->place())).ok()) << "each piece is in order";
  EXPECT_TRUE(absl::IsDataLoss(incoming_->Finish().status()));
}

}  // namespace
}  // namespace raft
