// Who is believed to be a peer: every field of the header, one at a time.
#include "service/conversion/peer_identity.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace raft {
namespace {

const ClusterId kCluster(16, 'c');

FoundingConfiguration Founding() {
  return {.cluster_id = kCluster,
          .log_time_ms = 1,
          .members = {{ServerId(1), "h1:1", 101}, {ServerId(2), "h2:2", 102}}};
}

LocalServer Local(std::uint64_t id) {
  LocalServer local;
  local.server_id = ServerId(id);
  local.incarnation = 100 + id;
  local.process_nonce = 1000 + id;
  return local;
}

const ServerLife kOne{ServerId(1), 101};
const ServerLife kTwo{ServerId(2), 102};

peer::v1::PeerHeader HeaderFromTwoToOne() {
  peer::v1::PeerHeader header;
  HeaderRules(Local(2), Founding()).Stamp(kOne, header);
  header.set_request_number(7);
  return header;
}

// The rules of server 1; servers 1 and 2 are members.
class HeaderRulesTest : public testing::Test {
 protected:
  HeaderRulesTest() {
    rules_.Follow(std::make_shared<const ClusterConfiguration>(ConfigurationOf(Founding())));
  }

  HeaderRules rules_{Local(1), Founding()};
};

TEST_F(HeaderRulesTest, BelievesAMemberOfThisCluster) {
  EXPECT_FALSE(rules_.Refuse(HeaderFromTwoToOne()).has_value());
}

// It may lead a cluster that this server has not heard of yet, or be removed: the core knows.
TEST_F(HeaderRulesTest, LetsAServerInThatItDoesNotList) {
  peer::v1::PeerHeader header = HeaderFromTwoToOne();
  header.set_from(3);
  header.set_incarnation(103);
  EXPECT_FALSE(rules_.Refuse(header).has_value());
}

TEST_F(HeaderRulesTest, BelievesTheLifeThatTheConfigurationInForceLists) {
  peer::v1::PeerHeader header = HeaderFromTwoToOne();
  header.set_incarnation(202);
  EXPECT_TRUE(rules_.Refuse(header).has_value());
  rules_.Follow(std::make_shared<const ClusterConfiguration>(
      std::vector<Member>{{.server_id = ServerId(1), .incarnation = 101, .peer_address = "h1:1"},
                          {.server_id = ServerId(2), .incarnation = 202, .peer_address = "h2:2"}}));
  EXPECT_FALSE(rules_.Refuse(header).has_value());
  EXPECT_TRUE(rules_.Refuse(HeaderFromTwoToOne()).has_value()) << "its earlier life";
}

struct HeaderBreakage {
  std::string name;
  std::function<void(peer::v1::PeerHeader&)> apply;
  HeaderProblem expected;
};

const HeaderBreakage kHeaderBreakages[] = {
    {"from 0", [](auto& h) { h.set_from(0); }, HeaderProblem::kMalformed},
    {"to 0", [](auto& h) { h.set_to(0); }, HeaderProblem::kMalformed},
    {"incarnation 0", [](auto& h) { h.set_incarnation(0); }, HeaderProblem::kMalformed},
    {"to_incarnation 0", [](auto& h) { h.set_to_incarnation(0); }, HeaderProblem::kMalformed},
    {"nonce 0", [](auto& h) { h.set_process_nonce(0); }, HeaderProblem::kMalformed},
    {"number 0", [](auto& h) { h.set_request_number(0); }, HeaderProblem::kMalformed},
    {"newer protocol", [](auto& h) { h.set_protocol_version(2); }, HeaderProblem::kProtocolVersion},
    {"no protocol", [](auto& h) { h.set_protocol_version(0); }, HeaderProblem::kProtocolVersion},
    {"other cluster", [](auto& h) { h.set_cluster_id(std::string(16, 'x')); },
     HeaderProblem::kOtherCluster},
    {"no cluster", [](auto& h) { h.clear_cluster_id(); }, HeaderProblem::kOtherCluster},
    {"someone else", [](auto& h) { h.set_to(3); }, HeaderProblem::kNotAddressee},
    {"ourselves", [](auto& h) { h.set_from(1); }, HeaderProblem::kUnknownMember},
    {"sender's other life", [](auto& h) { h.set_incarnation(103); },
     HeaderProblem::kSenderIncarnation},
    {"our other life", [](auto& h) { h.set_to_incarnation(99); },
     HeaderProblem::kAddresseeIncarnation},
};

TEST_F(HeaderRulesTest, RefusesEachFieldThatDoesNotFit) {
  for (const HeaderBreakage& breakage : kHeaderBreakages) {
    SCOPED_TRACE(breakage.name);
    peer::v1::PeerHeader header = HeaderFromTwoToOne();
    breakage.apply(header);
    const auto refusal = rules_.Refuse(header);
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(ToString(refusal->problem), std::string(ToString(breakage.expected)));
    EXPECT_FALSE(refusal->message.empty());
  }
}

// Its configuration may be older than that life of the leader, and only that leader can tell it.
TEST_F(HeaderRulesTest, ALeaderMaySpeakInALifeThatIsNotListedYet) {
  peer::v1::PeerHeader header = HeaderFromTwoToOne();
  header.set_incarnation(103);
  EXPECT_TRUE(rules_.Refuse(header).has_value());
  EXPECT_FALSE(rules_.RefuseFromLeader(header).has_value());
  for (const HeaderBreakage& breakage : kHeaderBreakages) {
    if (breakage.expected == HeaderProblem::kSenderIncarnation) continue;
    SCOPED_TRACE(breakage.name);
    peer::v1::PeerHeader broken = HeaderFromTwoToOne();
    breakage.apply(broken);
    EXPECT_TRUE(rules_.RefuseFromLeader(broken).has_value());
  }
}

TEST_F(HeaderRulesTest, AnAnswerComesFromTheLifeOfTheServerThatWasAsked) {
  const peer::v1::PeerHeader header = HeaderFromTwoToOne();
  EXPECT_FALSE(rules_.RefuseAnswer(header, kTwo).has_value());
  EXPECT_TRUE(rules_.RefuseAnswer(header, {ServerId(3), 102}).has_value());
  EXPECT_TRUE(rules_.RefuseAnswer(header, {ServerId(2), 202}).has_value());
}

// One whose data directory was put back from an old copy: with less than it had proven.
TEST_F(HeaderRulesTest, RefusesWhatARegressedServerSaysInEveryRole) {
  rules_.memory().Note(kTwo, 50, {.term = Term(7), .match_term = {}, .match_index = {}});
  const peer::v1::PeerHeader header = HeaderFromTwoToOne();
  EXPECT_FALSE(rules_.Refuse(header).has_value());
  ASSERT_TRUE(rules_.memory().JudgeGreeter(kTwo, header.process_nonce(), StartingPoint{}));
  for (const auto& refusal : {rules_.Refuse(header), rules_.RefuseFromLeader(header),
                              rules_.RefuseAnswer(header, kTwo)}) {
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->problem, HeaderProblem::kRegressed);
    EXPECT_NE(refusal->message.find("term 7"), std::string::npos) << refusal->message;
  }
}

