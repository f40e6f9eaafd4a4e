// Clients that write and read a handful of keys, and remember what they were told.
//
// Each has one operation open at a time, follows hints, gives up after a while, and then does not
// know. What they remember is the history that the linearizability check judges; what each answer
// claims is held against the ledger at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/linearizability/history.h"
#include "tests/simulation/client_request.h"
#include "tests/simulation/cluster_laws.h"
#include "tests/simulation/network.h"

namespace raft::simulation {

class Clients {
 public:
  // Hands a request to a server, at the moment it arrives there.
  using Submit = std::function<void(ServerId, ClientRequest)>;

  Clients(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Network& network,
          ClusterLaws& laws, Story& story, Submit submit);

  void Begin();
  // No new operations.
  void Stop() { stopped_ = true; }
  // Nobody waits for an answer any more.
  bool are_idle() const;

  // Everything that constrains an order: reads that nobody answered are left out.
  linearizability::History history() const;
  // Counts what became of writes whose outcome nobody knew.
  void CountUnknown() const;

 private:
  struct Client {
    std::uint32_t name;  // another one after an operation of unknown outcome
    ServerId target;
    std::optional<std::size_t> open;  // place in operations_
    std::map<std::string, std::uint64_t> seen_revisions;
  };
  struct Call {
    linearizability::Operation operation;
    std::string command;  // serialised; empty for a get
    bool is_open = true;
    LogIndex acknowledged_before;
  };

  ServerId AnyServer() { return ServerId(dice_.Between(1, plan_.all_servers())); }
  void Next(std::size_t client);
  linearizability::Operation DrawOperation(Client& client);
  void SendOpen(std::size_t client);
  void GiveUp(std::size_t client, std::size_t call);
  void Hear(std::size_t client, std::size_t call, const ClientAnswer& answer);
  void Judge(const Call& call, const ClientAnswer& answer);
  void Record(Client& client, Call& call, const ClientAnswer& answer);
  void End(std::size_t client, linearizability::Outcome outcome);

  const FaultPlan& plan_;
  VirtualTime& time_;
  Network& network_;
  ClusterLaws& laws_;
  Story& story_;
  const Submit submit_;
  Dice dice_;
  bool stopped_ = false;
  std::uint32_t names_ = 0;
  std::int64_t stamp_ = 0;  // rises with every call and return
  std::vector<Client> clients_;
  std::vector<Call> calls_;
};

}  // namespace raft::simulation
