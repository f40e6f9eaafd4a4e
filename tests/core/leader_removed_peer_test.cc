// A leader removes a peer that a snapshot is on its way to; then the transfer ends, one way or the
// other. It is nobody's any more, and the log waits for it no longer (trap C18).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kTail = 10;

// Trims as soon as anything can go, except a tail that is longer than what the tests write.
RaftOptions OptionsWithATail() {
  RaftOptions options = SmallOptions();
  options.compaction_entries = 1;
  options.tail_entries = kTail;
  return options;
}

class RemovedPeerTest : public ::testing::Test {
 protected:
  // Server 1 leads; its log begins after entry 5, and server 3 is sent a snapshot that ends at 6.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(BecomeLeader(leader_));
    const auto sent = TakeAppendTo(leader_, kS3);
    CatchUp(leader_, kS2);
    Reject(leader_, *sent, {.term = std::nullopt, .index = LogIndex(1)});
    const auto offers = leader_.TakeRequests<InstallSnapshotRequest>();
    ASSERT_THAT(offers, SizeIs(1));
    offer_ = offers.front().request;
  }
  void CommitMore(std::uint64_t entries) {
    for (std::uint64_t entry = 0; entry < entries; ++entry) {
      leader_.Propose();
      CatchUp(leader_, kS2);
    }
  }
  // Server 3 leaves, and is not waited for any more.
  void RemoveServer3() {
    leader_.ChangeMembers(Voters({kS1, kS2}));
    CatchUp(leader_, kS2);
    ASSERT_THAT(leader_.status().configuration->voters(), ElementsAre(kS1, kS2));
    ASSERT_EQ(leader_.status().commit_index, leader_.status().last_log_index);
  }
  void ForgetServer3() {
    for (std::uint32_t tick = 0; tick <= 2 * SmallOptions().election_timeout_ticks_max; ++tick) {
      leader_.TickTimes(1);
      CatchUp(leader_, kS2);
    }
    ASSERT_THAT(leader_.status().peers, SizeIs(1));
    leader_.TakeAllRequests();
  }
  void AnswerTheOffer(bool success) {
    leader_.ReceiveAnswer(kS3, InstallSnapshotResponse{.number = offer_.number,
                                                       .term = Term(leader_.term()),
                                                       .success = success,
                                                       .match_index = LogIndex(success ? 6 : 0)});
  }
  void FailTheOffer() { leader_.Step(PeerUnreachable{.peer = kS3, .number = offer_.number}); }
  // Leads on, has one peer and asks nothing of server 3.
  void ExpectNothingHappened() {
    EXPECT_EQ(leader_.role(), RoleName::kLeader);
    EXPECT_THAT(leader_.status().peers, SizeIs(1));
    leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
    EXPECT_THAT(leader_.TakeRequestsTo<AppendEntriesRequest>(kS3), IsEmpty());
    EXPECT_THAT(leader_.TakeRequestsTo<InstallSnapshotRequest>(kS3), IsEmpty());
    CatchUp(leader_, kS2);
    const std::uint64_t before = leader_.commit_index();
    CommitMore(1);
    EXPECT_EQ(leader_.commit_index(), before + 1);
  }

  ServerUnderTest leader_{{.options = OptionsWithATail(),
                           .recovered = Recovered({.term = 1, .applied = 5, .base = At(5, 1)})}};
  InstallSnapshotRequest offer_;
};

TEST_F(RemovedPeerTest, TheAnswerToItsSnapshotChangesNothing) {
  RemoveServer3();
  ForgetServer3();
  AnswerTheOffer(true);
  ExpectNothingHappened();
}

TEST_F(RemovedPeerTest, TheRefusalOfItsSnapshotChangesNothing) {
  RemoveServer3();
  ForgetServer3();
  AnswerTheOffer(false);
  ExpectNothingHappened();
}

TEST_F(RemovedPeerTest, TheFailureOfItsSnapshotChangesNothing) {
  RemoveServer3();
  ForgetServer3();
  FailTheOffer();
  ExpectNothingHappened();
}

TEST_F(RemovedPeerTest, TheLogDoesNotWaitForItsSnapshot) {
  CommitMore(kTail + 2);
  ASSERT_LE(leader_.status().first_log_index, LogIndex(7)) << "for a member it waits (C16)";
  RemoveServer3();
  ForgetServer3();
  CommitMore(1);
  EXPECT_EQ(leader_.status().first_log_index, leader_.status().last_log_index - kTail + 1)
      << "the tail alone is kept, though the transfer may still be under way";
}

// Trap D19: the snapshot went to its life before.
TEST_F(RemovedPeerTest, WhoIsBackInAnotherLifeHasNotAnsweredTheSnapshotOfTheOneBefore) {
  RemoveServer3();
  Member again = MemberOf(kS3, MemberRole::kLearner);
  again.incarnation = 777;
  leader_.ChangeMembers({MemberOf(kS1), MemberOf(kS2), again});
  CatchUp(leader_, kS2);
  AnswerTheOffer(true);
  EXPECT_EQ(leader_.peer(kS3).match_index, LogIndex(0));
  EXPECT_NE(leader_.peer(kS3).state, PeerState::kReplicate);
  EXPECT_THAT(leader_.EventsOf<StaleResponseDropped>(), SizeIs(1));
}

}  // namespace
}  // namespace raft::harness
