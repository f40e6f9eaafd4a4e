// §6, the joint configuration: "Agreement (for elections and entry commitment) requires separate
// majorities from both the old and new configurations", and so does whatever asks for a majority.
// Commits and reads: section_6_membership_test.cc. Traps D2, D4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;

// Server 1 stays, servers 2 and 3 give way to 4 and 5.
ClusterConfiguration Joint() {
  return {ClusterConfiguration(Voters({kS1, kS2, kS3})), Voters({kS1, kS4, kS5})};
}

class JointTest : public ::testing::Test {
 protected:
  // Server 1 of term 1, whose only entry is the joint configuration.
  void Start(bool is_committed = false) {
    RecoveredState recovered = Recovered({.term = 1});
    recovered.entries = {ConfigurationEntry(1, 1, Joint())};
    if (is_committed) recovered.applied = At(1, 1);
    server_.emplace(ServerSetup{.recovered = std::move(recovered)});
    ASSERT_TRUE(server_->status().configuration->is_joint());
  }
  // Those of `voters` say yes to what was asked last.
  template <typename Request>
  void GrantBy(const std::set<ServerId>& voters) {
    for (const auto& sent : server_->TakeRequests<Request>()) {
      if (voters.contains(sent.to)) Grant(*server_, sent);
    }
  }
  RoleName RoleAfterPreVotesOf(const std::set<ServerId>& voters) {
    Start();
    TickUntilPreCandidate(*server_);
    GrantBy<PreVoteRequest>(voters);
    return server_->role();
  }
  RoleName RoleAfterVotesOf(const std::set<ServerId>& voters) {
    Start();
    BecomeCandidate(*server_);
    GrantBy<RequestVoteRequest>(voters);
    return server_->role();
  }
  // `answering` answer their heartbeats for much longer than an election timeout; their disks take
  // no entry, so that the configuration stays joint.
  bool GoesOnLeadingWithAnswersOf(const std::set<ServerId>& answering) {
    Start();
    BecomeLeader(*server_);
    for (std::uint64_t tick = 0; tick < 3ull * SmallOptions().election_timeout_ticks_max; ++tick) {
      server_->TickTimes(1);
      for (const auto& sent : server_->TakeRequests<AppendEntriesRequest>()) {
        if (!sent.request.is_heartbeat() || !answering.contains(sent.to)) continue;
        AppendEntriesResponse alive = SuccessOf(sent.request);
        alive.match_index = LogIndex(0);
        server_->ReceiveAnswer(sent.to, alive);
      }
    }
    EXPECT_TRUE(server_->status().configuration->is_joint());
    const std::vector<SteppedDown> stepped_down = server_->EventsOf<SteppedDown>();
    for (const SteppedDown& step : stepped_down) {
      EXPECT_EQ(step.reason, StepDownReason::kQuorumLost);
    }
    return stepped_down.empty();
  }

  std::optional<ServerUnderTest> server_;
};

TEST_F(JointTest, PreVotesOfTheOldMajorityAloneAreNotEnough) {
  EXPECT_EQ(RoleAfterPreVotesOf({kS2, kS3}), RoleName::kPreCandidate);
}

TEST_F(JointTest, PreVotesOfTheNewMajorityAloneAreNotEnough) {
  EXPECT_EQ(RoleAfterPreVotesOf({kS4, kS5}), RoleName::kPreCandidate);
}

TEST_F(JointTest, PreVotesOfBothMajoritiesMakeACandidate) {
  EXPECT_EQ(RoleAfterPreVotesOf({kS3, kS4}), RoleName::kCandidate);
}

TEST_F(JointTest, VotesOfTheOldMajorityAloneAreNotEnough) {
  EXPECT_EQ(RoleAfterVotesOf({kS2, kS3}), RoleName::kCandidate);
}

TEST_F(JointTest, VotesOfTheNewMajorityAloneAreNotEnough) {
  EXPECT_EQ(RoleAfterVotesOf({kS4, kS5}), RoleName::kCandidate);
}

TEST_F(JointTest, VotesOfBothMajoritiesMakeALeader) {
  EXPECT_EQ(RoleAfterVotesOf({kS3, kS4}), RoleName::kLeader);
}

TEST_F(JointTest, ALeaderThatHearsOnlyTheOldMajorityStepsDown) {
  EXPECT_FALSE(GoesOnLeadingWithAnswersOf({kS2, kS3}));
}

TEST_F(JointTest, ALeaderThatHearsOnlyTheNewMajorityStepsDown) {
  EXPECT_FALSE(GoesOnLeadingWithAnswersOf({kS4, kS5}));
}

TEST_F(JointTest, ALeaderThatHearsBothMajoritiesStays) {
  EXPECT_TRUE(GoesOnLeadingWithAnswersOf({kS3, kS4}));
}

// D4: its predecessor committed the joint configuration and got no further.
TEST_F(JointTest, ANewLeaderFinishesAJointConfigurationThatIsCommittedAlready) {
  Start(/*is_committed=*/true);
  ASSERT_EQ(server_->commit_index(), 1u);
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(*server_));
  EXPECT_TRUE(server_->status().configuration->is_joint()) << "nothing is committed in its term";
  CatchUp(*server_, kS2);
  CatchUp(*server_, kS4);
  CatchUp(*server_, kS5);
  const RaftStatus status = server_->status();
  EXPECT_FALSE(status.configuration->is_joint());
  EXPECT_THAT(status.configuration->voters(), ElementsAre(kS1, kS4, kS5));
  EXPECT_EQ(status.configuration_index, LogIndex(3)) << "after the joint one and its no-op";
  EXPECT_GE(status.commit_index, status.configuration_index);
}

}  // namespace
}  // namespace raft::harness
