// One server with all its threads, for tests of the loop: a fake disk, state machine and transport
// around the real core.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/loop/event_loop.h"
#include "service/loop/ticker.h"
#include "tests/service/loop/fakes.h"

namespace raft {

class NotingObserver final : public LoopObserver {
 public:
  void OnCommitted(Seconds) override { committed.Write(1); }
  void OnEvent(const RaftEvent& event) override {
    if (const auto* trimmed = std::get_if<LogTrimmed>(&event)) trims.Write(trimmed->first_index);
  }
  Notebook<int> committed;
  Notebook<LogIndex> trims;
};

class LoopOfOneServer {
 public:
  explicit LoopOfOneServer(std::vector<std::uint64_t> voters, const RaftOptions& options = {})
      : raft(ServerId(1), Configuration(voters), options, /*random_seed=*/1, {}) {}
  ~LoopOfOneServer() { Stop(); }

  void Start() {
    disk.Start();
    apply.Start();
    loop.Start();
    ticker.Start();
  }
  void Stop() {
    ticker.Stop();
    loop.Stop();
    disk.DrainAndStop();
    apply.DrainAndStop();
  }

  bool WaitUntilLeader() const {
    return WaitFor([this] { return board.leadership().is_leader(); });
  }
  static bool WaitFor(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }

  void Propose(FakeClient& client, SteadyTime deadline, std::string command) {
    const Ticket ticket = calls.Add(&client, deadline).value();
    ASSERT_TRUE(inbox.PushClient(
        CommandProposed{
            .ticket = ticket, .command = std::move(command), .expected_term = std::nullopt},
        1));
  }
  void Read(FakeClient& client) {
    const Ticket ticket = calls.Add(&client, FarFuture()).value();
    ASSERT_TRUE(inbox.PushClient(ReadRequested{.ticket = ticket}, 1));
  }

  static ClusterConfiguration Configuration(const std::vector<std::uint64_t>& voters) {
    std::vector<ServerId> ids;
    for (const std::uint64_t voter : voters) ids.emplace_back(voter);
    return ClusterConfiguration(std::move(ids));
  }

  static FatalHandler FailTheTest() {
    return [](const absl::Status& failure) { ADD_FAILURE() << failure.message(); };
  }

  FakeStorage storage;
  FakeInstaller installer;
  FakePeers peers;
  NotingObserver observer;
  StatusBoard board;
  Inbox inbox{InboxLimits{}};
  PendingCalls calls{100'000};
  RaftServer raft;
  DiskThread disk{storage, inbox, observer, FailTheTest()};
  ApplyThread apply{std::make_unique<FakeStateMachine>(),
                    installer,
                    inbox,
                    calls,
                    board,
                    observer,
                    FailTheTest(),
                    ApplyLimits{}};
  EventLoop loop{{.raft = raft,
                  .inbox = inbox,
                  .disk = disk,
                  .apply = apply,
                  .peers = peers,
                  .calls = calls,
                  .board = board,
                  .observer = observer}};
  Ticker ticker{std::chrono::milliseconds(1), inbox};
};

}  // namespace raft
