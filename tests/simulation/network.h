// The simulated network between servers, and between clients and servers: late, lossy, cut.
//
// Carries closures, so it knows who talks to whom and nothing of what is said. A message is lost,
// copied, delayed or replayed by the plan's chances while the network storms; a cut takes what
// crosses it in its direction, at the moment of arrival.
#pragma once

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "core/types.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/fault_plan.h"
#include "tests/simulation/story.h"
#include "tests/simulation/virtual_time.h"

namespace raft::simulation {

class Network {
 public:
  Network(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Story& story);

  // `arrive` is called at the receiver, never, once or several times. Clients are server 0.
  void Send(ServerId from, ServerId to, std::function<void()> arrive);
  // Never or once: what a client asks for must not be done twice before sessions exist.
  void SendOnce(ServerId from, ServerId to, std::function<void()> arrive);

  void Cut(ServerId from, ServerId to) { cuts_.insert({from, to}); }
  void Mend(ServerId from, ServerId to) { cuts_.erase({from, to}); }
  void MendAll() { cuts_.clear(); }
  bool IsCut(ServerId from, ServerId to) const { return cuts_.contains({from, to}); }
  // Whether messages are harmed one by one.
  void Storm(bool storms) { storms_ = storms; }
  bool is_storming() const { return storms_; }

 private:
  bool Happens(Fault fault, std::uint32_t per_thousand);
  void Deliver(Moment delay, ServerId from, ServerId to, std::function<void()> arrive);

  const FaultPlan& plan_;
  VirtualTime& time_;
  Story& story_;
  Dice dice_;
  bool storms_ = false;
  std::set<std::pair<ServerId, ServerId>> cuts_;
};

}  // namespace raft::simulation
