// §6 and dissertation §4.2.1: when does a learner keep up well enough to be made a voter? Judged by
// what it has confirmed, in bytes and by the leader's clock, never by its answering alone. Trap D8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

constexpr std::uint64_t kLimitBytes = 1 << 20;

class PromotionTest : public ::testing::Test {
 protected:
  // Server 1 leads servers 2 and 3. Server 2 takes everything, server 4 is played by the test.
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(BecomeEstablishedLeader(leader_)); }

  std::uint64_t patience_ticks() const {
    return leader_.setup().options.election_timeout_ticks_min;
  }
  std::vector<Member> WithServer4(MemberRole role) {
    std::vector<Member> members = Voters(FirstServers(3));
    members.push_back(MemberOf(kS4, role));
    return members;
  }
  void Take(MemberRole role) {
    ASSERT_TRUE(leader_.AppendedAt(leader_.ChangeMembers(WithServer4(role))).has_value());
    CatchUp(leader_, kS2);
  }
  // Server 4 is a learner and has everything.
  void TakeLearner() {
    Take(MemberRole::kLearner);
    LetServer4CatchUp();
  }
  // Entries for which server 4 is charged `bytes` are committed. Server 4 has answered none of
  // them.
  void CommitWithoutServer4(std::uint64_t bytes) {
    const std::uint64_t half = bytes / 2;  // none larger than a request
    for (const std::uint64_t part : {half, bytes - half}) {
      leader_.Propose(std::string(part - kLogEntryOverheadBytes, 'x'));
    }
    CatchUp(leader_, kS2);
    ASSERT_EQ(leader_.status().commit_index, leader_.status().last_log_index);
  }
  // Time passes. Server 2 takes everything; server 4 answers heartbeats, its disk takes no entry.
  void TickWhileServer4OnlyAnswers(std::uint64_t ticks) {
    for (std::uint64_t tick = 0; tick < ticks; ++tick) {
      leader_.TickTimes(1);
      CatchUp(leader_, kS2);
      CatchUp(leader_, kS3);
      for (const auto& sent : leader_.TakeRequestsTo<AppendEntriesRequest>(kS4)) {
        if (!sent.request.is_heartbeat()) {
          unanswered_ = sent;
          continue;
        }
        AppendEntriesResponse alive = SuccessOf(sent.request);
        alive.match_index = leader_.peer(kS4).match_index;
        leader_.ReceiveAnswer(kS4, alive);
      }
    }
  }
  // Server 4's disk takes what it was sent, and everything after it.
  void LetServer4CatchUp() {
    if (unanswered_) Acknowledge(leader_, *unanswered_);
    leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
    CatchUp(leader_, kS2);
    CatchUp(leader_, kS4);
    ASSERT_EQ(leader_.peer(kS4).match_index, leader_.status().last_log_index);
  }
  bool IsBeingPromoted() { return leader_.status().configuration->IsVoter(kS4); }
  // What an operator hears who asks to make server 4 a voter; none: it is begun.
  std::optional<Refusal> AskForPromotion() {
    return leader_.RefusalOf(leader_.ChangeMembers(WithServer4(MemberRole::kVoter)));
  }
  void ExpectRefused() {
    const std::optional<Refusal> refusal = AskForPromotion();
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->reason, RefusalReason::kLearnerBehind);
    EXPECT_EQ(refusal->silent_peer, kS4);
    EXPECT_FALSE(IsBeingPromoted());
  }
  bool Answered(std::uint64_t within_ticks) {
    return leader_.peer(kS4).last_contact_ticks <= within_ticks;
  }

  ServerUnderTest leader_;
  std::optional<Sent<AppendEntriesRequest>> unanswered_;  // entries that wait for its disk
};

// ---- Bytes.

TEST_F(PromotionTest, ALearnerThatAnswersButLacksMoreThanTheLimitIsRefusedUntilItHasCaughtUp) {
  TakeLearner();
  CommitWithoutServer4(kLimitBytes + 1);
  TickWhileServer4OnlyAnswers(2);
  ASSERT_TRUE(Answered(1));
  ASSERT_EQ(leader_.peer(kS4).state, PeerState::kReplicate);
  ExpectRefused();
  LetServer4CatchUp();
  EXPECT_FALSE(AskForPromotion().has_value());
  EXPECT_TRUE(IsBeingPromoted());
}

