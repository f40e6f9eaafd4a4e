// Carries out a schedule on real processes and their network, and makes everything good again.
//
// Main thread only: it starts processes. A fault that strikes a server which another fault has
// already struck is left out. A server that ends by itself fails the test.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tests/chaos/fault.h"
#include "tests/chaos/networked_cluster.h"

namespace raft::chaos {

using FaultCounts = std::array<std::uint64_t, kFaultKinds>;

class FaultInjector {
 public:
  // All servers run. `leader` names the leader as far as known, at any moment and at once.
  FaultInjector(NetworkedCluster& servers, std::function<Id()> leader)
      : servers_(servers), leader_(std::move(leader)) {}

  // Blocks until the last fault has ended.
  void CarryOut(const Schedule& schedule);
  // Checks that every server that nothing has struck is still there.
  void ExpectNobodyEndedByItself();

  // How many of each kind took place.
  const FaultCounts& counts() const { return counts_; }

 private:
  using Undo = std::function<void()>;  // empty: the fault did not take place

  integration::Cluster& cluster() { return servers_.cluster(); }
  PeerNetwork& network() { return servers_.network(); }

  void Start(Id server);
  // Until all servers follow one leader; fails the test if they do not in time.
  bool AwaitCalm();
  void Begin(const Fault& fault, SteadyTime end);
  void EndUntil(SteadyTime now);

  Undo Strike(const Fault& fault);
  Undo Kill(Id server);
  Undo KillAll();
  Undo StandStill(Id server);
  Undo Terminate(Id server);
  Undo Cut(const std::vector<Direction>& directions);
  Undo Slow(const LinkRule& slowness);
  Undo Reset(Id server);

  // All servers, the target first, the others in order of their number.
  std::vector<Id> InOrderFrom(const Target& target);

  NetworkedCluster& servers_;
  const std::function<Id()> leader_;
  std::set<Id> struck_;  // killed, standing still or asked to end
  std::multimap<SteadyTime, Undo> endings_;
  FaultCounts counts_{};
};

}  // namespace raft::chaos
