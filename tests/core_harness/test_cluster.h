// Several RaftServers and a network in memory that does nothing by itself.
//
// The test delivers, duplicates, loses or reorders single messages, ticks single servers, and
// crashes and restarts them. A request that is lost with FailCall tells its sender, as a passed
// deadline would; one that is lost with Lose does not. Same calls, same run.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "tests/core_harness/server_under_test.h"

namespace raft::harness {

struct ClusterSetup {
  std::size_t servers = 3;
  RaftOptions options = SmallOptions();
  std::uint64_t seed = 1;
  std::map<ServerId, RecoveredState> recovered = {};  // servers not listed start empty
};

struct MessageInFlight {
  std::uint64_t id;
  ServerId from;
  ServerId to;
  std::variant<PeerRequest, PeerResponse> body;
  CallId call_id = CallId(0);  // of a response: the call it answers

  // The message as `Kind`, null when it is of another kind.
  template <typename Kind>
  const Kind* As() const {
    if (const auto* request = std::get_if<PeerRequest>(&body)) return GetIf<Kind>(*request);
    return GetIf<Kind>(std::get<PeerResponse>(body));
  }
  bool is_request() const { return std::holds_alternative<PeerRequest>(body); }
  RequestNumber number() const {
    return std::visit(
        [](const auto& kinds) {
          return std::visit([](const auto& message) { return message.number; }, kinds);
        },
        body);
  }

 private:
  template <typename Kind, typename... Kinds>
  static const Kind* GetIf(const std::variant<Kinds...>& kinds) {
    if constexpr ((std::is_same_v<Kind, Kinds> || ...)) {
      return std::get_if<Kind>(&kinds);
    } else {
      return nullptr;
    }
  }
};

class TestCluster {
 public:
  using Chosen = std::function<bool(const MessageInFlight&)>;

  explicit TestCluster(ClusterSetup setup = {}) : setup_(std::move(setup)) {
    const std::vector<ServerId> voters = FirstServers(setup_.servers);
    for (const ServerId id : voters) {
      ServerSetup server{.self = id,
                         .voters = voters,
                         .options = setup_.options,
                         .seed = setup_.seed * 100 + id.value(),
                         .shelf = shelf_};
      if (const auto found = setup_.recovered.find(id); found != setup_.recovered.end()) {
        server.recovered = found->second;
      }
      servers_[id] = std::make_unique<ServerUnderTest>(std::move(server));
    }
  }

  // ---- The servers.

  // A server with an empty disk that is not a member yet.
  void AddServer(ServerId id) {
    servers_[id] =
        std::make_unique<ServerUnderTest>(ServerSetup{.self = id,
                                                      .voters = FirstServers(setup_.servers),
                                                      .options = setup_.options,
                                                      .seed = setup_.seed * 100 + id.value(),
                                                      .shelf = shelf_});
  }
  // Requires: the server is running.
  ServerUnderTest& server(ServerId id) {
    EXPECT_TRUE(is_running(id)) << "server " << id.value() << " is down";
    return *servers_.at(id);
  }
  bool is_running(ServerId id) const { return servers_.at(id) != nullptr; }
  std::vector<ServerId> all() const { return FirstServers(setup_.servers); }
  std::vector<ServerId> running() const {
    std::vector<ServerId> ids;
    for (const auto& [id, server] : servers_) {
      if (server != nullptr) ids.push_back(id);
    }
    return ids;
  }
  void TickAll(std::uint64_t ticks = 1) {
    for (std::uint64_t tick = 0; tick < ticks; ++tick) {
      for (const ServerId id : running()) server(id).TickTimes(1);
    }
  }
  // Pulls the plug: what was not persisted is gone, answers on their way to the server too.
  void Crash(ServerId id) {
    CollectMessages();
    after_crash_[id] = server(id).SetupAfterCrash();
    servers_[id] = nullptr;
    std::erase_if(messages_, [id](const MessageInFlight& message) {
      return message.to == id && !message.is_request();
    });
    BreakTransfers(id);
  }
  void Restart(ServerId id) {
    ASSERT_FALSE(is_running(id));
    servers_[id] = std::make_unique<ServerUnderTest>(after_crash_.at(id));
  }
  // The newest leader among the running servers; none when there is no leader.
  std::optional<ServerId> leader() {
    std::optional<ServerId> newest;
    for (const ServerId id : running()) {
      if (server(id).role() != RoleName::kLeader) continue;
      if (!newest.has_value() || server(id).term() > server(*newest).term()) newest = id;
    }
    return newest;
  }

