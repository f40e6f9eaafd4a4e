#include "persistence/start_rules.h"

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

}  // namespace

absl::Status CheckStart(const FoundOnDisk& found) {
  const LogPosition last = found.entries.empty() ? found.base : found.entries.back()->position();
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
  if (found.applied.index > last.index) {
    return Refuse("the log was shortened: it ends at " + Text(last) +
                  ", but the state holds everything up to " + Text(found.applied));
  }
  if (found.applied.index < found.base.index) {
    return Refuse("the state ends at " + Text(found.applied) + ", but the log begins only after " +
                  Text(found.base));
  }
  const std::uint64_t count = found.applied.index - found.base.index;
  const LogPosition there = count == 0 ? found.base : found.entries[count - 1]->position();
  if (there != found.applied) {
    return Refuse("the state holds " + Text(found.applied) + ", but the log has " + Text(there) +
                  " at that place");
  }
  const LogTimeMs time_there =
      count == 0 ? found.base_log_time_ms : found.entries[count - 1]->log_time_ms;
  if (time_there != found.applied_log_time_ms) {
    return Refuse("state and log disagree about the log time at " + Text(there));
  }
  return absl::OkStatus();
}

}  // namespace raft
