// One log entry as bytes: format version, its place, a link to its predecessor, a checksum.
//
// Rule S-4. An entry's checksum covers its link, and its successor's link is that checksum: the log
// is a chain, and a rotten, missing or foreign entry breaks it in a way a start can see (traps E13,
// H4, H7). README.md of this room has the layout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/log_entry.h"
#include "persistence/promise_file.h"

namespace raft {

// The end of a chain: what the next entry must follow and link to.
struct ChainEnd {
  LogPosition position;       // {0, 0}: the place before the first entry
  std::uint64_t link = 0;     // checksum of the record at `position`; 0 at {0, 0}
  LogTimeMs log_time_ms = 0;  // of that entry; the founding time at {0, 0}
};

// The place before the first stored entry, and whose log it is.
struct BaseRecord {
  Owner owner;
  ChainEnd base;
};

// Bytewise order of keys is the order of indexes.
inline constexpr std::string_view kBaseKey = "b";
std::string EntryKey(LogIndex index);
// The index in such a key; none: it is no such key.
std::optional<LogIndex> IndexOfKey(std::string_view key);

// The base of a log that a snapshot has replaced. The entry there was never seen, so the link is
// the checksum of the position, the same on every server and in every life.
ChainEnd ResetBase(LogPosition position, LogTimeMs log_time_ms);

std::string EncodeBaseRecord(const BaseRecord& record);
// DATA_LOSS: damaged. FAILED_PRECONDITION: another format version.
absl::StatusOr<BaseRecord> DecodeBaseRecord(std::string_view bytes);

// Replaces `bytes` by the record of `entry`, which follows `end`, and moves `end` to the entry.
void EncodeEntryRecord(const LogEntry& entry, ChainEnd* end, std::string* bytes);

// The entry stored in `bytes`, which must follow `end`; moves `end` to it. DATA_LOSS: damaged, not
// linked to its predecessor, an index, term or log time that cannot come next, or a configuration
// that cannot be one; the message says which. FAILED_PRECONDITION: another format version.
absl::StatusOr<LogEntryPointer> DecodeEntryRecord(std::string_view bytes, ChainEnd* end);

// The end of the chain at a stored entry whose predecessor is not at hand.
absl::StatusOr<ChainEnd> DecodeChainEnd(std::string_view bytes);

}  // namespace raft
