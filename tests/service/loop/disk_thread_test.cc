// The disk thread: one write for all that waits, the highest sequence reported, errors final.
#include "service/loop/disk_thread.h"

#include <gtest/gtest.h>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

PersistRequest Write(std::uint64_t sequence) {
  return {.sequence = PersistSequence(sequence),
          .promise = std::nullopt,
          .rebase = std::nullopt,
          .truncate_from = std::nullopt,
          .entries = {MakeEntry(sequence, 1)}};
}

class DiskThreadTest : public testing::Test {
 protected:
  FakeStorage storage_;
  Inbox inbox_{InboxLimits{}};
  LoopObserver observer_;
  Notebook<absl::Status> fatal_;
  DiskThread disk_{storage_, inbox_, observer_,
                   [this](const absl::Status& failure) { fatal_.Write(failure); }};
};

TEST_F(DiskThreadTest, MakesWhatGathersDuringAWriteTheNextBatch) {
  storage_.door.Shut();
  disk_.Start();
  disk_.Push(Write(1));
  ASSERT_TRUE(storage_.door.WaitForArrivals(1));
  disk_.Push(Write(2));
  disk_.Push(Write(3));
  storage_.door.Open();
  disk_.DrainAndStop();
  EXPECT_EQ(storage_.batches.Read(), (std::vector<std::vector<std::uint64_t>>{{1}, {2, 3}}));
}

TEST_F(DiskThreadTest, ReportsTheHighestSequenceOfTheBatch) {
  disk_.Push(Write(1));
  disk_.Push(Write(2));
  disk_.Start();
  std::vector<Input> turn;
  ASSERT_TRUE(inbox_.WaitAndTake(turn));
  ASSERT_EQ(turn.size(), 1u);
  EXPECT_EQ(std::get<WritePersisted>(turn.front()).sequence, PersistSequence(2));
}

TEST_F(DiskThreadTest, WritesEverythingThatWaitsBeforeItStops) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) disk_.Push(Write(sequence));
  disk_.Start();
  disk_.DrainAndStop();
  EXPECT_EQ(storage_.batches.Read(), (std::vector<std::vector<std::uint64_t>>{{1, 2, 3}}));
}

TEST_F(DiskThreadTest, ReportsAFailedWriteAsFatalAndNothingAsDurable) {
  storage_.failure = absl::DataLossError("write log/000003.log: no space left on device");
  disk_.Push(Write(1));
  disk_.Start();
  ASSERT_TRUE(fatal_.WaitForCount(1));
  disk_.Push(Write(2));
  disk_.DrainAndStop();
  inbox_.Close();
  std::vector<Input> turn;
  EXPECT_FALSE(inbox_.WaitAndTake(turn)) << "no write may be reported after a failed one";
  ASSERT_EQ(fatal_.Read().size(), 1u);
  EXPECT_EQ(fatal_.Read().front().message(), "write log/000003.log: no space left on device");
}

}  // namespace
}  // namespace raft
