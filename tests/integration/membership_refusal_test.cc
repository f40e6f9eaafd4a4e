// What an operator may get wrong about members and leadership: each is refused with the reason, and
// changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

using ::testing::HasSubstr;

constexpr int kFailed = 1;
constexpr int kPrecondition = 5;

class MembershipRefusalTest : public ::testing::Test {
 protected:
  MembershipRefusalTest() {
    cluster_.StartAll();
    cluster_.WaitForLeader();
    cluster_.MustPut("key", "value");
  }

  void ExpectRefused(const std::vector<std::string>& command, int exit_code,
                     const std::string& reason) {
    const std::string before = cluster_.Raftctl({"members", "list"}).output;
    const Finished finished = cluster_.Raftctl(command);
    EXPECT_EQ(finished.exit_code, exit_code) << finished.error;
    EXPECT_THAT(finished.error, HasSubstr("[" + reason + "]"));
    EXPECT_EQ(cluster_.Raftctl({"members", "list"}).output, before) << "nothing was changed";
  }
  void Must(const std::vector<std::string>& command) {
    const Finished finished = cluster_.Raftctl(command);
    ASSERT_EQ(finished.exit_code, 0) << finished.error;
  }
  std::string Word(Id server) const {
    return std::to_string(server) + "=" + cluster_.addresses(server).peer;
  }
  bool LeaderNoticesSilence() {
    return WaitUntil([&] {
      return cluster_.Raftctl({"status"}).output.find("has not answered for") != std::string::npos;
    });
  }
  Id StartJoining() {
    const Id id = cluster_.AddServer();
    cluster_.Start(id);
    EXPECT_TRUE(WaitUntil([&] { return cluster_.Status(id).has_value(); }));
    return id;
  }

  Cluster cluster_{3};
};

TEST_F(MembershipRefusalTest, AddingWhoIsThereOrNotThere) {
  const std::string nobody = FreeAddresses().peer;
  ExpectRefused({"members", "add", "2=" + nobody}, kFailed, "MEMBER_EXISTS");
  ExpectRefused({"members", "add", "4=" + cluster_.addresses(2).peer}, kFailed, "ADDRESS_TAKEN");
  ExpectRefused({"members", "add", "4=" + nobody}, kPrecondition, "SERVER_UNREACHABLE");
  const Id joining = StartJoining();
  ExpectRefused({"members", "add", "9=" + cluster_.addresses(joining).peer}, kPrecondition,
                "OTHER_SERVER");
}

TEST_F(MembershipRefusalTest, AddingAServerOfAnotherClusterOrOneThatFormsIts) {
  Cluster other(4);
  other.Start(4);  // waits for the other three
  ASSERT_TRUE(WaitUntil([&] { return other.Status(4).has_value(); }));
  const std::string four = "4=" + other.addresses(4).peer;
  ExpectRefused({"members", "add", four}, kPrecondition, "NOT_WAITING");

  for (const Id id : {Id{1}, Id{2}, Id{3}}) other.Start(id);
  other.WaitForLeader();
  ASSERT_TRUE(WaitUntil([&] {
    const auto status = other.Status(4);
    return status && status->forming().empty();
  }));
  ExpectRefused({"members", "add", four}, kPrecondition, "OTHER_CLUSTER");
}

TEST_F(MembershipRefusalTest, AddingADataDirectoryThatWasRemoved) {
  const Id joined = StartJoining();
  Must({"members", "add", Word(joined)});
  Must({"members", "remove", std::to_string(joined)});
  ExpectRefused({"members", "add", Word(joined)}, kPrecondition, "DIRECTORY_USED");

  cluster_.Kill(joined);
  std::filesystem::remove_all(cluster_.data_dir(joined));
  cluster_.Start(joined);
  ASSERT_TRUE(WaitUntil([&] { return cluster_.Status(joined).has_value(); }));
  Must({"members", "add", Word(joined)});
}

TEST_F(MembershipRefusalTest, RemovingStrangersAndTheLastVoter) {
  ExpectRefused({"members", "remove", "9"}, kFailed, "UNKNOWN_MEMBER");
  const Id leader = cluster_.WaitForLeader();
  for (const Id id : {Id{1}, Id{2}, Id{3}}) {
    if (id != leader) Must({"members", "remove", std::to_string(id)});
  }
  ExpectRefused({"members", "remove", std::to_string(leader)}, kPrecondition, "LAST_VOTER");
}