  // ---- The network.

  // Everything that is on its way, oldest first.
  const std::deque<MessageInFlight>& messages() {
    CollectMessages();
    return messages_;
  }
  std::vector<MessageInFlight> MessagesWhere(const Chosen& chosen) {
    std::vector<MessageInFlight> found;
    for (const MessageInFlight& message : messages()) {
      if (chosen(message)) found.push_back(message);
    }
    return found;
  }
  // Requires: the message is in flight (all four).
  void Deliver(std::uint64_t id) {
    const MessageInFlight message = TakeOut(id);
    if (!CanPass(message)) return Fail(message);
    if (message.As<InstallSnapshotRequest>()) transfers_.push_back(message);
    if (const auto* request = std::get_if<PeerRequest>(&message.body)) {
      server(message.to).Receive(message.from, *request);
    } else {
      server(message.to).ReceiveAnswer(message.from, std::get<PeerResponse>(message.body));
    }
  }
  void Duplicate(std::uint64_t id) {
    MessageInFlight copy = TakeOut(id);
    messages_.push_front(copy);
    copy.id = ++last_message_;
    messages_.push_back(std::move(copy));
  }
  void Lose(std::uint64_t id) { TakeOut(id); }
  void FailCall(std::uint64_t id) { Fail(TakeOut(id)); }

  // Delivers the oldest chosen message again and again until none is left.
  void DeliverWhere(const Chosen& chosen) {
    for (int delivered = 0; delivered < 10'000; ++delivered) {
      const std::vector<MessageInFlight> found = MessagesWhere(chosen);
      if (found.empty()) return;
      Deliver(found.front().id);
    }
    ADD_FAILURE() << "the servers never stop sending";
  }
  void DeliverAll() {
    DeliverWhere([](const MessageInFlight&) { return true; });
  }
  void DeliverAmong(const std::set<ServerId>& group) {
    DeliverWhere([&group](const MessageInFlight& message) {
      return group.contains(message.from) && group.contains(message.to);
    });
  }
  void LoseAll() {
    CollectMessages();
    messages_.clear();
  }
  // One way only: nothing from `from` reaches `to`.
  void CutOneWay(ServerId from, ServerId to) { cuts_.insert({from, to}); }
  void Isolate(ServerId id) {
    for (const auto& [other, server] : servers_) {
      CutOneWay(id, other);
      CutOneWay(other, id);
    }
  }
  void HealAllCuts() { cuts_.clear(); }

  // ---- Roads to a state.

  // Time passes and every message arrives, until `done`; fails after `ticks_max` ticks.
  void RunUntil(const std::function<bool()>& done, std::uint64_t ticks_max = 1000) {
    DeliverAll();
    for (std::uint64_t tick = 0; tick < ticks_max && !done(); ++tick) {
      TickAll();
      DeliverAll();
    }
    EXPECT_TRUE(done()) << "not reached within " << ticks_max << " ticks";
  }
  void Run(std::uint64_t ticks) {
    DeliverAll();
    for (std::uint64_t tick = 0; tick < ticks; ++tick) {
      TickAll();
      DeliverAll();
    }
  }

