// Real servers elect, replicate, and stop when they are asked to.
//
// Claims about the cluster as a client sees it; what each message does is claimed in tests/core.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

constexpr Milliseconds kGracefulStop{5'000};

TEST(ElectionTest, ThreeServersElectOneLeaderAndAgreeOnIt) {
  Cluster cluster(3);
  cluster.StartAll();

  const Id leader = cluster.WaitForLeader();

  std::vector<Id> leaders;
  for (const Id id : cluster.ids()) {
    const auto status = cluster.Status(id);
    ASSERT_TRUE(status.has_value());
    if (status->role() == v1::SERVER_ROLE_LEADER) leaders.push_back(id);
    EXPECT_EQ(status->members_size(), 3);
    EXPECT_FALSE(status->version().empty());
  }
  EXPECT_EQ(leaders, std::vector<Id>{leader});
}

TEST(ElectionTest, EveryServerAppliesWhatTheLeaderAcknowledged) {
  Cluster cluster(3);
  cluster.StartAll();
  for (int number = 0; number < 50; ++number) {
    cluster.MustPut("key-" + std::to_string(number), "value");
  }

  cluster.ExpectSameState(cluster.ids());
  for (const Id id : cluster.ids()) EXPECT_EQ(cluster.Status(id)->key_count(), 50u);
}

TEST(ElectionTest, AFollowerRefusesAProposalAndNamesTheLeader) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  const Id follower = leader % 3 + 1;

  const auto answer = cluster.client(follower).Put("key", "value");

  EXPECT_EQ(answer.outcome, Outcome::kRefused);
  EXPECT_EQ(answer.error.reason, "NOT_LEADER") << answer.error.message;
  EXPECT_EQ(answer.error.leader_hint.leader_id(), leader);
  EXPECT_EQ(answer.error.leader_hint.client_address(), cluster.addresses(leader).client);
}

TEST(ElectionTest, ASingleServerServesAloneAndKeepsItsDataOverARestart) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("key", "before");

  cluster.Kill(1);
  cluster.Start(1);

  EXPECT_EQ(cluster.MustGet("key"), "before");
  EXPECT_GT(cluster.MustPut("key", "after"), 0u);
  cluster.ExpectSameState({1});
}

TEST(ElectionTest, FourServersGoOnWithThreeButNotWithTwo) {
  Cluster cluster(4);
  cluster.StartAll();
  const Id first = cluster.WaitForLeader();
  cluster.Kill(first);
  EXPECT_GT(cluster.MustPut("key", "three of four"), 0u);

  const Id second = cluster.WaitForLeader();
  cluster.Kill(second);
  for (const Id id : cluster.ids()) {
    if (id == first || id == second) continue;
    const auto answer = cluster.client(id).Put("key", "two of four", Milliseconds(1'500));
    EXPECT_FALSE(answer.ok()) << "server " << id << " acknowledged without a majority";
  }

  cluster.Start(first);
  EXPECT_GT(cluster.MustPut("key", "three again"), 0u);
  EXPECT_EQ(cluster.MustGet("key"), "three again");
}

TEST(ElectionTest, FiveServersGoOnWithTwoDown) {
  Cluster cluster(5);
  cluster.StartAll();
  cluster.MustPut("key", "five");
  const Id leader = cluster.WaitForLeader();
  const Id follower = leader % 5 + 1;

  cluster.Kill(leader);
  cluster.Kill(follower);

  EXPECT_EQ(cluster.MustGet("key"), "five");
  EXPECT_GT(cluster.MustPut("key", "three of five"), 0u);
  cluster.Start(leader);
  cluster.Start(follower);
  cluster.ExpectSameState(cluster.ids());
}

TEST(ElectionTest, SigtermStopsEveryServerWithinFiveSecondsAndNothingIsLost) {
  Cluster cluster(3);
  cluster.StartAll();
  cluster.MustPut("key", "kept");

  for (const Id id : cluster.ids()) cluster.process(id).Signal(SIGTERM);
  for (const Id id : cluster.ids()) {
    EXPECT_EQ(cluster.process(id).WaitForExit(kGracefulStop), 0) << "server " << id;
  }

  cluster.StartAll();
  EXPECT_EQ(cluster.MustGet("key"), "kept");
}

TEST(ElectionTest, ProgramsThatAreStartedWithoutStandardStreamsDoNotWriteIntoTheirOwnSockets) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("key", "value");
  const std::string load = RaftctlProgram() + " --endpoints " + cluster.Endpoints() + " load - ";

  // Without standard input there is no line to load; it must not wait for a library's descriptor.
  const Finished finished = RunToEnd({"/bin/sh", "-c", load + "<&-"}, cluster.folder());
  EXPECT_EQ(finished.exit_code, 0) << finished.error;
  EXPECT_NE(finished.output.find("0 lines"), std::string::npos) << finished.output;
}

TEST(ElectionTest, AStderrThatNobodyReadsKeepsNoServerFromServingOrStopping) {
  Cluster cluster(1);
  const std::string pipe = cluster.folder() + "/unread";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int held_open = open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(held_open, 0);
  const std::string page(4096, 'x');
  while (write(held_open, page.data(), page.size()) > 0) {
  }
  Process server({.arguments = cluster.Arguments(1), .output_path = pipe, .error_path = pipe});

  Client client(cluster.addresses(1).client);
  EXPECT_TRUE(WaitUntil([&] { return client.Put("key", "value").ok(); }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(kGracefulStop), 0);
  close(held_open);
}

TEST(ElectionTest, ALeaderStopsGracefullyUnderLoadAndTheOthersGoOn) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  std::vector<std::unique_ptr<PendingCall>> calls;
  for (int number = 0; number < 100; ++number) {
    const std::string request =
        PutRequest("key-" + std::to_string(number), "value").SerializeAsString();
    calls.push_back(cluster.client(leader).Start("/raft.v1.ConsensusService/Propose", request));
  }

  cluster.process(leader).Signal(SIGTERM);

  EXPECT_EQ(cluster.process(leader).WaitForExit(kGracefulStop), 0);
  cluster.Kill(leader);
  for (std::size_t number = 0; number < calls.size(); ++number) {
    if (!calls[number]->Wait().ok()) continue;
    EXPECT_EQ(cluster.MustGet("key-" + std::to_string(number)), "value");
  }
}

TEST(ElectionTest, ASecondServerOnATakenPortEndsAndTheFirstGoesOn) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("key", "value");
  const Addresses& taken = cluster.addresses(1);
  const Addresses other = FreeAddresses();

  for (const Addresses& mix : {Addresses{taken.client, other.peer, other.http},
                               Addresses{other.client, taken.peer, other.http},
                               Addresses{other.client, other.peer, taken.http}}) {
    const Finished second =
        RunToEnd({RaftdProgram(), "--server-id", "1", "--data-dir", cluster.folder() + "/second",
                  "--client-address", mix.client, "--peer-address", mix.peer, "--http-address",
                  mix.http, "--initial-members", "1=" + mix.peer},
                 cluster.folder());
    EXPECT_EQ(second.exit_code, 1) << second.error;
    EXPECT_NE(second.error.find("127.0.0.1"), std::string::npos) << second.error;
  }

  EXPECT_EQ(cluster.MustGet("key"), "value");
}

}  // namespace
}  // namespace raft::integration
