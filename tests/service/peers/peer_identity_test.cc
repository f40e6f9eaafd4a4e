// Who is believed to be a peer: every field of the header, one at a time; and cloned processes.
#include "service/conversion/peer_identity.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "service/conversion/process_watch.h"

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

peer::v1::PeerHeader HeaderFromTwoToOne() {
  peer::v1::PeerHeader header;
  HeaderRules(Local(2), Founding()).Stamp(ServerId(1), header);
  header.set_request_number(7);
  return header;
}

TEST(HeaderRulesTest, BelievesAMemberOfThisCluster) {
  EXPECT_FALSE(HeaderRules(Local(1), Founding()).Refuse(HeaderFromTwoToOne()).has_value());
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
    {"stranger", [](auto& h) { h.set_from(3); }, HeaderProblem::kUnknownMember},
    {"ourselves", [](auto& h) { h.set_from(1); }, HeaderProblem::kUnknownMember},
    {"sender's other life", [](auto& h) { h.set_incarnation(103); },
     HeaderProblem::kSenderIncarnation},
    {"our other life", [](auto& h) { h.set_to_incarnation(99); },
     HeaderProblem::kAddresseeIncarnation},
};

TEST(HeaderRulesTest, RefusesEachFieldThatDoesNotFit) {
  const HeaderRules rules(Local(1), Founding());
  for (const HeaderBreakage& breakage : kHeaderBreakages) {
    SCOPED_TRACE(breakage.name);
    peer::v1::PeerHeader header = HeaderFromTwoToOne();
    breakage.apply(header);
    const auto refusal = rules.Refuse(header);
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(ToString(refusal->problem), std::string(ToString(breakage.expected)));
    EXPECT_FALSE(refusal->message.empty());
  }
}

TEST(HeaderRulesTest, AnAnswerComesFromTheServerThatWasAsked) {
  FoundingConfiguration founding = Founding();
  founding.members.push_back({ServerId(3), "h3:3", 103});
  const HeaderRules rules(Local(1), founding);
  const peer::v1::PeerHeader header = HeaderFromTwoToOne();
  EXPECT_FALSE(rules.RefuseAnswer(header, ServerId(2)).has_value());
  EXPECT_TRUE(rules.RefuseAnswer(header, ServerId(3)).has_value());
}

TEST(ProcessWatchTest, ARestartIsNoClone) {
  ProcessWatch watch({ServerId(1), ServerId(2)});
  EXPECT_FALSE(watch.Alarms(ServerId(2), 50));
  EXPECT_FALSE(watch.Alarms(ServerId(2), 50));
  EXPECT_FALSE(watch.Alarms(ServerId(2), 51));
  EXPECT_FALSE(watch.Alarms(ServerId(2), 51));
}

TEST(ProcessWatchTest, AProcessThatWasReplacedAndSpeaksAgainIsAClone) {
  ProcessWatch watch({ServerId(1), ServerId(2)});
  EXPECT_FALSE(watch.Alarms(ServerId(2), 50));
  EXPECT_FALSE(watch.Alarms(ServerId(2), 51));
  EXPECT_TRUE(watch.Alarms(ServerId(2), 50));
  EXPECT_FALSE(watch.Alarms(ServerId(2), 51)) << "the newer of the two is the known one";
  EXPECT_TRUE(watch.Alarms(ServerId(2), 50));
}

TEST(ProcessWatchTest, MembersAreWatchedApart) {
  ProcessWatch watch({ServerId(1), ServerId(2)});
  EXPECT_FALSE(watch.Alarms(ServerId(1), 50));
  EXPECT_FALSE(watch.Alarms(ServerId(2), 51));
  EXPECT_FALSE(watch.Alarms(ServerId(1), 50));
  EXPECT_FALSE(watch.Alarms(ServerId(9), 50)) << "a stranger is the header's business";
}

TEST(DrawProcessNonceTest, IsNeverZeroAndHardlyEverTheSame) {
  EXPECT_NE(DrawProcessNonce(), 0u);
  EXPECT_NE(DrawProcessNonce(), DrawProcessNonce());
}

}  // namespace
}  // namespace raft
