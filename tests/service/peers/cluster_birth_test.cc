// Births of clusters of one and three, in one process, with disks that are variables.
#include "service/cluster_birth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "test_server.h"

namespace raft {
namespace {

using ::testing::HasSubstr;

class FakeDirectory final : public DataDirectory {
 public:
  const Identity& identity() const override { return identity_; }
  const std::string& path() const override { return path_; }
  absl::Status AdoptFounding(const FoundingConfiguration& founding) override {
    if (fails) return absl::InternalError("the disk is full");
    identity_.founding = founding;
    return absl::OkStatus();
  }
  absl::Status AdoptFoundingAsJoiner(const FoundingConfiguration& founding) override {
    return AdoptFounding(founding);
  }
  absl::StatusOr<OpenedServer> OpenServer() override {
    return absl::UnimplementedError("a birth opens nothing");
  }
  DirectorySizes Sizes() const override { return {}; }

  bool fails = false;

 private:
  Identity identity_;
  const std::string path_ = "/data/of/test";
};

// One server from its first start to its founding.
class Newborn {
 public:
  explicit Newborn(std::uint64_t id, int port = 0, std::uint64_t incarnation = 0)
      : server_(id, port, incarnation) {}
  ~Newborn() {
    stop_.request_stop();
    if (result_.valid()) result_.wait();
  }

  InitialMember AsInitialMember() const { return {server_.id(), server_.address()}; }

  void Start(const std::vector<InitialMember>& members, std::uint64_t hash = 77) {
    LocalServer local = server_.local();
    local.initial_members_hash = hash;
    PeerLinkOptions options;
    options.greet_deadline = std::chrono::milliseconds(500);
    birth_.emplace(options, local, members, directory_);
    result_ = std::async(std::launch::async, [this] {
      absl::StatusOr<FoundingConfiguration> founding = birth_->Run(stop_.get_token());
      if (founding.ok()) server_.Found(*founding);  // from now on Greet hands it out
      return founding;
    });
  }

