// Whoever runs the simulated cluster: adds servers, removes them, replaces them, hands over.
//
// Asks servers that lead, or believe so, for changes drawn at random: sensible ones, hasty ones
// and some that cannot be. Knows what a leader shows of its configuration and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/fault_plan.h"
#include "tests/simulation/simulated_server.h"

namespace raft::simulation {

class Operator {
 public:
  Operator(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Story& story,
           std::vector<std::unique_ptr<SimulatedServer>>& servers);

  void Begin();
  // Asks for nothing any more; what was begun goes on.
  void Stop() { is_at_work_ = false; }
  // Takes out whoever has lost its disk, and nothing else. True: no member knows of anybody any
  // more whose life is over.
  bool TakeOutTheLost();

 private:
  void Act();
  // Null: nobody leads.
  SimulatedServer* SomeLeader();
  void ChangeMembers(SimulatedServer& leader);
  // The members but for those that lost their disks; none: nobody did.
  std::optional<std::vector<Member>> WithoutTheLost(const ClusterConfiguration& now) const;
  std::vector<Member> DrawMembers(const ClusterConfiguration& now);
  Member NewMember(ServerId id, MemberRole role) const;
  std::vector<Member> DrawWholeSet(const ClusterConfiguration& now);
  void Add(std::vector<Member>& members);
  ServerId AnyServer();

  const FaultPlan& plan_;
  VirtualTime& time_;
  Story& story_;
  std::vector<std::unique_ptr<SimulatedServer>>& servers_;
  Dice dice_;
  bool is_at_work_ = false;
};

}  // namespace raft::simulation
