// The configuration that a snapshot brings, and the one that is in force after it: the newest of
// what the snapshot and the log that is kept hold (trap C11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/core/snapshot_install_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;

// Servers 1, 2 and 3 founded the cluster.
ClusterConfiguration Of(const std::vector<ServerId>& voters) {
  return ClusterConfiguration(Voters(voters));
}

class SnapshotConfigurationTest : public SnapshotInstallTest {
 protected:
  // A state that ends at `last`; entry `index` brought its newest configuration.
  void PutOnShelf(LogPosition last, std::uint64_t index, const ClusterConfiguration& members) {
    TestState state{.position = last,
                    .log_time_ms = static_cast<LogTimeMs>(last.index.value()) * kLogTimeStepMs};
    state.entries = {ConfigurationEntry(index, last.term.value(), members)};
    server_->setup().shelf->Put(state);
  }
  std::vector<ServerId> VotersInForce() { return server_->status().configuration->voters(); }
  std::uint64_t IndexInForce() { return server_->status().configuration_index.value(); }
  // Whom the server asks when it wants to lead.
  std::vector<ServerId> AskedForPreVotes() {
    server_->TakeAllRequests();
    TickUntilPreCandidate(*server_);
    std::vector<ServerId> asked;
    for (const auto& sent : server_->TakeRequests<PreVoteRequest>()) asked.push_back(sent.to);
    return asked;
  }
};

// ---- The snapshot's is newer.

TEST_F(SnapshotConfigurationTest, ANewerOneOfTheSnapshotIsInForceOnceTheStateIsSwitched) {
  Start();
  PutOnShelf(At(9, 2), 6, Of({kS1, kS4, kS5}));
  server_->HoldApply();
  OfferUpTo(At(9, 2));
  EXPECT_EQ(IndexInForce(), 0u) << "the state is not here yet";
  server_->ReleaseApply();
  EXPECT_EQ(IndexInForce(), 6u);
  EXPECT_THAT(VotersInForce(), ElementsAre(kS1, kS4, kS5));
  EXPECT_EQ(server_->in_force().index, LogIndex(6)) << "the transport hears of it";
  EXPECT_THAT(AskedForPreVotes(), ElementsAre(kS4, kS5)) << "and so do elections";
}

TEST_F(SnapshotConfigurationTest, ANewerOneOfTheSnapshotSurvivesACrash) {
  Start();
  PutOnShelf(At(9, 2), 6, Of({kS1, kS4, kS5}));
  OfferUpTo(At(9, 2));
  ServerUnderTest restarted(server_->SetupAfterCrash());
  EXPECT_EQ(restarted.status().configuration_index, LogIndex(6));
  EXPECT_THAT(restarted.status().configuration->voters(), ElementsAre(kS1, kS4, kS5));
}

TEST_F(SnapshotConfigurationTest, AServerThatTheSnapshotLeavesOutDoesNotCampaign) {
  Start();
  PutOnShelf(At(9, 2), 6, Of({kS2, kS3, kS4}));
  OfferUpTo(At(9, 2));
  server_->TickTimes(3ull * SmallOptions().election_timeout_ticks_max);
  EXPECT_EQ(server_->role(), RoleName::kFollower);
}

TEST_F(SnapshotConfigurationTest, AServerThatTheSnapshotMakesAVoterCampaigns) {
  server_.emplace(ServerSetup{.self = kS4, .recovered = Recovered({.term = 2})});
  PutOnShelf(At(9, 2), 6, Of({kS2, kS3, kS4}));
  server_->TickTimes(3ull * SmallOptions().election_timeout_ticks_max);
  ASSERT_EQ(server_->role(), RoleName::kFollower) << "it knows of no vote yet";
  OfferUpTo(At(9, 2));
  EXPECT_THAT(AskedForPreVotes(), ElementsAre(kS2, kS3));
}

// ---- The log that is kept holds a newer one.

class SnapshotBeforeAChangeTest : public SnapshotConfigurationTest {
 protected:
  // The log holds a configuration at 4, and at 7, which is not committed; a snapshot that ends at
  // 5 holds the first. Entries 4 to 7 came while its state was switched, so that they are kept.
  void Install() {
    Start();
    PutOnShelf(At(5, 2), 4, first_);
    server_->HoldApply();
    OfferUpTo(At(5, 2));
    ASSERT_TRUE(Append({.term = 2,
                        .previous = At(3, 1),
                        .entries = {ConfigurationEntry(4, 2, first_), Entry(5, 2), Entry(6, 2),
                                    ConfigurationEntry(7, 2, second_)}})
                    .success);
    ASSERT_EQ(IndexInForce(), 7u);
    server_->ReleaseApply();
    ASSERT_EQ(base(), 5u);
    ASSERT_EQ(server_->status().last_log_index, LogIndex(7));
  }

  const ClusterConfiguration first_ = Of({kS1, kS2, kS3, kS4});
  const ClusterConfiguration second_ = ClusterConfiguration(first_, Voters({kS1, kS4, kS5}));
};

TEST_F(SnapshotBeforeAChangeTest, TheOneInTheLogStaysInForce) {
  ASSERT_NO_FATAL_FAILURE(Install());
  EXPECT_EQ(IndexInForce(), 7u);
  EXPECT_TRUE(server_->status().configuration->is_joint());
  EXPECT_THAT(AskedForPreVotes(), ElementsAre(kS2, kS3, kS4, kS5));
}

TEST_F(SnapshotBeforeAChangeTest, TheOneInTheLogIsInForceAfterACrashToo) {
  ASSERT_NO_FATAL_FAILURE(Install());
  ServerUnderTest restarted(server_->SetupAfterCrash());
  EXPECT_EQ(restarted.status().configuration_index, LogIndex(7));
  EXPECT_TRUE(restarted.status().configuration->is_joint());
}

// Trap D3: the entry that held it is in no log any more.
TEST_F(SnapshotBeforeAChangeTest, WhenTheOneInTheLogIsTruncatedTheSnapshotsIsInForceAgain) {
  ASSERT_NO_FATAL_FAILURE(Install());
  Append({.term = 3, .leader = kS3, .previous = At(6, 2), .entries = {Entry(7, 3)}});
  EXPECT_EQ(IndexInForce(), 4u);
  EXPECT_THAT(VotersInForce(), ElementsAre(kS1, kS2, kS3, kS4));
}

// ---- The log that held a newer one is dropped.

TEST_F(SnapshotConfigurationTest, AnUncommittedOneGoesWithTheLogThatTheSnapshotReplaces) {
  Start();
  ASSERT_TRUE(
      Append({.term = 2,
              .previous = At(3, 1),
              .entries = {Entry(4, 1), Entry(5, 1), ConfigurationEntry(6, 1, Of({kS1, kS4, kS5}))}})
          .success);
  ASSERT_EQ(IndexInForce(), 6u);
  PutOnShelf(At(5, 2), 4, Of({kS1, kS2}));  // Entry 5 is of another term there.
  OfferUpTo(At(5, 2));
  ASSERT_EQ(server_->status().last_log_index, LogIndex(5));
  EXPECT_EQ(IndexInForce(), 4u);
  EXPECT_THAT(VotersInForce(), ElementsAre(kS1, kS2));
}

}  // namespace
}  // namespace raft::harness
