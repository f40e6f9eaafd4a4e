// Messages wait until the disk has what they promise (Figure 2: "updated on stable storage before
// responding to RPCs").
#include "core/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutboxTest : public ::testing::Test {
 protected:
  static OutgoingResponse Answer(std::uint64_t number) {
    return {.to = kFromS2,
            .response = AppendEntriesResponse{
                .number = RequestNumber(number), .term = Term(1), .success = true}};
  }
  std::vector<std::uint64_t> ReleasedNumbers() {
    std::vector<std::uint64_t> numbers;
    for (const auto& answer : bench_.ReleaseResponses<AppendEntriesResponse>()) {
      numbers.push_back(answer.number.value());
    }
    return numbers;
  }
  PersistentState& disk() { return bench_.state().persistent; }
  Outbox& outbox() { return bench_.outbox(); }

  RoleBench bench_{Recovered({.term = 1})};
};

TEST_F(OutboxTest, WithNothingToSaveAMessageLeavesAtOnce) {
  outbox().Send(Answer(1));
  outbox().SendOncePromiseIsDurable(Answer(2));
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(1, 2));
  EXPECT_THAT(ReleasedNumbers(), IsEmpty()) << "a message leaves once";
}

TEST_F(OutboxTest, SendWaitsForTheWriteThatIsYetToBeHandedOut) {
  disk().Append(Entry(1, 1));
  outbox().Send(Answer(1));
  EXPECT_THAT(ReleasedNumbers(), IsEmpty());
  const PersistSequence write = bench_.HandToDisk();
  EXPECT_THAT(ReleasedNumbers(), IsEmpty());
  EXPECT_EQ(outbox().held_count(), 1u);
  disk().CompletePersist(write);
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(1));
  EXPECT_EQ(outbox().held_count(), 0u);
}

TEST_F(OutboxTest, SendWaitsForWritesUnderWayEvenIfItChangedNothing) {
  disk().Append(Entry(1, 1));
  const PersistSequence write = bench_.HandToDisk();
  outbox().Send(Answer(1));
  EXPECT_THAT(ReleasedNumbers(), IsEmpty());
  disk().CompletePersist(write);
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(1));
}

TEST_F(OutboxTest, AnAnswerThatNeedsOnlyThePromiseDoesNotWaitForTheLog) {
  disk().Append(Entry(1, 1));
  outbox().Send(Answer(1));
  outbox().SendOncePromiseIsDurable(Answer(2));
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(2));
  (void)bench_.HandToDisk();
  outbox().SendOncePromiseIsDurable(Answer(3));
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(3));
}

TEST_F(OutboxTest, AnAnswerThatNeedsThePromiseWaitsForIt) {
  disk().AdoptTerm(Term(2));
  outbox().SendOncePromiseIsDurable(Answer(1));
  const PersistSequence promise = bench_.HandToDisk();
  disk().Append(Entry(1, 2));
  (void)bench_.HandToDisk();
  outbox().SendOncePromiseIsDurable(Answer(2));
  EXPECT_THAT(ReleasedNumbers(), IsEmpty());
  disk().CompletePersist(promise);
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(1, 2));
}

TEST_F(OutboxTest, KeepsTheOrderOfWhatItHolds) {
  disk().Append(Entry(1, 1));
  outbox().Send(Answer(1));
  const PersistSequence first = bench_.HandToDisk();
  disk().Append(Entry(2, 1));
  outbox().Send(Answer(2));
  outbox().Send(Answer(3));
  const PersistSequence second = bench_.HandToDisk();
  disk().CompletePersist(first);
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(1));
  disk().CompletePersist(second);
  EXPECT_THAT(ReleasedNumbers(), ElementsAre(2, 3));
}

TEST_F(OutboxTest, TheLeadersAppendEntriesMayOvertakeTheDisk) {
  disk().Append(Entry(1, 1));
  outbox().SendWithoutWaitingForDisk({.to = kS2, .request = AppendEntriesRequest{}});
  EXPECT_EQ(bench_.ReleaseRequests<AppendEntriesRequest>().size(), 1u);
}

using OutboxDeathTest = OutboxTest;

TEST_F(OutboxDeathTest, NothingElseMayOvertakeTheDisk) {
  EXPECT_DEATH(outbox().SendWithoutWaitingForDisk({.to = kS2, .request = RequestVoteRequest{}}),
               "only the leader's AppendEntries");
}

}  // namespace
}  // namespace raft::harness