  // Makes `id` the leader with the votes of `voters` (itself included), and stops the moment it
  // is: its first AppendEntries are in flight, everything else is lost.
  void Elect(ServerId id, const std::set<ServerId>& voters) {
    ForgetTheOldLeader(id, voters);
    const std::uint64_t enough = 20ull * setup_.options.election_timeout_ticks_max;
    for (std::uint64_t tick = 0; tick < enough; ++tick) {
      DeliverWhere([&](const MessageInFlight& message) {
        return IsElection(message) && voters.contains(message.from) && voters.contains(message.to);
      });
      if (server(id).role() == RoleName::kLeader) {
        std::erase_if(messages_,
                      [](const MessageInFlight& message) { return IsElection(message); });
        return;
      }
      server(id).TickTimes(1);
    }
    FAIL() << "server " << id.value() << " was not elected within " << enough << " ticks";
  }

 private:
  static bool IsElection(const MessageInFlight& message) {
    return message.As<PreVoteRequest>() || message.As<PreVoteResponse>() ||
           message.As<RequestVoteRequest>() || message.As<RequestVoteResponse>();
  }

  // Lets the voters wait until no leader is near for them, and loses whatever they say meanwhile.
  void ForgetTheOldLeader(ServerId id, const std::set<ServerId>& voters) {
    LoseAll();
    for (const ServerId voter : voters) {
      if (voter != id) server(voter).TickTimes(setup_.options.election_timeout_ticks_min + 1);
    }
    LoseAll();
  }

  void CollectMessages() {
    for (const ServerId id : running()) {
      for (OutgoingRequest& outgoing : servers_.at(id)->TakeAllRequests()) {
        messages_.push_back({.id = ++last_message_,
                             .from = id,
                             .to = outgoing.to,
                             .body = std::move(outgoing.request)});
      }
      for (OutgoingResponse& outgoing : servers_.at(id)->TakeAllResponses()) {
        messages_.push_back({.id = ++last_message_,
                             .from = id,
                             .to = outgoing.to.peer,
                             .body = std::move(outgoing.response),
                             .call_id = outgoing.to.call_id});
      }
    }
  }
  // Streams of snapshots to a server that crashed break off, and their senders learn of it; those
  // of a sender that crashed are forgotten.
  void BreakTransfers(ServerId crashed) {
    for (const MessageInFlight& transfer : std::exchange(transfers_, {})) {
      if (transfer.to == crashed) {
        Fail(transfer);
      } else if (transfer.from != crashed) {
        transfers_.push_back(transfer);
      }
    }
  }
  MessageInFlight TakeOut(std::uint64_t id) {
    CollectMessages();
    for (auto message = messages_.begin(); message != messages_.end(); ++message) {
      if (message->id != id) continue;
      MessageInFlight taken = std::move(*message);
      messages_.erase(message);
      return taken;
    }
    ADD_FAILURE() << "message " << id << " is not in flight";
    return {};
  }
  bool CanPass(const MessageInFlight& message) const {
    return servers_.contains(message.to) && !cuts_.contains({message.from, message.to}) &&
           is_running(message.to);
  }
  // The call is over without an answer: whoever asked is told.
  void Fail(const MessageInFlight& message) {
    const ServerId caller = message.is_request() ? message.from : message.to;
    const ServerId callee = message.is_request() ? message.to : message.from;
    if (!is_running(caller)) return;
    server(caller).Step(PeerUnreachable{.peer = callee, .number = message.number()});
  }

  ClusterSetup setup_;
  std::map<ServerId, std::unique_ptr<ServerUnderTest>> servers_;  // null while down
  std::map<ServerId, ServerSetup> after_crash_;
  std::deque<MessageInFlight> messages_;
  std::vector<MessageInFlight> transfers_;  // snapshots that were offered, and to whom
  std::shared_ptr<SnapshotShelf> shelf_ = std::make_shared<SnapshotShelf>();
  std::set<std::pair<ServerId, ServerId>> cuts_;
  std::uint64_t last_message_ = 0;
};

}  // namespace raft::harness
