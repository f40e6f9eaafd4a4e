// Whatever a broken transfer had pinned is there for the next one, and not for longer than that.
#include "service/kept_snapshots.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

using std::chrono::milliseconds;

const Member kPeer = {.server_id = ServerId(2), .incarnation = 102, .peer_address = "two:1"};
constexpr LogIndex kEnd(9);

// Says when it is let go.
class WatchedSource final : public SnapshotSource {
 public:
  explicit WatchedSource(Notebook<int>& gone) : gone_(gone) { header_.last_included.index = kEnd; }
  ~WatchedSource() override { gone_.Write(1); }
  const SnapshotHeader& header() const override { return header_; }
  absl::StatusOr<std::string> NextPiece(std::size_t) override { return std::string(); }

 private:
  Notebook<int>& gone_;
  SnapshotHeader header_;
};

class KeptSnapshotsTest : public ::testing::Test {
 protected:
  KeptSnapshotsTest() { bulk_.Start(); }
  ~KeptSnapshotsTest() override { bulk_.DrainAndStop(); }

  PinnedSnapshot Pinned() {
    const auto now = std::chrono::steady_clock::now();
    return {.source = std::make_unique<WatchedSource>(gone_), .since = now, .moved_at = now};
  }
  std::size_t gone() const { return gone_.Read().size(); }

  Notebook<int> gone_;
  BulkThread bulk_;
  KeptSnapshots kept_{bulk_, std::chrono::minutes(10)};
};

TEST_F(KeptSnapshotsTest, WhatIsKeptCanBeTakenOnce) {
  kept_.Keep(kPeer, Pinned());
  EXPECT_NE(kept_.Take(kPeer, kEnd).source, nullptr);
  EXPECT_EQ(kept_.Take(kPeer, kEnd).source, nullptr);
}

TEST_F(KeptSnapshotsTest, WhatEndsTooEarlyIsLetGo) {
  kept_.Keep(kPeer, Pinned());
  EXPECT_EQ(kept_.Take(kPeer, kEnd + 1).source, nullptr);
  EXPECT_EQ(gone(), 1u);
}

TEST_F(KeptSnapshotsTest, AnotherLifeOfThePeerGetsNothingOfTheEarlierOne) {
  kept_.Keep(kPeer, Pinned());
  Member reborn = kPeer;
  reborn.incarnation += 1;
  EXPECT_EQ(kept_.Take(reborn, kEnd).source, nullptr);
  EXPECT_EQ(gone(), 1u);
}

TEST_F(KeptSnapshotsTest, ANewerOneTakesThePlaceOfAnOlderOne) {
  kept_.Keep(kPeer, Pinned());
  kept_.Keep(kPeer, Pinned());
  EXPECT_EQ(gone(), 1u);
  EXPECT_NE(kept_.Take(kPeer, kEnd).source, nullptr);
}

TEST_F(KeptSnapshotsTest, WhatNobodyTakesIsLetGoInTime) {
  KeptSnapshots briefly(bulk_, milliseconds(10));
  briefly.Keep(kPeer, Pinned());
  ASSERT_TRUE(gone_.WaitForCount(1));
  EXPECT_EQ(briefly.Take(kPeer, kEnd).source, nullptr);
}

TEST_F(KeptSnapshotsTest, TheTimeCountsFromTheLastProgress) {
  PinnedSnapshot long_ago = Pinned();
  long_ago.moved_at -= std::chrono::hours(1);
  kept_.Keep(kPeer, std::move(long_ago));
  ASSERT_TRUE(gone_.WaitForCount(1));
}

TEST_F(KeptSnapshotsTest, OnceClosedItKeepsNothing) {
  kept_.Keep(kPeer, Pinned());
  kept_.Close();
  EXPECT_EQ(gone(), 1u);
  kept_.Keep(kPeer, Pinned());
  EXPECT_EQ(gone(), 2u);
}

TEST_F(KeptSnapshotsTest, AServerThatIsNoPeerAnyMoreIsForgotten) {
  kept_.Keep(kPeer, Pinned());
  kept_.LetGo(kPeer.server_id);
  EXPECT_EQ(gone(), 1u);
}

}  // namespace
}  // namespace raft
