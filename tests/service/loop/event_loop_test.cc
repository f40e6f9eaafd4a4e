// The whole loop on real threads: a cluster of one with a fake disk and state machine, and a
// cluster of three whose peers never answer.
#include "service/loop/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "tests/service/loop/fakes.h"
#include "tests/service/loop/loop_of_one_server.h"

namespace raft {
namespace {

TEST(EventLoopTest, AClusterOfOneLeadsAndAnswersProposalsAndReads) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  FakeClient writer, reader;
  server.Propose(writer, FarFuture(), "a");
  EXPECT_EQ(writer.Answer(), "applied 2: did a") << "index 1 is the no-op of the term";
  server.Read(reader);
  EXPECT_EQ(reader.Answer(), "read at 2");
}

TEST(EventLoopTest, MeasuresTheTimeFromAppendToCommit) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  FakeClient client;
  server.Propose(client, FarFuture(), "a");
  EXPECT_TRUE(server.observer.committed.WaitForCount(1));
  EXPECT_EQ(client.Answer(), "applied 2: did a");  // until then the server holds on to the client
}

TEST(EventLoopTest, TrimsItsLogOnceTheStateIsDurable) {
  RaftOptions options;
  options.compaction_entries = 10;
  options.tail_entries = 2;
  options.tail_bytes = 1 << 20;
  LoopOfOneServer server({1}, options);
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  for (int count = 0; count < 30; ++count) {
    FakeClient client;
    server.Propose(client, FarFuture(), "x");
    EXPECT_NE(client.Answer(), "no answer in time");
  }
  ASSERT_TRUE(server.observer.trims.WaitForCount(1));
  EXPECT_GT(server.observer.trims.Read().front(), LogIndex(1));
}

// A follower that is offered what it lacks asks its transport to store it, and for nothing else.
TEST(EventLoopTest, StoresASnapshotThatItsLeaderOffers) {
  LoopOfOneServer server({1, 2, 3});
  server.installer.header.last_included = {.index = LogIndex(10), .term = Term(1)};
  server.Start();
  const ReturnAddress leader = {.peer = ServerId(2), .call_id = CallId(1)};
  const InstallSnapshotRequest offer = {.number = RequestNumber(1),
                                        .term = Term(100),
                                        .leader_id = ServerId(2),
                                        .last_included = server.installer.header.last_included};
  ASSERT_TRUE(server.inbox.PushPeer(RequestReceived{.sender = leader, .request = offer}));
  ASSERT_TRUE(server.peers.snapshots.WaitForCount(1));
  EXPECT_EQ(server.peers.snapshots.Read().front(), "store of 2");

  server.inbox.PushSnapshotStored(
      {.sender = leader,
       .number = offer.number,
       .last_included = offer.last_included,
       .log_time_ms = 1,
       .configuration = {LogIndex(0), LoopOfOneServer::Configuration({1, 2, 3})}});

  ASSERT_TRUE(server.installer.steps.WaitForCount(1));
  EXPECT_EQ(server.installer.steps.Read().front(), "switch");
  EXPECT_TRUE(LoopOfOneServer::WaitFor(
      [&] { return server.board.Read().first_log_index == LogIndex(11); }));
  EXPECT_TRUE(LoopOfOneServer::WaitFor([&] { return !server.peers.responses.Read().empty(); }));
}

TEST(EventLoopTest, SharesOneWriteAmongAllThatGatherDuringAWrite) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  FakeClient first;
  server.Propose(first, FarFuture(), "warm-up");
  ASSERT_EQ(first.Answer(), "applied 2: did warm-up");
  const std::size_t batches_before = server.storage.batches.Read().size();

  server.storage.door.Shut();
  std::vector<std::unique_ptr<FakeClient>> clients;
  for (int count = 0; count < 100; ++count) {
    clients.push_back(std::make_unique<FakeClient>());
    server.Propose(*clients.back(), FarFuture(), "x");
  }
  ASSERT_TRUE(LoopOfOneServer::WaitFor([&] { return server.inbox.depth().clients == 0; }));
  server.storage.door.Open();
  for (const auto& client : clients) EXPECT_NE(client->Answer(), "no answer in time");
  EXPECT_LE(server.storage.batches.Read().size() - batches_before, 5u);
}

TEST(EventLoopTest, DoesNotAppendAProposalThatIsPastItsDeadline) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  FakeClient late, in_time;
  server.Propose(late, LongAgo(), "late");
  server.Propose(in_time, FarFuture(), "in time");
  EXPECT_EQ(in_time.Answer(), "applied 2: did in time");
  EXPECT_EQ(late.Answer(), "deadline");
}

TEST(EventLoopTest, DoesNotAppendForAClientThatGaveUpInTheQueue) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  FakeClient gone, client;
  const Ticket ticket = server.calls.Add(&gone, FarFuture()).value();
  ASSERT_EQ(server.calls.Take(ticket), &gone);
  ASSERT_TRUE(server.inbox.PushClient(
      CommandProposed{.ticket = ticket, .command = "gone", .expected_term = std::nullopt}, 1));
  server.Propose(client, FarFuture(), "here");
  EXPECT_EQ(client.Answer(), "applied 2: did here");
}

TEST(EventLoopTest, SaysWhereAnAppendedProposalStandsWhenItsDeadlinePasses) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  FakeClient warm_up;
  server.Propose(warm_up, FarFuture(), "warm-up");
  ASSERT_EQ(warm_up.Answer(), "applied 2: did warm-up");
  server.storage.door.Shut();
  FakeClient client;
  server.Propose(client, std::chrono::steady_clock::now() + std::chrono::milliseconds(500), "slow");
  EXPECT_EQ(client.Answer(), "deadline at 3") << "appended, so the outcome is unknown";
  server.storage.door.Open();
}

TEST(EventLoopTest, RefusesClientsOnAServerThatDoesNotLeadAndAsksItsPeers) {
  LoopOfOneServer server({1, 2, 3});
  server.Start();
  FakeClient client;
  server.Propose(client, FarFuture(), "a");
  EXPECT_EQ(client.Answer(), "refused");
  EXPECT_EQ(client.last_refusal.reason, RefusalReason::kNotLeader);
  EXPECT_TRUE(server.peers.requests.WaitForCount(2)) << "a pre-vote to each peer";
}

TEST(EventLoopTest, AnswersEverythingThatWasAcceptedBeforeItStops) {
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  std::vector<std::unique_ptr<FakeClient>> clients;
  for (int count = 0; count < 200; ++count) {
    clients.push_back(std::make_unique<FakeClient>());
    server.Propose(*clients.back(), FarFuture(), "x");
  }
  server.Stop();
  for (const UnansweredCall& rest : server.calls.TakeAll()) {
    rest.call->OnShuttingDown(rest.appended);
  }
  for (const auto& client : clients) EXPECT_NE(client->Answer(), "answered more than once");
  for (const auto& client : clients) EXPECT_TRUE(client->answered());
}

TEST(EventLoopTest, KeepsManyClientsApartUnderLoadFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kProposals = 500;
  LoopOfOneServer server({1});
  server.Start();
  ASSERT_TRUE(server.WaitUntilLeader());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&server, thread] {
      for (int count = 0; count < kProposals; ++count) {
        const std::string command = std::to_string(thread) + "/" + std::to_string(count);
        FakeClient client;
        server.Propose(client, FarFuture(), command);
        EXPECT_THAT(client.Answer(), testing::EndsWith(": did " + command));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace raft
