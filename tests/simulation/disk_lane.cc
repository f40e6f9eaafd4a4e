#include "tests/simulation/disk_lane.h"

#include <utility>

namespace raft::simulation {

void DiskLane::Begin(Storage& storage, std::function<void(PersistSequence)> done,
                     std::function<void()> failed) {
  storage_ = &storage;
  done_ = std::move(done);
  failed_ = std::move(failed);
}

void DiskLane::EndLife() {
  lane_.EndLife();
  waiting_.clear();
  group_.clear();
  storage_ = nullptr;
}

void DiskLane::Push(PersistRequest request) {
  waiting_.push_back(std::move(request));
  if (group_.empty()) BeginGroup();
}

void DiskLane::BeginGroup() {
  group_ = std::exchange(waiting_, {});
  laws_.WriteBegan(group_);
  ScheduleEndOfGroup();
}

void DiskLane::SetSlowness(std::uint32_t times) {
  const bool is_mended = times < slowness_;
  slowness_ = times;
  if (is_mended && !group_.empty()) ScheduleEndOfGroup();
}

// May be scheduled twice; whichever comes first ends it.
void DiskLane::ScheduleEndOfGroup() {
  lane_.After(dice_.About(plan_.sync_mean * slowness_), [this, group = groups_ended_] {
    if (group == groups_ended_ && !group_.empty()) FinishGroup();
  });
}

void DiskLane::FinishGroup() {
  ++groups_ended_;
  if (!storage_->Persist(group_).ok()) return failed_();
  laws_.WriteDone();
  const PersistSequence newest = group_.back().sequence;
  group_.clear();
  done_(newest);
  if (!waiting_.empty()) BeginGroup();
}

}  // namespace raft::simulation
