// When the leader writes new addresses into the configuration.
#include "service/address_record.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace raft {
namespace {

std::vector<Member> ThreeMembers() {
  std::vector<Member> members;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    members.push_back({.server_id = ServerId(id),
                       .incarnation = 100 + id,
                       .peer_address = "h" + std::to_string(id) + ":1"});
  }
  return members;
}

RaftStatus Leading() {
  RaftStatus status;
  status.server_id = ServerId(1);
  status.role = RoleName::kLeader;
  status.configuration = std::make_shared<const ClusterConfiguration>(ThreeMembers());
  status.configuration_index = LogIndex(7);
  status.commit_index = LogIndex(9);
  return status;
}

class AddressRecordTest : public testing::Test {
 protected:
  void Announce(std::uint64_t incarnation, const std::string& address) {
    Greeting greeting;
    greeting.from = ServerId(2);
    greeting.incarnation = incarnation;
    greeting.peer_address = address;
    peers_.Note(greeting);
  }
  // The same, and this server's link has found it there.
  void Move(std::uint64_t incarnation, const std::string& address) {
    Announce(incarnation, address);
    peers_.NoteReached({ServerId(2), incarnation}, address);
  }

  static LocalServer Local() {
    LocalServer local;
    local.server_id = ServerId(1);
    local.incarnation = 101;
    local.peer_address = "h1:1";
    return local;
  }
  PeerDirectory peers_{Local()};
};

TEST_F(AddressRecordTest, AMemberThatMovedIsWrittenDownWhereItIs) {
  Move(102, "elsewhere:1");
  const auto change = PlanAddressRecord(Leading(), peers_);
  ASSERT_TRUE(change.has_value());
  std::vector<Member> expected = ThreeMembers();
  expected[1].peer_address = "elsewhere:1";
  EXPECT_EQ(change->members, expected);
  EXPECT_EQ(change->expected_index, LogIndex(7));
}

TEST_F(AddressRecordTest, NothingIsWrittenWhereNothingIsNew) {
  EXPECT_FALSE(PlanAddressRecord(Leading(), peers_).has_value()) << "nobody has announced anything";
  Move(102, "h2:1");
  EXPECT_FALSE(PlanAddressRecord(Leading(), peers_).has_value()) << "it is where it was";
  Move(202, "elsewhere:1");
  EXPECT_FALSE(PlanAddressRecord(Leading(), peers_).has_value()) << "another life of the server";
  Move(102, "no address");
  EXPECT_FALSE(PlanAddressRecord(Leading(), peers_).has_value()) << "nothing one could write";
}

TEST_F(AddressRecordTest, WhatIsOnlyAnnouncedMayComeFromACopyAndIsNotWritten) {
  Move(102, "h2:1");
  Announce(102, "copy:1");
  EXPECT_FALSE(PlanAddressRecord(Leading(), peers_).has_value());
}

TEST_F(AddressRecordTest, OnlyALeaderWithoutAChangeUnderWayWritesIt) {
  Move(102, "elsewhere:1");
  RaftStatus follower = Leading();
  follower.role = RoleName::kFollower;
  EXPECT_FALSE(PlanAddressRecord(follower, peers_).has_value());
  RaftStatus uncommitted = Leading();
  uncommitted.commit_index = LogIndex(6);
  EXPECT_FALSE(PlanAddressRecord(uncommitted, peers_).has_value());
  RaftStatus joint = Leading();
  std::vector<Member> fewer = ThreeMembers();
  fewer.pop_back();
  joint.configuration =
      std::make_shared<const ClusterConfiguration>(ClusterConfiguration(ThreeMembers()), fewer);
  EXPECT_FALSE(PlanAddressRecord(joint, peers_).has_value());
}

}  // namespace
}  // namespace raft
