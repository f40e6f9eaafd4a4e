// A Disk in memory that fails, tears and loses power on command, without a thread: what the real
// storage code stands on in the simulator. Same seed and same calls, same story, bit for bit.
//
// Use, for one server:
//   SimulatedDisk disk(seed);
//   auto directory = DataDirectory::Open("/server-1", ServerId(1), hash, disk);
//   ... AdoptFounding, OpenServer, Persist, Apply, Checkpoint ...
//   disk.CutPowerAfter(7);        // the power goes inside the seventh change of the disk from now
//   ... until has_lost_power() ...
//   disk.PowerLoss();             // or ProcessExit(), a kill -9
//   ... destroy what was opened, and open again ...
// What was opened may be destroyed before or after PowerLoss and ProcessExit; destroying it after
// them changes nothing on the disk, destroying it before them closes it in good order.
//
// file_contents.h and disk_contents.h state what a power loss leaves. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/random_source.h"
#include "persistence/disk.h"
#include "tests/simulation/disk_operations.h"
#include "tests/simulation/process_life.h"
#include "tests/simulation/simulated_env.h"

namespace raft::simulation {

class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(std::uint64_t seed);

  // What goes wrong; disk_faults.h says more.
  void Fail(DiskOperation operation, std::uint64_t successes, FaultLasts lasts) {
    operations_.faults().Fail(operation, successes, lasts);
  }
  void Fill() { operations_.faults().Fill(); }
  void FreeSpace() { operations_.faults().FreeSpace(); }
  void Heal() { operations_.faults().Heal(); }
  std::uint64_t failures() const { return operations_.faults().failures(); }
  void CutPowerAfter(std::uint64_t operations) { operations_.faults().CutPowerAfter(operations); }
  // A cut that has not come yet does not come.
  void CallOffPowerCut() { operations_.faults().CallOffPowerCut(); }
  bool has_lost_power() const { return operations_.faults().has_lost_power(); }

  // The machine goes down and comes up again: unsynced changes stay or go as the model allows.
  void PowerLoss();
  // The process is killed: everything that was written stays, its locks are free.
  void ProcessExit();
  // Removes everything below a directory, durably: an emptied disk.
  void Wipe(const std::string& directory);

  // Changes of the disk so far: what CutPowerAfter counts.
  std::uint64_t operations() const { return operations_.faults().operations(); }
  std::uint64_t trace_hash() const { return operations_.trace_hash(); }
  void KeepTrace() { operations_.KeepTrace(); }
  const std::vector<std::string>& trace() const { return operations_.trace(); }

  leveldb::Env& env() override { return life_->env; }
  std::unique_ptr<BackgroundWorker> NewBackgroundWorker() override;
  absl::StatusOr<PathKind> LookAt(const std::string& path) override;
  absl::StatusOr<std::string> ReadFile(const std::string& path) override;
  std::vector<DirectoryMember> List(const std::string& directory) override;
  std::uint64_t FreeBytes(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DiskFile>> OpenFile(const std::string& path,
                                                     OldContents old_contents) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DiskLock>> LockDirectory(const std::string& path) override;
  std::uint64_t DrawRandom() override;

 private:
  struct Life {
    explicit Life(DiskOperations& operations)
        : process(operations.faults().random()), env(operations, process) {}

    ProcessLife process;
    SimulatedEnv env;
  };

  void BeginLife();

  DiskOperations operations_;
  RandomSource incarnations_;
  // All of them: what a life opened may outlive it.
  std::vector<std::unique_ptr<Life>> lives_;
  Life* life_ = nullptr;
};

}  // namespace raft::simulation
