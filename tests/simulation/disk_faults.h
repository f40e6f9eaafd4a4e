// What goes wrong on a simulated disk, and when: failing operations, a full disk, a power cut.
//
// Every operation that changes something asks here first. Knows kinds of operations and counts, no
// files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/random_source.h"

namespace raft::simulation {

enum class DiskOperation : std::uint8_t {
  kOpen,   // a file is created, or opened for writing
  kWrite,  // bytes are appended, overwritten or cut off
  kSync,   // of a file
  kRename,
  kRemove,
  kCreateDirectory,
  kSyncDirectory,
};
inline constexpr std::uint32_t kDiskOperations = 7;

enum class FaultLasts : std::uint8_t { kOnce, kForEver };

// What becomes of one operation.
struct Fate {
  int error_number = 0;       // what the caller is told; 0: it succeeds
  std::size_t bytes = 0;      // of a write: how many of its bytes arrive
  bool takes_effect = false;  // of any other operation
};

class DiskFaults {
 public:
  explicit DiskFaults(std::uint64_t seed) : random_(seed) {}

  // The next operation of this kind fails after `successes` more have succeeded.
  void Fail(DiskOperation operation, std::uint64_t successes, FaultLasts lasts);
  // Every write that lengthens a file fails, half done, until space is freed.
  void Fill() { full_ = true; }
  void FreeSpace() { full_ = false; }
  bool is_full() const { return full_; }
  // Takes all faults back, but for a power cut.
  void Heal();

  // The power goes during the n-th operation from now (1: the next): that one may take effect or
  // not, a write in part; every later one fails and changes nothing.
  void CutPowerAfter(std::uint64_t operations) { cut_at_ = operations_ + operations; }
  void CallOffPowerCut() { cut_at_.reset(); }
  bool has_lost_power() const { return power_is_gone_; }
  void RestorePower();

  // How many operations failed for another reason than the power.
  std::uint64_t failures() const { return failures_; }
  // How many operations there were while the power was on.
  std::uint64_t operations() const { return operations_; }

  // `bytes` of a write: how many it writes; `lengthens`: it needs space.
  Fate Decide(DiskOperation operation, std::size_t bytes = 0, bool lengthens = false);

  RandomSource& random() { return random_; }

 private:
  struct Fault {
    DiskOperation operation;
    std::uint64_t successes_left = 0;
    FaultLasts lasts = FaultLasts::kOnce;
  };

  Fate CutPower(std::size_t bytes);
  // Counts the operation against every fault of its kind.
  bool IsHit(DiskOperation operation);

  RandomSource random_;
  std::vector<Fault> faults_;
  bool full_ = false;
  std::uint64_t failures_ = 0;
  std::optional<std::uint64_t> cut_at_;
  bool power_is_gone_ = false;
  std::uint64_t operations_ = 0;
};

}  // namespace raft::simulation
