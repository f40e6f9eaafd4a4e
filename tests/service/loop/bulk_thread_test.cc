// The bulk thread: jobs in order, delayed ones not before their time, none forgotten.
#include "service/loop/bulk_thread.h"

#include <gtest/gtest.h>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(BulkThreadTest, DoesItsJobsInOrder) {
  Notebook<int> done;
  BulkThread bulk;
  bulk.Start();
  for (int job = 1; job <= 3; ++job) ASSERT_TRUE(bulk.Push([&done, job] { done.Write(job); }));
  ASSERT_TRUE(done.WaitForCount(3));
  EXPECT_EQ(done.Read(), (std::vector<int>{1, 2, 3}));
}

TEST(BulkThreadTest, DoesADelayedJobLaterThanOneThatIsNot) {
  Notebook<int> done;
  BulkThread bulk;
  bulk.Start();
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(bulk.PushAfter(milliseconds(50), [&done] { done.Write(2); }));
  ASSERT_TRUE(bulk.Push([&done] { done.Write(1); }));
  ASSERT_TRUE(done.WaitForCount(2));
  EXPECT_EQ(done.Read(), (std::vector<int>{1, 2}));
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(50));
}

TEST(BulkThreadTest, AJobMayAskForTheNextOne) {
  Notebook<int> done;
  BulkThread bulk;
  bulk.Start();
  ASSERT_TRUE(bulk.Push([&] {
    done.Write(1);
    EXPECT_TRUE(bulk.PushAfter(milliseconds(1), [&done] { done.Write(2); }));
  }));
  EXPECT_TRUE(done.WaitForCount(2));
}

TEST(BulkThreadTest, StoppingDoesAtOnceWhatWaitsAndTakesNothingNew) {
  Notebook<int> done;
  BulkThread bulk;
  ASSERT_TRUE(bulk.PushAfter(hours(1), [&] {
    done.Write(2);
    EXPECT_FALSE(bulk.Push([&done] { done.Write(3); }));
  }));
  ASSERT_TRUE(bulk.Push([&done] { done.Write(1); }));
  Door door;
  door.Shut();
  ASSERT_TRUE(bulk.Push([&door] { door.PassThrough(); }));
  bulk.Start();
  ASSERT_TRUE(door.WaitForArrivals(1));
  std::thread stopper([&bulk] { bulk.DrainAndStop(); });
  while (bulk.Push([] {})) std::this_thread::yield();
  door.Open();
  stopper.join();
  EXPECT_EQ(done.Read(), (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace raft
