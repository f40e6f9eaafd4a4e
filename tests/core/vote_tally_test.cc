// Counting votes (§5.2; traps A5, A6, A7).
#include "core/vote_tally.h"

#include <gtest/gtest.h>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

TEST(VoteTallyTest, NeedsAMajorityOfOneToNineServers) {
  for (std::size_t servers = 1; servers <= 9; ++servers) {
    const ClusterConfiguration configuration(FirstServers(servers));
    VoteTally tally(configuration);
    std::size_t granted = 0;
    for (const ServerId voter : configuration.voters()) {
      EXPECT_EQ(tally.HasMajority(), 2 * granted > servers) << granted << " of " << servers;
      tally.Grant(voter);
      ++granted;
    }
    EXPECT_TRUE(tally.HasMajority());
  }
}

TEST(VoteTallyTest, CountsADuplicatedGrantOnce) {
  const ClusterConfiguration configuration(FirstServers(5));
  VoteTally tally(configuration);
  for (int copy = 0; copy < 5; ++copy) tally.Grant(kS2);
  tally.Grant(kS1);
  EXPECT_FALSE(tally.HasMajority());
  tally.Grant(kS3);
  EXPECT_TRUE(tally.HasMajority());
}

TEST(VoteTallyTest, CountsNobodyOutsideTheConfiguration) {
  const ClusterConfiguration configuration(FirstServers(3));
  VoteTally tally(configuration);
  tally.Grant(kS1);
  tally.Grant(kS4);
  tally.Grant(ServerId(0));
  EXPECT_FALSE(tally.HasMajority());
}

}  // namespace
}  // namespace raft::harness