TEST_F(HeaderRulesTest, RefusesBothOfTwoProcessesInEveryRole) {
  peer::v1::PeerHeader header = HeaderFromTwoToOne();
  for (int message = 0; message < 3; ++message) {
    for (const std::uint64_t nonce : {50, 51}) {
      header.set_process_nonce(nonce);
      std::ignore = rules_.Hear(header);
      peer::v1::PeerHeader answer;
      rules_.Stamp(kTwo, answer);
      header.set_heard_moment(answer.moment());
    }
  }
  for (const std::uint64_t nonce : {50, 51}) {
    header.set_process_nonce(nonce);
    for (const auto& refusal : {rules_.Refuse(header), rules_.RefuseFromLeader(header),
                                rules_.RefuseAnswer(header, kTwo)}) {
      ASSERT_TRUE(refusal.has_value());
      EXPECT_EQ(refusal->problem, HeaderProblem::kDoubled);
    }
  }
  header.set_process_nonce(52);
  EXPECT_FALSE(rules_.Refuse(header).has_value()) << "the next process is another one";
}

TEST(DrawProcessNonceTest, IsNeverZeroAndHardlyEverTheSame) {
  EXPECT_NE(DrawProcessNonce(), 0u);
  EXPECT_NE(DrawProcessNonce(), DrawProcessNonce());
}

}  // namespace
}  // namespace raft