  bool IsDone() const {
    return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  absl::StatusOr<FoundingConfiguration> Result() {
    if (result_.wait_for(kPatience) != std::future_status::ready) {
      stop_.request_stop();
      return absl::DeadlineExceededError("still waiting for " + birth_->WaitingFor());
    }
    return result_.get();
  }
  void Stop() { stop_.request_stop(); }
  std::string WaitingFor() const { return birth_->WaitingFor(); }
  TestServer& server() { return server_; }
  FakeDirectory& directory() { return directory_; }

 private:
  TestServer server_;
  FakeDirectory directory_;
  std::stop_source stop_;
  std::optional<ClusterBirth> birth_;
  std::future<absl::StatusOr<FoundingConfiguration>> result_;
};

TEST(ClusterBirthTest, AClusterOfOneFoundsItselfAtOnce) {
  Newborn one(1);
  one.Start({one.AsInitialMember()});
  const FoundingConfiguration founding = one.Result().value();
  EXPECT_EQ(founding.cluster_id.size(), kClusterIdBytes);
  EXPECT_GT(founding.log_time_ms, 1'600'000'000'000);
  EXPECT_EQ(founding.members, (std::vector<FoundingMember>{one.server().member()}));
  EXPECT_EQ(one.directory().identity().founding, founding) << "durable before it is told";
}

TEST(ClusterBirthTest, ThreeServersAgreeOnWhatTheFounderDrew) {
  Newborn one(1);
  Newborn two(2);
  Newborn three(3);
  // In any order: the list is a set.
  const std::vector<InitialMember> members = {three.AsInitialMember(), one.AsInitialMember(),
                                              two.AsInitialMember()};
  three.Start(members);
  two.Start(members);
  one.Start(members);
  const FoundingConfiguration founding = one.Result().value();
  EXPECT_EQ(two.Result().value(), founding);
  EXPECT_EQ(three.Result().value(), founding);
  EXPECT_EQ(three.directory().identity().founding, founding);
  EXPECT_EQ(founding.members,
            (std::vector<FoundingMember>{one.server().member(), two.server().member(),
                                         three.server().member()}));
}

TEST(ClusterBirthTest, TwoClustersNeverDrawTheSameId) {
  Newborn one(1);
  Newborn other(1);
  one.Start({one.AsInitialMember()});
  other.Start({other.AsInitialMember()});
  EXPECT_NE(one.Result().value().cluster_id, other.Result().value().cluster_id);
}

TEST(ClusterBirthTest, NobodyFoundsWhileOneInitialMemberIsAway) {
  Newborn one(1);
  Newborn two(2);
  const std::vector<InitialMember> members = {
      one.AsInitialMember(), two.AsInitialMember(), {ServerId(3), "127.0.0.1:1"}};
  one.Start(members);
  two.Start(members);
  EXPECT_TRUE(Eventually([&] {
    return one.WaitingFor().find("server 3 at 127.0.0.1:1") != std::string::npos &&
           two.WaitingFor().find("server 3 at 127.0.0.1:1") != std::string::npos;
  }));
  EXPECT_FALSE(one.IsDone());
  EXPECT_TRUE(one.directory().identity().is_forming());
}

TEST(ClusterBirthTest, DifferentListsWaitAndNameThePeerAndBothHashes) {
  Newborn one(1);
  Newborn two(2);
  const std::vector<InitialMember> members = {one.AsInitialMember(), two.AsInitialMember()};
  one.Start(members, /*hash=*/0xabc);
  EXPECT_TRUE(Eventually([&] { return !one.WaitingFor().empty(); }));
  EXPECT_THAT(one.WaitingFor(), HasSubstr("server 2"));
  EXPECT_THAT(one.WaitingFor(), HasSubstr("hash 4d there, abc here"));
  EXPECT_FALSE(one.IsDone());
  one.Stop();
  EXPECT_EQ(one.Result().status().code(), absl::StatusCode::kCancelled);
}

TEST(ClusterBirthTest, AMemberThatCrashedBeforeAdoptingIsToldLater) {
  Newborn one(1);
  auto two = std::make_unique<Newborn>(2);
  const std::vector<InitialMember> members = {one.AsInitialMember(), two->AsInitialMember()};
  const int port = two->server().port();
  const std::uint64_t incarnation = two->server().local().incarnation;
  one.Start(members);
  const FoundingConfiguration founding = one.Result().value();
  two.reset();
  two = std::make_unique<Newborn>(2, port, incarnation);  // the same disk, still forming
  two->Start(members);
  EXPECT_EQ(two->Result().value(), founding);
}

TEST(ClusterBirthTest, AWipedMemberIsRefusedWithTheWayBack) {
  Newborn one(1);
  auto two = std::make_unique<Newborn>(2);
  const std::vector<InitialMember> members = {one.AsInitialMember(), two->AsInitialMember()};
  one.Start(members);
  two->Start(members);
  ASSERT_TRUE(one.Result().ok());
  ASSERT_TRUE(two->Result().ok());
  const int port = two->server().port();
  two.reset();

  two = std::make_unique<Newborn>(2, port, /*incarnation=*/999);
  two->Start(members);

  const absl::Status status = two->Result().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("The way back"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/data/of/test"));
  EXPECT_TRUE(two->directory().identity().is_forming());
}

// Trap D14.
TEST(ClusterBirthTest, AWipedFounderFoundsNoSecondCluster) {
  auto one = std::make_unique<Newborn>(1);
  Newborn two(2);
  const std::vector<InitialMember> members = {one->AsInitialMember(), two.AsInitialMember()};
  one->Start(members);
  two.Start(members);
  ASSERT_TRUE(one->Result().ok());
  ASSERT_TRUE(two.Result().ok());
  const int port = one->server().port();
  one.reset();

  one = std::make_unique<Newborn>(1, port, /*incarnation=*/999);
  one->Start(members);

  EXPECT_EQ(one->Result().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ClusterBirthTest, AServerOutsideTheListIsTurnedAway) {
  Newborn one(1);
  one.Start({{ServerId(2), "127.0.0.1:1"}});
  EXPECT_EQ(one.Result().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ClusterBirthTest, AnAddressThatLeadsBackHereIsNamed) {
  Newborn one(1);
  one.Start({one.AsInitialMember(), {ServerId(2), one.server().address()}});
  EXPECT_TRUE(
      Eventually([&] { return one.WaitingFor().find("NOT_ADDRESSEE") != std::string::npos; }));
}

TEST(ClusterBirthTest, AFoundingThatCannotBeWrittenIsNone) {
  Newborn one(1);
  one.directory().fails = true;
  one.Start({one.AsInitialMember()});
  EXPECT_EQ(one.Result().status().message(), "the disk is full");
  EXPECT_TRUE(one.directory().identity().is_forming());
}

}  // namespace
}  // namespace raft
