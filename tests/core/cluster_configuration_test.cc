// Members and majorities (§5.1), for every size we support (trap A7).
#include "core/cluster_configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;

TEST(ClusterConfigurationTest, AMajorityIsMoreThanHalfOfOneToNineServers) {
  const std::size_t majorities[] = {1, 2, 2, 3, 3, 4, 4, 5, 5};
  for (std::size_t servers = 1; servers <= 9; ++servers) {
    const ClusterConfiguration configuration(FirstServers(servers));
    EXPECT_EQ(configuration.majority(), majorities[servers - 1]) << servers << " servers";
    EXPECT_GT(2 * configuration.majority(), servers) << "two majorities have a server in common";
  }
}

TEST(ClusterConfigurationTest, ListsVotersInOrderHoweverTheyWereGiven) {
  const ClusterConfiguration configuration({kS3, kS1, kS2});
  EXPECT_THAT(configuration.voters(), ElementsAre(kS1, kS2, kS3));
  EXPECT_THAT(configuration.PeersOf(kS2), ElementsAre(kS1, kS3));
  EXPECT_THAT(configuration.PeersOf(kS5), ElementsAre(kS1, kS2, kS3));
}

TEST(ClusterConfigurationTest, KnowsWhoVotes) {
  const ClusterConfiguration configuration({kS1, kS3});
  EXPECT_TRUE(configuration.IsVoter(kS1));
  EXPECT_FALSE(configuration.IsVoter(kS2));
  EXPECT_FALSE(configuration.IsVoter(ServerId(0)));
}

TEST(ClusterConfigurationDeathTest, RefusesAnEmptyClusterAZeroIdAndADuplicate) {
  EXPECT_DEATH(ClusterConfiguration(std::vector<ServerId>{}), "at least one voter");
  EXPECT_DEATH(ClusterConfiguration({kS1, ServerId(0)}), "never zero");
  EXPECT_DEATH(ClusterConfiguration({kS1, kS2, kS1}), "listed once");
}

}  // namespace
}  // namespace raft::harness
