#include "persistence/start_rules.h"

#include <ranges>
#include <string>

#include "persistence/way_back.h"

namespace raft {
namespace {

std::string Text(LogPosition position) {
  return "index " + std::to_string(position.index.value()) + " of term " +
         std::to_string(position.term.value());
}

absl::Status Refuse(const std::string& reason) {
  return absl::FailedPreconditionError("cannot start on this data directory: " + reason +
                                       "; part of it was lost or replaced by an older copy" +
                                       kWayBack);
}

LogPosition LastOf(const FoundOnDisk& found) {
  return found.entries.empty() ? found.base : found.entries.back()->position();
}

// Promise and log against each other.
absl::Status CheckLog(const FoundOnDisk& found) {
  const LogPosition last = LastOf(found);
  if (last.term > found.promise.current_term) {
    return Refuse("the log ends at " + Text(last) +
                  ", but the promise files know terms only up to " +
                  std::to_string(found.promise.current_term.value()));
  }
  if (last.index < found.floor_index) {
    return Refuse("the log was shortened: it ends at " + Text(last) +
                  ", but it once durably reached index " +
                  std::to_string(found.floor_index.value()));
  }
  return absl::OkStatus();
}

// What the log has where the state ends. Requires: the log reaches from there or before to there or
// beyond.
LogPosition PositionAtApplied(const FoundOnDisk& found) {
  const std::uint64_t count = found.applied.index - found.base.index;
  return count == 0 ? found.base : found.entries[count - 1]->position();
}

LogTimeMs TimeAtApplied(const FoundOnDisk& found) {
  const std::uint64_t count = found.applied.index - found.base.index;
  return count == 0 ? found.base_log_time_ms : found.entries[count - 1]->log_time_ms;
}

// The log holds the position that the state ends at.
bool HoldsApplied(const FoundOnDisk& found) {
  const LogIndex applied = found.applied.index;
  if (applied < found.base.index || applied > LastOf(found).index) return false;
  return PositionAtApplied(found) == found.applied;
}

// A snapshot was ahead of all that the log had committed, so of the log nothing but an uncommitted
// suffix can lie there or beyond.
bool MayFollowASnapshot(const FoundOnDisk& found) {
  return found.log_reset_pending && found.applied.index > found.base.index &&
         found.applied.term >= found.base.term && found.applied.term <= found.promise.current_term;
}

// The log against the state, which ends elsewhere.
absl::Status RefuseState(const FoundOnDisk& found) {
  const LogPosition last = LastOf(found);
  if (found.applied.index > last.index) {
    return Refuse("the log was shortened: it ends at " + Text(last) +
                  ", but the state holds everything up to " + Text(found.applied));
  }
  if (found.applied.index < found.base.index) {
    return Refuse("the state ends at " + Text(found.applied) + ", but the log begins only after " +
                  Text(found.base));
  }
  return Refuse("the state holds " + Text(found.applied) + ", but the log has " +
                Text(PositionAtApplied(found)) + " at that place");
}

// The newest entry of the log that the state holds and that brings a configuration; null: none.
const LogEntry* ConfigurationEntryAtApplied(const FoundOnDisk& found) {
  const std::uint64_t count = found.applied.index - found.base.index;
  for (const LogEntryPointer& entry : found.entries.first(count) | std::views::reverse) {
    if (entry->kind == EntryKind::kConfiguration) return entry.get();
  }
  return nullptr;
}

// The configuration of the state against the state, and against the log that holds its position.
absl::Status CheckConfiguration(const FoundOnDisk& found) {
  const LogIndex index = found.configuration.index;
  const LogEntry* entry = ConfigurationEntryAtApplied(found);
  const bool agrees =
      entry == nullptr
          ? index <= found.base.index
          : entry->index == index && entry->data == found.configuration.configuration.Encode();
  if (agrees) return absl::OkStatus();
  return Refuse("state and log disagree about the configuration in force at " +
                Text(found.applied));
}

}  // namespace

absl::Status CheckStart(const FoundOnDisk& found) {
  if (absl::Status status = CheckLog(found); !status.ok()) return status;
  if (found.configuration.index > found.applied.index) {
    return Refuse("the state ends at " + Text(found.applied) +
                  ", but its configuration is of index " +
                  std::to_string(found.configuration.index.value()));
  }
  if (!HoldsApplied(found)) {
    return MayFollowASnapshot(found) ? absl::OkStatus() : RefuseState(found);
  }
  if (TimeAtApplied(found) != found.applied_log_time_ms) {
    return Refuse("state and log disagree about the log time at " + Text(found.applied));
  }
  return CheckConfiguration(found);
}

std::optional<LogRebase> RebaseToFinish(const FoundOnDisk& found) {
  if (!found.log_reset_pending || found.applied == found.base) return std::nullopt;
  return LogRebase{.base = found.applied,
                   .log_time_ms = found.applied_log_time_ms,
                   .keeps_suffix = HoldsApplied(found)};
}

}  // namespace raft
