// What Raft replicates: a deterministic machine that consumes committed entries in order.
//
// The core never calls it; the apply thread does, with the entries the core hands over. Any split
// of the same entries into batches must give the same bytes, results and digest. Apply consults
// only the entry and the state: no clock, no option, no randomness (traps F14, G1).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/log_entry.h"
#include "core/types.h"

namespace raft {

// How applying a batch ended.
struct ApplyOutcome {
  // One answer per entry applied, in order; what the proposer gets. Empty for entries that are no
  // command. May be fewer than there were entries, at least one: the rest is to be given again.
  std::vector<std::string> results;
  // Present: nothing of the batch was applied, and the process must stop with this message, which
  // names file, operation and cause (or the entry that this version does not understand).
  std::optional<std::string> failure;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Applies consecutive entries, the first right after applied(), in one atomic step: data, applied
  // position, digest and log time change together or not at all. Stops early when the answers take
  // too much memory. Apply thread only.
  virtual ApplyOutcome Apply(std::span<const LogEntryPointer> entries) = 0;

  // The last entry this machine holds; {0, 0} before the first. Apply thread, or before it starts.
  virtual LogPosition applied() const = 0;

  // Log time of the last applied entry; the founding time before the first.
  virtual LogTimeMs log_time_ms() const = 0;
};

}  // namespace raft
