// A machine without files: promise, log and state in plain memory, as fast as a simulator needs.
//
// Keeps the contract of persistence/storage.h step by step (the promise first, then one atomic log
// batch), so that a crash between the steps leaves what a real disk would. The state machine knows
// puts, deletes and compare-and-sets. Knows nothing of LevelDB.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/effects.h"
#include "raft/v1/key_value.pb.h"
#include "tests/simulation/machine.h"

namespace raft::simulation {

// A whole state as it was at one moment.
struct ThinState {
  std::map<std::string, raft::v1::KeyValue> items;
  LogPosition applied;
  LogTimeMs log_time_ms = 0;
  IndexedConfiguration configuration;
  std::uint64_t records_hash = 0;  // a sum, so that the order of records does not matter
};

// What lies on the thin disk.
struct ThinDisk {
  Promise promise;
  LogPosition base;
  LogTimeMs base_log_time_ms = 0;
  std::vector<LogEntryPointer> entries;  // after the base
  ThinState checkpoint;                  // the state as it was synced last
  LogPosition applied;                   // the state holds everything up to here
  bool log_must_follow = false;          // the state is a snapshot that the log has not followed
  std::uint64_t distortion = 0;          // 0: the state is what the log leads to
  bool state_is_diverged = false;        // it was marked so
  std::optional<ThinState> received;     // a snapshot that lies beside the state, whole

  LogIndex last_index() const { return base.index + entries.size(); }
  const LogEntryPointer& At(LogIndex index) const { return entries.at(index - base.index - 1); }
  LogPosition PositionAt(LogIndex index) const {
    if (index == base.index) return base;
    return index == checkpoint.applied.index ? checkpoint.applied : At(index)->position();
  }
  void MoveBase(LogPosition to, LogTimeMs log_time_ms, bool keeps_suffix);

  std::uint32_t steps_to_power_cut = 0;  // 0: the power stays on
  std::uint32_t steps_to_failure = 0;    // 0: no failure is due
  bool has_lost_power = false;
  bool fails_for_good = false;

  // One step of a write begins. False: it fails; `done_by_half` says whether it may still have
  // taken effect.
  bool Step(Dice& dice, bool* done_by_half);
};

class ThinMachine final : public Machine {
 public:
  static constexpr std::uint64_t kFirstIncarnation = 1;

  ThinMachine(std::uint64_t seed, LogTimeMs founding_time_ms, ClusterConfiguration founding);

  absl::StatusOr<OpenedServer> Start() override;
  void ProcessEnded() override;
  void PowerLost() override;
  void CutPowerAfter(std::uint32_t steps) override {
    disk_.steps_to_power_cut = dice_.Between(1, steps);
  }
  bool has_lost_power() const override { return disk_.has_lost_power; }
  void FailOnce(std::uint32_t after_steps) override { disk_.steps_to_failure = after_steps; }
  void FailForGood() override { disk_.fails_for_good = true; }
  void FillUp() override { disk_.fails_for_good = true; }
  void Repair() override;
  std::uint64_t incarnation() const override { return incarnation_; }
  void Wipe() override;
  void KeepCopy() override { copy_ = disk_; }
  bool PutCopyBack() override;
  void DistortState() override { disk_.distortion = dice_.Any64() | 1; }
  bool is_state_distorted() const override { return disk_.distortion != 0; }

 private:
  static ThinDisk EmptyDisk(LogTimeMs founding_time_ms, const ClusterConfiguration& founding);
  void FinishInstall();

  Dice dice_;
  const LogTimeMs founding_time_ms_;
  const ClusterConfiguration founding_;
  std::uint64_t incarnation_ = kFirstIncarnation;
  ThinDisk disk_;
  std::optional<ThinDisk> copy_;  // of an earlier moment of this life
};

}  // namespace raft::simulation
