// The queue between two threads.
#include "service/loop/mailbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace raft {
namespace {

using Numbers = std::vector<int>;

TEST(MailboxTest, GivesEverythingThatWaitsAtOnceAndInOrder) {
  Mailbox<Numbers> mailbox;
  for (int number : {1, 2, 3}) {
    ASSERT_TRUE(mailbox.Put([number](Numbers& numbers) { numbers.push_back(number); }));
  }
  Numbers taken = {99};
  ASSERT_TRUE(mailbox.WaitAndTake(taken));
  EXPECT_EQ(taken, (Numbers{1, 2, 3}));
}

TEST(MailboxTest, RefusesAfterClosingButGivesBackWhatIsLeft) {
  Mailbox<Numbers> mailbox;
  ASSERT_TRUE(mailbox.Put([](Numbers& numbers) { numbers.push_back(1); }));
  mailbox.Close();
  EXPECT_FALSE(mailbox.Put([](Numbers& numbers) { numbers.push_back(2); }));
  Numbers taken;
  EXPECT_TRUE(mailbox.WaitAndTake(taken));
  EXPECT_EQ(taken, Numbers{1});
  EXPECT_FALSE(mailbox.WaitAndTake(taken));
}

TEST(MailboxTest, WakesAReceiverThatSleeps) {
  Mailbox<Numbers> mailbox;
  int sum = 0;
  std::thread receiver([&] {
    Numbers taken;
    while (mailbox.WaitAndTake(taken)) {
      for (int number : taken) sum += number;
    }
  });
  for (int number = 1; number <= 1000; ++number) {
    ASSERT_TRUE(mailbox.Put([number](Numbers& numbers) { numbers.push_back(number); }));
    if (number % 10 == 0) std::this_thread::yield();
  }
  mailbox.Close();
  receiver.join();
  EXPECT_EQ(sum, 500500);
}

}  // namespace
}  // namespace raft