TEST_F(MembershipRefusalTest, AChangeThatLeavesNoMajorityThatAnswers) {
  const Id leader = cluster_.WaitForLeader();
  const Id silent = leader % 3 + 1;
  const Id other = 6 - leader - silent;
  cluster_.Kill(silent);
  ASSERT_TRUE(LeaderNoticesSilence());
  // The one that is left would need the silent one for every write.
  const std::vector<std::string> command = {"members", "remove", std::to_string(other)};
  ExpectRefused(command, kPrecondition, "NO_MAJORITY_REACHABLE");
  EXPECT_THAT(cluster_.Raftctl(command).error,
              HasSubstr("2 voters, a majority of which is 2, but only 1"));
  cluster_.MustPut("still there", "1");
}

TEST_F(MembershipRefusalTest, PromotingALearnerThatIsAway) {
  const Id learner = StartJoining();
  Must({"members", "add", Word(learner), "--learner"});
  cluster_.Kill(learner);
  ASSERT_TRUE(LeaderNoticesSilence());
  ExpectRefused({"members", "promote", std::to_string(learner)}, kPrecondition, "LEARNER_BEHIND");
  ExpectRefused({"members", "promote", "1"}, kPrecondition, "ALREADY_VOTER");
  ExpectRefused({"leader", "transfer", "--to", std::to_string(learner)}, kPrecondition,
                "TARGET_NOT_VOTER");
}

TEST_F(MembershipRefusalTest, HandingOverToItselfToStrangersAndToTheDead) {
  const Id leader = cluster_.WaitForLeader();
  ExpectRefused({"leader", "transfer", "--to", std::to_string(leader)}, kPrecondition,
                "TRANSFER_TO_SELF");
  ExpectRefused({"leader", "transfer", "--to", "9"}, kPrecondition, "TARGET_NOT_VOTER");
  const Id dead = leader % 3 + 1;
  cluster_.Kill(dead);
  ASSERT_TRUE(WaitUntil([&] {
    const Finished finished =
        cluster_.Raftctl({"leader", "transfer", "--to", std::to_string(dead)});
    return finished.error.find("[TARGET_UNREACHABLE]") != std::string::npos ||
           finished.error.find("[NOT_TAKEN_OVER]") == std::string::npos;
  }));
  cluster_.MustPut("undisturbed", "1");
}

// Trap E-4. The target stands still, so that the first hand-over is under way as long as it may.
TEST_F(MembershipRefusalTest, HandingOverTwiceAtOnce) {
  const Id leader = cluster_.WaitForLeader();
  const Id target = leader % 3 + 1;
  v1::TransferLeadershipRequest request;
  request.set_target_server_id(target);
  const std::string method = "/raft.v1.ClusterService/TransferLeadership";
  cluster_.Stop(target);
  const auto first = cluster_.client(leader).Start(method, request.SerializeAsString());
  const Answer<std::string> second =
      cluster_.client(leader).Call(method, request.SerializeAsString());
  cluster_.Continue(target);
  const Answer<std::string> first_answer = first->Wait();
  const bool one_was_refused = second.error.reason == "TRANSFER_UNDER_WAY" ||
                               first_answer.error.reason == "TRANSFER_UNDER_WAY";
  EXPECT_TRUE(one_was_refused) << first_answer.error.reason << " and " << second.error.reason;
  cluster_.MustPut("undisturbed", "1");
}

TEST_F(MembershipRefusalTest, AStaleOperator) {
  v1::RemoveMemberRequest request;
  request.set_server_id(1);
  request.set_expected_config_index(12345);
  const Answer<std::string> answer =
      cluster_.client(cluster_.WaitForLeader())
          .Call("/raft.v1.ClusterService/RemoveMember", request.SerializeAsString());
  EXPECT_EQ(answer.error.reason, "CONFIG_MOVED");
}

TEST_F(MembershipRefusalTest, JoiningAndFormingAtOnce) {
  std::vector<std::string> arguments = cluster_.Arguments(1);
  arguments.push_back("--join");
  const Finished finished = RunToEnd(arguments, cluster_.folder());
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.error, HasSubstr("exclude each other"));
}

}  // namespace
}  // namespace raft::integration
