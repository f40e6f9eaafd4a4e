// One server's disk thread: takes whatever waits as one group, and is done with it a little later.
//
// The group is carried out at the end of its time, so a crash before that finds it undone, torn or
// done, as the machine decides.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "core/effects.h"
#include "persistence/storage.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/fault_plan.h"
#include "tests/simulation/lane.h"
#include "tests/simulation/server_laws.h"

namespace raft::simulation {

class DiskLane {
 public:
  DiskLane(VirtualTime& time, const FaultPlan& plan, Dice& dice, ServerLaws& laws)
      : plan_(plan), dice_(dice), laws_(laws), lane_(time) {}

  // A life begins. `done` is told of finished writes; `failed` that the process must end.
  void Begin(Storage& storage, std::function<void(PersistSequence)> done,
             std::function<void()> failed);
  void EndLife();

  void Push(PersistRequest request);
  // Writes take this many times as long as on a good day; a mended disk hurries with the write that
  // is under way.
  void SetSlowness(std::uint32_t times);
  Lane& lane() { return lane_; }
  // Whether a write is under way.
  bool is_busy() const { return !group_.empty(); }

 private:
  void BeginGroup();
  void ScheduleEndOfGroup();
  void FinishGroup();

  const FaultPlan& plan_;
  Dice& dice_;
  ServerLaws& laws_;
  Lane lane_;
  Storage* storage_ = nullptr;
  std::function<void(PersistSequence)> done_;
  std::function<void()> failed_;
  std::vector<PersistRequest> waiting_;
  std::vector<PersistRequest> group_;  // under way
  std::uint32_t slowness_ = 1;
  std::uint64_t groups_ended_ = 0;
};

}  // namespace raft::simulation
