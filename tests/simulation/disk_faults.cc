#include "tests/simulation/disk_faults.h"

#include <cerrno>

namespace raft::simulation {

void DiskFaults::Fail(DiskOperation operation, std::uint64_t successes, FaultLasts lasts) {
  faults_.push_back({.operation = operation, .successes_left = successes, .lasts = lasts});
}

void DiskFaults::Heal() {
  faults_.clear();
  full_ = false;
}

void DiskFaults::RestorePower() {
  power_is_gone_ = false;
  cut_at_.reset();
}

Fate DiskFaults::Decide(DiskOperation operation, std::size_t bytes, bool lengthens) {
  if (power_is_gone_) return {.error_number = EIO};
  ++operations_;
  if (operations_ == cut_at_) return CutPower(bytes);
  const bool is_hit = IsHit(operation);
  const bool is_refused = lengthens && full_;
  if (!is_hit && !is_refused) return {.bytes = bytes, .takes_effect = true};
  ++failures_;
  return {.error_number = is_hit ? EIO : ENOSPC, .bytes = bytes / 2};
}

Fate DiskFaults::CutPower(std::size_t bytes) {
  power_is_gone_ = true;
  return {.error_number = EIO,
          .bytes = random_.Between(0, static_cast<std::uint32_t>(bytes)),
          .takes_effect = random_.Between(0, 1) == 0};
}

bool DiskFaults::IsHit(DiskOperation operation) {
  bool is_hit = false;
  for (std::size_t place = 0; place < faults_.size();) {
    Fault& fault = faults_[place];
    const bool strikes = fault.operation == operation && fault.successes_left == 0;
    if (fault.operation == operation && fault.successes_left > 0) --fault.successes_left;
    is_hit = is_hit || strikes;
    if (strikes && fault.lasts == FaultLasts::kOnce) {
      faults_.erase(faults_.begin() + static_cast<std::ptrdiff_t>(place));
    } else {
      ++place;
    }
  }
  return is_hit;
}

}  // namespace raft::simulation
