// What a server knows when it starts: everything the disk returned, validated by persistence.
#pragma once

#include <cstdint>
#include <vector>

#include "core/effects.h"
#include "core/log_entry.h"
#include "core/types.h"

namespace raft {

struct RecoveredState {
  // Which life of its data directory this is. A configuration that lists the same server in another
  // life does not speak of this one. 0: any, for tests.
  std::uint64_t incarnation = 0;
  Promise promise;
  LogPosition base;                      // the place before the first entry kept; {0, 0} untrimmed
  std::vector<LogEntryPointer> entries;  // contiguous from base.index + 1, terms never falling
  LogPosition applied;                   // what the state machine already holds; inside the log
  LogIndex configuration_index{};        // of the configuration in force at `applied`
  bool state_is_diverged = false;        // it was marked so (Effects::mark_state_diverged)
  LogTimeMs log_time_ms = 0;             // at the base: the founding time while nothing is trimmed
};

}  // namespace raft
