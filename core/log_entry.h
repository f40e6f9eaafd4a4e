// One entry of the replicated log (Figure 2: "each entry contains command for state machine, and
// term when entry was received by leader").
//
// Entries are immutable and shared: the log in memory, the disk thread, every peer's message and
// the apply thread hold the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/types.h"

namespace raft {

enum class EntryKind : std::uint8_t {
  kCommand = 1,        // for the state machine
  kNoOp = 2,           // starts a leader's term (§8)
  kConfiguration = 3,  // a change of members (§6)
};

struct LogEntry {
  LogIndex index;
  Term term;
  EntryKind kind = EntryKind::kCommand;
  LogTimeMs log_time_ms = 0;
  std::string data;  // opaque to Raft; serialised once by the leader, never again

  LogPosition position() const { return {.index = index, .term = term}; }
};

using LogEntryPointer = std::shared_ptr<const LogEntry>;

// What an entry is charged with against every limit in bytes: its data and a fixed share for the
// rest of it, so that empty entries are not free.
inline constexpr std::uint64_t kLogEntryOverheadBytes = 64;
inline std::uint64_t ChargedBytes(const LogEntry& entry) {
  return entry.data.size() + kLogEntryOverheadBytes;
}

}  // namespace raft
