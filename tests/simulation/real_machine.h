// A machine with raftd's own storage code on it: identity, promise file, LevelDB log and state,
// over a simulated disk that fails, tears and loses power.
#pragma once

#include <memory>
#include <string>

#include "persistence/data_directory.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/simulated_disk.h"

namespace raft::simulation {

class RealMachine final : public Machine {
 public:
  // Born, but not founded yet; to found its cluster, or to join it later.
  RealMachine(std::uint64_t seed, ServerId self, bool founds);

  // Who it is; what the founding configuration lists.
  FoundingMember member() const;
  // Once, before the first Start.
  void Found(FoundingConfiguration founding);

  absl::StatusOr<OpenedServer> Start() override;
  void ProcessEnded() override;
  void PowerLost() override;
  void CutPowerAfter(std::uint32_t steps) override;
  bool has_lost_power() const override { return disk_.has_lost_power(); }
  void FailOnce(std::uint32_t after_steps) override;
  void FailForGood() override;
  void FillUp() override { disk_.Fill(); }
  void Repair() override;
  std::uint64_t incarnation() const override { return incarnation_; }
  void Wipe() override;
  void KeepCopy() override {}
  bool PutCopyBack() override { return false; }
  void DistortState() override {}  // whoever could would not need raftd's own storage
  bool is_state_distorted() const override { return false; }

 private:
  absl::StatusOr<std::unique_ptr<DataDirectory>> OpenDirectory();

  const ServerId self_;
  bool founds_;  // and not to join
  std::uint64_t incarnation_ = 0;
  FoundingConfiguration founding_;
  Dice dice_;
  SimulatedDisk disk_;
  std::unique_ptr<DataDirectory> directory_;  // of this life
};

}  // namespace raft::simulation
