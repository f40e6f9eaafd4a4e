// Reads that wait for a confirmation of leadership (dissertation §6.4).
#include "core/read_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::uint64_t> TicketsOf(const std::vector<ReadReady>& ready) {
  std::vector<std::uint64_t> tickets;
  for (const ReadReady& read : ready) tickets.push_back(read.ticket.value());
  return tickets;
}

class ReadQueueTest : public ::testing::Test {
 protected:
  ReadQueueTest() {
    reads_.Add(Ticket(1), RequestNumber(10));
    reads_.Add(Ticket(2), RequestNumber(10));
    reads_.Add(Ticket(3), RequestNumber(12));
  }
  ReadQueue reads_;
};

TEST_F(ReadQueueTest, ARequestIssuedBeforeAReadDoesNotConfirmIt) {
  EXPECT_THAT(reads_.TakeConfirmed(RequestNumber(9), LogIndex(5)), IsEmpty());
  EXPECT_EQ(reads_.size(), 3u);
}

TEST_F(ReadQueueTest, OneRequestConfirmsAllReadsThatCameBeforeIt) {
  const auto ready = reads_.TakeConfirmed(RequestNumber(11), LogIndex(5));
  EXPECT_THAT(TicketsOf(ready), ElementsAre(1, 2));
  EXPECT_EQ(ready.front().read_index, LogIndex(5));
  EXPECT_THAT(TicketsOf(reads_.TakeConfirmed(RequestNumber(12), LogIndex(6))), ElementsAre(3));
  EXPECT_TRUE(reads_.empty());
}

TEST_F(ReadQueueTest, AnswersAReadOnlyOnce) {
  (void)reads_.TakeConfirmed(RequestNumber(20), LogIndex(5));
  EXPECT_THAT(reads_.TakeConfirmed(RequestNumber(20), LogIndex(5)), IsEmpty());
}

TEST_F(ReadQueueTest, NamesTheNumberThatConfirmsItsNewestRead) {
  EXPECT_EQ(reads_.newest_needed(), RequestNumber(12));
  EXPECT_EQ(ReadQueue().newest_needed(), std::nullopt);
}

TEST_F(ReadQueueTest, GivesBackEveryTicketWhenLeadershipEnds) {
  EXPECT_THAT(reads_.TakeAll(), ElementsAre(Ticket(1), Ticket(2), Ticket(3)));
  EXPECT_TRUE(reads_.empty());
}

}  // namespace
}  // namespace raft::harness
