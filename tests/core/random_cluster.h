// A cluster of one to five RaftServers in a random world that is as bad as the contract allows.
//
// The network drops, delays, duplicates and reorders; cuts are one-way or both ways; deadlines pass
// for calls that still arrive; disks complete late and forget what was not completed at a crash;
// state machines come back with less than they held. One seed, one story. Every event is followed
// by the checks of SafetyChecker; HealAndSettle checks that the cluster then serves again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "core/raft_server.h"
#include "core/random_source.h"
#include "tests/core/safety_checker.h"
#include "tests/core_harness/builders.h"
#include "tests/core_harness/test_disk.h"

namespace raft::harness {

class RandomCluster {
 public:
  explicit RandomCluster(std::uint64_t seed);

  // One random event.
  void Disturb();
  // The world turns good: everybody is up, nothing is lost. Fails unless within bounded ticks there
  // is one leader, a new proposal is applied everywhere, and nobody waits for an answer.
  void HealAndSettle();

  // What happened, so that a test can tell whether its stories were worth telling.
  std::uint64_t elections() const { return elections_; }
  std::uint64_t reads_answered() const { return reads_answered_; }
  LogIndex highest_committed() const { return checker_.highest_committed(); }

 private:
  struct Server {
    ServerId id;
    std::unique_ptr<RaftServer> raft;  // null while down
    TestDisk written;                  // the log as the server asked for it to be written
    TestDisk durable;                  // what a crash leaves
    std::deque<PersistRequest> writes{};
    std::deque<std::vector<LogEntryPointer>> batches_to_apply{};
    LogPosition applied{};
    LogIndex commit_checked{};
    std::map<Ticket, LogIndex> reads{};  // waiting; the least index each may be answered at
    std::set<Ticket> proposals{};        // neither appended nor refused yet
  };
  // Its caller is told that no answer will come.
  struct CallFailed {
    RequestNumber number;
  };
  struct Message {
    ServerId from;
    ServerId to;
    std::variant<PeerRequest, PeerResponse, CallFailed> body;
  };
  // A request that its receiver has not answered yet.
  struct OpenCall {
    ServerId caller;
    ServerId callee;
    RequestNumber number;
    LogPosition verified;  // by an AppendEntries, when it matches
  };

  std::uint32_t Between(std::uint32_t min, std::uint32_t max) { return random_.Between(min, max); }
  Server& AnyServer();
  Server& Find(ServerId id) { return servers_.at(id.value() - 1); }

  // Storms and calms take turns, so that there is something to lose when the next storm comes.
  bool IsCalm() const { return events_ / 300 % 2 == 0; }

  void Recover(Server& server);
  void Start(Server& server);
  void Crash(Server& server);
  void DisturbNetwork();
  void DisturbServers();

  void Step(Server& server, Input input);
  void Propose(Server& server);
  void Read(Server& server);
  void CompleteWrites(Server& server, std::size_t count);
  void Apply(Server& server);
  void Deliver(Message message);
  void FailCallOf(const Message& message);

  // Takes effects, checks them, and puts what left into the network.
  void Collect(Server& server);
  void CollectDisk(Server& server, Effects& effects);
  void CollectMessages(Server& server, Effects& effects);
  void CollectAnswers(Server& server, const Effects& effects);

  // Everything that is under way arrives and completes, until nothing is.
  void Settle();
  void TickAll();
  Server* OnlyLeader();
  // One leader, heard and recognized by all, and every state machine holds its whole log.
  bool IsInStep();

  RandomSource random_;
  RaftOptions options_;
  std::vector<Server> servers_;
  std::vector<Message> messages_;
  std::map<CallId, OpenCall> calls_;
  std::set<std::pair<ServerId, ServerId>> cuts_;  // nothing passes from first to second
  SafetyChecker checker_;
  std::uint64_t events_ = 0;
  std::uint64_t last_call_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t elections_ = 0;
  std::uint64_t reads_answered_ = 0;
};

}  // namespace raft::harness
