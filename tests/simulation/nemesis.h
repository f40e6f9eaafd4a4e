// Whatever goes wrong in a simulated world, and its undoing.
//
// Strikes now and then with one of the plan's faults, mostly at the leader; what lasts is undone
// after a while, or at once when the world is healed. Servers that went down come back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/fault_plan.h"
#include "tests/simulation/network.h"
#include "tests/simulation/simulated_server.h"

namespace raft::simulation {

class Nemesis {
 public:
  Nemesis(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Network& network,
          Story& story, std::vector<std::unique_ptr<SimulatedServer>>& servers);

  void Begin();
  // No more strikes; everything that lasts is undone, disks are mended, everybody is up.
  void HealAll();
  // These servers are whole; each of the others stays broken in a way of its own, for ever.
  void HealOnly(const std::vector<ServerId>& healthy);
  // Of the broken ones, those who are up see everybody but this leader: they will campaign, and
  // must not disturb (trap A12).
  void HideLeaderFromBroken(ServerId leader, const std::vector<ServerId>& healthy);
  // A server went down by itself, perhaps of a fault that came before the world was healed: it is
  // started again after a while, as whoever runs servers would.
  void WentDown(SimulatedServer& server);

 private:
  using Undoing = std::function<void()>;

  void StormAndCalm(bool storms);
  void Strike();
  void DistortStates();
  void WipeDisks();
  void KeepCopies();
  bool CanLose(const SimulatedServer& victim) const;
  void Apply(Fault fault, SimulatedServer& victim);
  void ApplyToNetwork(Fault fault, ServerId victim);
  void ApplyToDisk(Fault fault, SimulatedServer& victim);
  void ApplyToProcess(Fault fault, SimulatedServer& victim);
  void ApplyToClock(Fault fault, SimulatedServer& victim);
  void CrashAgainAndAgain(SimulatedServer& victim, std::uint32_t times);
  void Break(SimulatedServer& server);
  void Flap(ServerId server, bool is_cut);
  void CutIntoChain();
  void MendAllOf(ServerId server);
  void CutOff(ServerId server, bool inbound, bool outbound);
  void RestartLater(SimulatedServer& server);

  // Undoes after about the plan's length, or when the world is healed.
  void Last(Undoing undo);
  SimulatedServer& Victim();

  const FaultPlan& plan_;
  VirtualTime& time_;
  Network& network_;
  Story& story_;
  std::vector<std::unique_ptr<SimulatedServer>>& servers_;
  Dice dice_;
  std::vector<Fault> strikes_;  // the plan's faults that come one by one
  bool is_at_work_ = false;
  std::uint64_t last_undoing_ = 0;
  std::map<std::uint64_t, Undoing> undoings_;
  std::set<ServerId> flapping_;
  std::set<ServerId> down_for_good_;  // killed, and nobody starts them again
};

}  // namespace raft::simulation
