// What an operator may get wrong about members and leadership: each is refused with the reason, and
// changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/integration/lone_server.h"

namespace raft::integration {
namespace {

using ::testing::HasSubstr;

constexpr int kFailed = 1;
constexpr int kPrecondition = 5;

// A server that waits to be added.
Id StartJoining(Cluster& cluster) {
  const Id id = cluster.AddServer();
  cluster.Start(id);
  EXPECT_TRUE(WaitUntil([&] { return cluster.Status(id).has_value(); }));
  return id;
}

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

  Cluster cluster_{3};
};

TEST_F(MembershipRefusalTest, AddingWhoIsThereOrNotThere) {
  const std::string nobody = FreeAddresses().peer;
  ExpectRefused({"members", "add", "2=" + nobody}, kFailed, "MEMBER_EXISTS");
  ExpectRefused({"members", "add", "4=" + cluster_.addresses(2).peer}, kFailed, "ADDRESS_TAKEN");
  ExpectRefused({"members", "add", "4=" + nobody}, kPrecondition, "SERVER_UNREACHABLE");
  const Id joining = StartJoining(cluster_);
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
  const Id joined = StartJoining(cluster_);
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
  const Id learner = StartJoining(cluster_);
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
  const std::uint64_t term = cluster_.Status(leader)->header().term();
  cluster_.Kill(dead);
  ASSERT_TRUE(LeaderNoticesSilence());
  ExpectRefused({"leader", "transfer", "--to", std::to_string(dead)}, kPrecondition,
                "TARGET_UNREACHABLE");
  cluster_.MustPut("undisturbed", "1");
  EXPECT_EQ(cluster_.WaitForLeader(), leader);
  EXPECT_EQ(cluster_.Status(leader)->header().term(), term);
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

// Followers that stand still confirm nothing: a change stays as it was begun. They are missed late,
// so that the leader goes on as such meanwhile.
class ChangeUnderWayTest : public ::testing::Test {
 protected:
  ChangeUnderWayTest() {
    cluster_.AddOptions({"--election-timeout-min-ms", "2000", "--election-timeout-max-ms", "2100"});
    cluster_.StartAll();
    leader_ = cluster_.WaitForLeader();
    cluster_.MustPut("key", "value");
  }

  // Begins a change that nobody confirms; returns once it is in force at the leader.
  void BeginAndHold(const std::string& method, const std::string& request) {
    const std::uint64_t before = cluster_.Status(leader_)->config_index();
    StopOrContinueFollowers(&Cluster::Stop);
    begun_ = cluster_.client(leader_).Start("/raft.v1.ClusterService/" + method, request,
                                            Milliseconds(20'000));
    ASSERT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(leader_);
      return status && status->config_index() > before;
    })) << "the change is in the leader's log";
  }
  void LetItFinish() {
    StopOrContinueFollowers(&Cluster::Continue);
    const Answer<std::string> begun = begun_->Wait();
    EXPECT_TRUE(begun.ok()) << begun.error.message;
  }
  // The followers would not answer raftctl.
  Finished AskLeader(const std::vector<std::string>& command) {
    std::vector<std::string> arguments = {"--endpoints", cluster_.addresses(leader_).client};
    arguments.insert(arguments.end(), command.begin(), command.end());
    return RunRaftctl(arguments, cluster_.folder());
  }
  void ExpectRefused(const std::vector<std::string>& command) {
    const std::uint64_t before = cluster_.Status(leader_)->config_index();
    const Finished refused = AskLeader(command);
    EXPECT_EQ(refused.exit_code, kPrecondition) << refused.error;
    EXPECT_THAT(refused.error, HasSubstr("a change of members is under way; wait until it is "
                                         "settled (raftctl members list) [CHANGE_UNDER_WAY]"));
    EXPECT_EQ(cluster_.Status(leader_)->config_index(), before) << "nothing was changed";
  }

  Cluster cluster_{3};
  Id leader_ = 0;

 private:
  void StopOrContinueFollowers(void (Cluster::*act)(Id)) {
    for (const Id id : {Id{1}, Id{2}, Id{3}}) {
      if (id != leader_) (cluster_.*act)(id);
    }
  }

  std::unique_ptr<PendingCall> begun_;
};

TEST_F(ChangeUnderWayTest, TwoVotersAreNotRemovedAtOnceOnlyOneAfterTheOther) {
  const Id first = leader_ % 3 + 1;
  const std::vector<std::string> remove_second = {"members", "remove",
                                                  std::to_string(6 - leader_ - first)};
  v1::RemoveMemberRequest request;
  request.set_server_id(first);
  BeginAndHold("RemoveMember", request.SerializeAsString());
  ASSERT_EQ(cluster_.Status(leader_)->members_size(), 2) << "two majorities count";

  ExpectRefused(remove_second);

  LetItFinish();
  EXPECT_TRUE(WaitUntil([&] { return AskLeader(remove_second).exit_code == 0; }));
  EXPECT_EQ(cluster_.Status(leader_)->members_size(), 1);
  EXPECT_EQ(cluster_.WaitForLeader(), leader_);
}

// Trap D16.
TEST_F(ChangeUnderWayTest, TwoLearnersAreNotAddedAtOnceOnlyOneAfterTheOther) {
  const Id first = StartJoining(cluster_);
  const Id second = StartJoining(cluster_);
  const std::vector<std::string> add_second = {
      "members", "add", std::to_string(second) + "=" + cluster_.addresses(second).peer,
      "--learner"};
  v1::AddMemberRequest request;
  request.mutable_member()->set_server_id(first);
  request.mutable_member()->set_peer_address(cluster_.addresses(first).peer);
  request.mutable_member()->set_role(v1::MEMBER_ROLE_LEARNER);
  BeginAndHold("AddMember", request.SerializeAsString());
  ASSERT_EQ(cluster_.Status(leader_)->members_size(), 4) << "in force, and not committed";

  ExpectRefused(add_second);

  LetItFinish();
  const Finished added = AskLeader(add_second);
  EXPECT_EQ(added.exit_code, 0) << added.error;
  EXPECT_EQ(cluster_.Status(leader_)->members_size(), 5);
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
