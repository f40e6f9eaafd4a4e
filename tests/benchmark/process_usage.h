// What processes cost: processor time and memory out of /proc.
//
// Room: tests/benchmark. Knows Linux's /proc; nothing of what the processes do.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace raft::benchmark {

// Totals since the processes and the machine began; the difference of two samples is a usage.
struct UsageSample {
  double watched_cpu_seconds = 0;   // User and system time of the watched processes.
  double own_cpu_seconds = 0;       // Of this process.
  double machine_cpu_seconds = 0;   // Of everything on the machine that was not idle.
  double watched_resident_mib = 0;  // Resident memory now, not a total.
};

// Fails when a watched process does not exist.
absl::StatusOr<UsageSample> SampleUsage(const std::vector<pid_t>& watched);

}  // namespace raft::benchmark
