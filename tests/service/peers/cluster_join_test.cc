// Joining: only the greeting of a formed server that lists this life of this server is an
// invitation.
#include "service/cluster_join.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

namespace raft {
namespace {

FoundingConfiguration Founding() {
  return {.cluster_id = std::string(16, 'c'),
          .log_time_ms = 1,
          .members = {{ServerId(1), "h1:1", 101}}};
}

class ClusterJoinTest : public testing::Test {
 protected:
  ClusterJoinTest() {
    std::filesystem::remove_all(path_);
    directory_ = DataDirectory::Open(path_, ServerId(4), /*initial_members_hash=*/0).value();
    LocalServer local;
    local.server_id = ServerId(4);
    local.incarnation = directory_->identity().incarnation;
    local.peer_address = "h4:7001";
    join_ = std::make_unique<ClusterJoin>(local, *directory_);
  }
  ~ClusterJoinTest() override {
    stop_.request_stop();
    if (result_.valid()) result_.wait();
    std::filesystem::remove_all(path_);
  }

  void Run() {
    result_ = std::async(std::launch::async, [this] { return join_->Run(stop_.get_token()); });
  }
  // As server 1 greets, whose configuration lists server 4 with this incarnation; 0: not at all.
  Greeting GreetingThatLists(std::uint64_t incarnation) const {
    std::vector<Member> members = ConfigurationOf(Founding()).members();
    if (incarnation != 0) {
      members.push_back({.server_id = ServerId(4),
                         .incarnation = incarnation,
                         .peer_address = "h4:7001",
                         .role = MemberRole::kJoining});
    }
    Greeting greeting;
    greeting.from = ServerId(1);
    greeting.incarnation = 101;
    greeting.founding = Founding();
    greeting.configuration = ClusterConfiguration(members);
    return greeting;
  }
  std::uint64_t incarnation() const { return directory_->identity().incarnation; }

  const std::string path_ = testing::TempDir() + "raft-join";
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<ClusterJoin> join_;
  std::stop_source stop_;
  std::future<absl::StatusOr<FoundingConfiguration>> result_;
};

TEST_F(ClusterJoinTest, AnInvitationMakesItPartOfTheClusterDurably) {
  Run();
  join_->Consider(GreetingThatLists(incarnation()));
  EXPECT_EQ(result_.get().value(), Founding());
  EXPECT_EQ(directory_->identity().founding, Founding());
}

TEST_F(ClusterJoinTest, AGreetingThatDoesNotListThisLifeIsNoInvitation) {
  Greeting without_configuration = GreetingThatLists(incarnation());
  without_configuration.configuration.reset();
  Greeting of_a_forming_server = GreetingThatLists(incarnation());
  of_a_forming_server.founding.reset();
  for (const Greeting& greeting : {GreetingThatLists(0), GreetingThatLists(incarnation() + 1),
                                   without_configuration, of_a_forming_server}) {
    join_->Consider(greeting);
  }
  stop_.request_stop();
  Run();
  EXPECT_EQ(result_.get().status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(directory_->identity().is_forming());
}

TEST_F(ClusterJoinTest, SaysHowItIsAdded) {
  EXPECT_NE(join_->WaitingFor().find("raftctl members add 4=h4:7001"), std::string::npos);
}

}  // namespace
}  // namespace raft
