// Two processes with one identity, over real connections: who hears both believes neither, and both
// are told, whoever of them asks and whoever is asked.
#include <gtest/gtest.h>

#include "test_server.h"

namespace raft {
namespace {

// Server 2 as two processes: the one that the members reach, and one on a copy of its directory.
class PeerLinksDoubleTest : public ::testing::Test {
 protected:
  PeerLinksDoubleTest() {
    founding_ = FoundingOf({witness_.member(), original_.member()});
    for (TestServer* server : {&witness_, &original_, &copy_}) server->Open(founding_, Agree);
  }

  bool Ask(TestServer& from, ServerId to) { return IsVotedFor(from, to, ++numbers_); }

  std::uint64_t numbers_ = 0;
  TestServer witness_{1};
  TestServer original_{2};
  TestServer copy_{2};
  FoundingConfiguration founding_;
};

TEST_F(PeerLinksDoubleTest, TheOneThatIsAskedAndTheOneThatAsksAreBothTold) {
  EXPECT_TRUE(Eventually([this] {
    Ask(witness_, ServerId(2));
    Ask(copy_, ServerId(1));
    return original_.times_told_doubled > 0 && copy_.times_told_doubled > 0;
  }));
  EXPECT_EQ(witness_.observer().doubles_found, 1);
  EXPECT_EQ(witness_.times_told_doubled, 0);
  EXPECT_FALSE(Ask(witness_, ServerId(2))) << "its votes count no more";
  EXPECT_FALSE(Ask(copy_, ServerId(1)));
}

TEST_F(PeerLinksDoubleTest, TwoThatOnlyAskAreBothTold) {
  EXPECT_TRUE(Eventually([this] {
    Ask(original_, ServerId(1));
    Ask(copy_, ServerId(1));
    return original_.times_told_doubled > 0 && copy_.times_told_doubled > 0;
  }));
  EXPECT_EQ(witness_.observer().doubles_found, 1);
}

TEST_F(PeerLinksDoubleTest, OneProcessThatTalksBothWaysIsNotTwo) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(Ask(witness_, ServerId(2)));
    EXPECT_TRUE(Ask(original_, ServerId(1)));
  }
  EXPECT_EQ(witness_.observer().doubles_found, 0);
  EXPECT_EQ(original_.times_told_doubled, 0);
}

// Whoever is no member has no say in whether a member may go on.
TEST_F(PeerLinksDoubleTest, AServerDoesNotBelieveItOfWhomItsConfigurationDoesNotList) {
  original_.Reconfigure({{.server_id = ServerId(2),
                          .incarnation = original_.local().incarnation,
                          .peer_address = original_.address()}});
  EXPECT_TRUE(Eventually([this] {
    Ask(witness_, ServerId(2));
    Ask(copy_, ServerId(1));
    return copy_.times_told_doubled > 0 && witness_.observer().count(HeaderProblem::kDoubled) > 3;
  }));
  EXPECT_EQ(original_.times_told_doubled, 0);
}

}  // namespace
}  // namespace raft
