// One seed, one world: a cluster, its clients and its nemesis, from the first start to the verdict.
//
// Three phases. Under faults, the laws must hold. Then a random majority is healed while the rest
// stays broken: it must elect a leader, serve, and not be disturbed. Then everybody is healed: all
// must come to the same state. At the end the clients' history must be linearizable.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/clients.h"
#include "tests/simulation/cluster_laws.h"
#include "tests/simulation/fault_plan.h"
#include "tests/simulation/nemesis.h"
#include "tests/simulation/network.h"
#include "tests/simulation/operator.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/story.h"
#include "tests/simulation/virtual_time.h"

namespace raft::simulation {

// How a run ended.
struct RunVerdict {
  bool is_red = false;
  std::string law;   // the law broken
  std::string seen;  // what was seen
  Moment ended_at = 0;
  Counters counters;
  std::deque<std::string> story;  // the last lines, when it was told
};

class World {
 public:
  // `told`: keep the story in words; slower.
  World(std::uint64_t seed, const Wishes& wishes, bool told);

  // Runs the whole seed. Never throws; a RAFT_CHECK of the core aborts.
  RunVerdict Run();
  // For whoever must explain an abort.
  const Story& story() const { return story_; }

 private:
  void RunUnderFaults();
  void AwaitRightStates();
  void RunWithHealthyMajority();
  void RunHealed();
  void CheckHandOver();
  void CheckOldCopy();
  Moment CatchUpTime() const;
  bool IsLeftInTheDark(const SimulatedServer& server) const;
  void CheckHistory();

  std::vector<ServerId> DrawMajority();
  // Lets time pass until `reached`, which must be before `patience` is over.
  template <typename Condition>
  void DemandWithin(Moment patience, const char* law, Condition reached);
  // The one leader that all of these recognize, in one term; it need not be one of them.
  std::optional<ServerId> AgreedLeader(const std::vector<ServerId>& among) const;
  bool HaveConverged() const;
  std::set<ServerId> HoldersOf(LogPosition position) const;
  // Of whoever leads now, in the newest term.
  std::optional<RaftStatus> NewestLeader() const;
  SimulatedServer& Find(ServerId id) { return *servers_.at(id.value() - 1); }
  const SimulatedServer& Find(ServerId id) const { return *servers_.at(id.value() - 1); }
  std::string Standing() const;
  Moment Timeouts(std::int64_t count) const;
  Term HighestTerm() const;

  const FaultPlan plan_;
  VirtualTime time_;
  Story story_;
  Network network_;
  ClusterLaws laws_;
  std::vector<std::unique_ptr<SimulatedServer>> servers_;
  Nemesis nemesis_;
  Operator operator_;
  Clients clients_;
  Dice dice_;
};

}  // namespace raft::simulation
