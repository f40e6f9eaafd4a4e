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

TEST(ClusterConfigurationTest, AJointConfigurationNeedsAMajorityOfEachSet) {
  const ClusterConfiguration before(FirstServers(3));
  const ClusterConfiguration joint(before, Voters({kS3, kS4, kS5}));
  EXPECT_TRUE(joint.is_joint());
  EXPECT_THAT(joint.voters(), ElementsAre(kS1, kS2, kS3, kS4, kS5));
  EXPECT_FALSE(joint.IsMajority({kS1, kS2, kS3}));
  EXPECT_FALSE(joint.IsMajority({kS3, kS4, kS5}));
  EXPECT_TRUE(joint.IsMajority({kS1, kS3, kS4}));
  const auto reached = joint.ReachedByMajority(
      [](ServerId voter) { return voter == kS1 || voter == kS2 ? 9 : 10 * voter.value(); });
  EXPECT_EQ(reached, 9) << "the old set has reached 9, the new one 40";
}

TEST(ClusterConfigurationTest, LearnersAreMembersWithoutAVote) {
  const ClusterConfiguration configuration(
      {MemberOf(kS1), MemberOf(kS2, MemberRole::kLearner), MemberOf(kS3, MemberRole::kJoining)});
  EXPECT_THAT(configuration.voters(), ElementsAre(kS1));
  EXPECT_THAT(configuration.PeersOf(kS1), ElementsAre(kS2, kS3));
  EXPECT_EQ(configuration.majority(), 1u);
  EXPECT_TRUE(configuration.HasJoining());
}

TEST(ClusterConfigurationTest, AfterJoiningThoseThatJoinVoteAndThoseThatLeaveAreGone) {
  const ClusterConfiguration configuration({MemberOf(kS1), MemberOf(kS2, MemberRole::kVoter, true),
                                            MemberOf(kS3, MemberRole::kJoining),
                                            MemberOf(kS4, MemberRole::kLearner)});
  const ClusterConfiguration after(configuration.MembersAfterJoining());
  EXPECT_THAT(after.voters(), ElementsAre(kS1, kS3));
  EXPECT_THAT(after.PeersOf(kS1), ElementsAre(kS3, kS4));
}

TEST(ClusterConfigurationTest, IsReadBackAsItWasWritten) {
  const ClusterConfiguration settled({MemberOf(kS1), MemberOf(kS2, MemberRole::kVoter, true),
                                      MemberOf(kS3, MemberRole::kJoining)});
  const ClusterConfiguration joint(settled, settled.MembersAfterJoining());
  for (const ClusterConfiguration& written :
       {settled, joint, ClusterConfiguration(FirstServers(5))}) {
    EXPECT_EQ(ClusterConfiguration::Decode(written.Encode()), written) << written.Encode();
  }
  EXPECT_EQ(settled.Encode(),
            "raft configuration 1\n"
            "member staying voter 1 101 server-1:7001\n"
            "member leaving voter 2 102 server-2:7001\n"
            "member staying joining 3 103 server-3:7001\n");
}

// Whatever a peer or a disk says, it is a configuration or it is not.
TEST(ClusterConfigurationTest, AnyChangedByteIsAnotherConfigurationOrNone) {
  const std::string text =
      ClusterConfiguration(ClusterConfiguration(FirstServers(3)), Voters({kS1, kS4})).Encode();
  const ClusterConfiguration whole = *ClusterConfiguration::Decode(text);
  for (std::size_t place = 0; place < text.size(); ++place) {
    EXPECT_NE(ClusterConfiguration::Decode(text.substr(0, place)), whole);
    for (const char other : {'\0', ' ', '\n', '0', '9', 'v', '\xff'}) {
      std::string changed = text;
      changed[place] = other;
      const auto decoded = ClusterConfiguration::Decode(changed);
      EXPECT_EQ(decoded == whole, changed == text) << changed;
      EXPECT_EQ(decoded ? decoded->Encode() : changed, changed) << "one form for each";
    }
  }
}

TEST(ClusterConfigurationTest, RefusesToReadWhatNobodyWrites) {
  const std::string head = "raft configuration 1\n";
  for (const char* lines :
       {"", "member staying voter 0 1 a\n", "member staying learner 1 1 a\n",
        "member leaving voter 1 1 a\n", "member staying voter 1 1 a\nmember staying voter 1 2 b\n",
        "member staying voter 2 1 a\nmember staying voter 1 2 b\n", "member staying voter 1 1 \n",
        "member staying voter 1 99999999999999999999 a\n", "member staying voter 01 1 a\n",
        "member staying voter 1 1 a b\n", "member staying king 1 1 a\n",
        "member staying voter 1 1 a\nold staying voter 1 1 a\n", "old staying voter 1 1 a\n"}) {
    EXPECT_FALSE(ClusterConfiguration::Decode(head + lines).has_value()) << lines;
  }
  EXPECT_FALSE(
      ClusterConfiguration::Decode("raft configuration 2\n"
                                   "member staying voter 1 1 a\n"));
}

TEST(ClusterConfigurationDeathTest, RefusesAnEmptyClusterAZeroIdAndADuplicate) {
  EXPECT_DEATH(ClusterConfiguration(std::vector<ServerId>{}), "at least one voter");
  EXPECT_DEATH(ClusterConfiguration({kS1, ServerId(0)}), "lists each member once");
  EXPECT_DEATH(ClusterConfiguration({kS1, kS2, kS1}), "lists each member once");
}

}  // namespace
}  // namespace raft::harness