TEST_F(PromotionTest, ALearnerThatLacksJustTheLimitKeepsUp) {
  TakeLearner();
  CommitWithoutServer4(kLimitBytes);
  TickWhileServer4OnlyAnswers(2);
  ASSERT_EQ(leader_.peer(kS4).lag_bytes, kLimitBytes);
  EXPECT_FALSE(AskForPromotion().has_value());
}

// Under load nobody ever has the last entry.
TEST_F(PromotionTest, WhatIsNotCommittedYetIsNotHeldAgainstALearner) {
  TakeLearner();
  for (int command = 0; command < 4; ++command) leader_.Propose(std::string(kLimitBytes / 2, 'x'));
  ASSERT_LT(leader_.status().commit_index, leader_.status().last_log_index);
  ASSERT_GT(leader_.peer(kS4).lag_bytes, kLimitBytes);
  EXPECT_FALSE(AskForPromotion().has_value());
}

TEST_F(PromotionTest, AServerThatJoinsAndLacksMoreThanTheLimitIsNotPromotedUntilItHasCaughtUp) {
  Take(MemberRole::kJoining);
  CommitWithoutServer4(2 * kLimitBytes);
  TickWhileServer4OnlyAnswers(patience_ticks() / 2);
  ASSERT_TRUE(Answered(2));
  EXPECT_FALSE(IsBeingPromoted());
  LetServer4CatchUp();
  leader_.TickTimes(1);
  EXPECT_TRUE(IsBeingPromoted());
}

// ---- Time.

TEST_F(PromotionTest, ALearnerThatLacksAnOldEntryIsRefusedUntilItHasCaughtUp) {
  TakeLearner();
  leader_.Propose("small");
  TickWhileServer4OnlyAnswers(patience_ticks());
  EXPECT_EQ(leader_.peer(kS4).lag_ms,
            static_cast<LogTimeMs>(patience_ticks()) * leader_.setup().options.tick_ms)
      << "at the limit";
  TickWhileServer4OnlyAnswers(1);
  ASSERT_TRUE(Answered(2));
  ExpectRefused();
  LetServer4CatchUp();
  EXPECT_FALSE(AskForPromotion().has_value());
}

TEST_F(PromotionTest, ALearnerThatLagsForAsLongAsTheLimitKeepsUp) {
  TakeLearner();
  leader_.Propose("small");
  TickWhileServer4OnlyAnswers(patience_ticks());
  EXPECT_FALSE(AskForPromotion().has_value());
}

TEST_F(PromotionTest, AServerThatJoinsAndLagsForLongerThanTheLimitIsNotPromotedUntilItHasCaughtUp) {
  Take(MemberRole::kJoining);
  for (std::uint64_t tick = 0; tick <= patience_ticks(); ++tick) {  // Nothing is heard of it yet.
    leader_.TickTimes(1);
    CatchUp(leader_, kS2);
  }
  TickWhileServer4OnlyAnswers(patience_ticks());
  ASSERT_TRUE(Answered(2));
  ASSERT_EQ(leader_.peer(kS4).state, PeerState::kReplicate) << "their logs have met";
  EXPECT_FALSE(IsBeingPromoted());
  LetServer4CatchUp();
  leader_.TickTimes(1);
  EXPECT_TRUE(IsBeingPromoted());
}

// ---- What it had is not what it has.

TEST_F(PromotionTest, ALearnerThatHadEverythingAndFellSilentIsRefused) {
  TakeLearner();
  for (std::uint64_t tick = 0; tick <= patience_ticks(); ++tick) {
    leader_.TickTimes(1);
    CatchUp(leader_, kS2);
  }
  ASSERT_EQ(leader_.peer(kS4).match_index, leader_.status().last_log_index);
  ExpectRefused();
}

TEST_F(PromotionTest, ALearnerWhoseLogHasNotMetTheLeadersIsRefused) {
  Take(MemberRole::kLearner);
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  for (const auto& sent : leader_.TakeRequestsTo<AppendEntriesRequest>(kS4)) {
    Reject(leader_, sent, {.term = std::nullopt, .index = LogIndex(1)});
  }
  ASSERT_TRUE(Answered(0));
  ASSERT_EQ(leader_.peer(kS4).state, PeerState::kProbe);
  ExpectRefused();
}

}  // namespace
}  // namespace raft::harness
