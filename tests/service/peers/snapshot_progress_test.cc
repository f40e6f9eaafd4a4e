// How large a snapshot will be, told from the keys that have gone.
#include "service/snapshot_progress.h"

#include <gtest/gtest.h>

namespace raft {
namespace {

TEST(SnapshotProgressTest, TheRestIsTakenToBeAsLargeKeyByKey) {
  EXPECT_EQ(SnapshotProgressAt(/*sent_bytes=*/500, /*sent_keys=*/25, /*key_count=*/100).size_bytes,
            2'000);
}

TEST(SnapshotProgressTest, OnceTheLastKeyHasGoneTheSizeIsWhatWasSent) {
  EXPECT_EQ(SnapshotProgressAt(777, 100, 100).size_bytes, 777);
  EXPECT_EQ(SnapshotProgressAt(60, 0, 0).size_bytes, 60) << "an empty state is all head and end";
}

TEST(SnapshotProgressTest, BeforeTheFirstKeyTheSizeIsNotKnown) {
  EXPECT_EQ(SnapshotProgressAt(60, 0, 100).size_bytes, 0);
}

TEST(SnapshotProgressTest, LargeStatesDoNotOverflow) {
  constexpr std::uint64_t kTera = 1'000'000'000'000;
  EXPECT_EQ(SnapshotProgressAt(kTera, kTera / 100, kTera / 50).size_bytes, 2 * kTera);
}

TEST(PublishedProgressTest, NeverShowsMoreSentThanThereIs) {
  PublishedProgress progress;
  progress.Write({.sent_bytes = 900, .size_bytes = 800});  // as if read between two writes
  EXPECT_EQ(progress.Read().size_bytes, 900);
  progress.Write({.sent_bytes = 60, .size_bytes = 0});
  EXPECT_EQ(progress.Read().size_bytes, 0) << "not known stays not known";
}

}  // namespace
}  // namespace raft
