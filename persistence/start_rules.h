// What a start accepts: how promise, log and state must fit together (design section 5).
//
// Each was verified alone before; here a part that went back in time gives itself away. Pure:
// looks, changes nothing.
#pragma once

#include <optional>
#include <span>

#include "absl/status/status.h"
#include "core/cluster_configuration.h"
#include "core/effects.h"
#include "core/log_entry.h"
#include "core/types.h"

namespace raft {

struct FoundOnDisk {
  Promise promise;
  LogIndex floor_index;  // the log durably reached at least here once
  LogPosition base;
  LogTimeMs base_log_time_ms = 0;
  std::span<const LogEntryPointer> entries;
  LogPosition applied;
  LogTimeMs applied_log_time_ms = 0;
  IndexedConfiguration configuration;  // that the state holds
  bool log_reset_pending = false;      // the state is an installed snapshot, not yet followed
};

// FAILED_PRECONDITION, with the reason and the way back, unless the parts fit together, or will
// once an installed snapshot is followed.
absl::Status CheckStart(const FoundOnDisk& found);

// What the log must still do to follow an installed snapshot; none: nothing. Requires: CheckStart
// accepted it.
std::optional<LogRebase> RebaseToFinish(const FoundOnDisk& found);

}  // namespace raft
