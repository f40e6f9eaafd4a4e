// One server's promise and log as an observer knows them from the writes it saw.
//
// Two per server: what was asked to be written, and what is durable. Entries are the shared ones,
// so a view costs a pointer an entry. What was trimmed stays known here; what a snapshot jumped
// over never was.
#pragma once

#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/recovered_state.h"

namespace raft::simulation {

struct LogView {
  Promise promise;
  LogPosition base;
  // The entry at index i is entries[i - 1]; null for what a snapshot jumped over.
  std::vector<LogEntryPointer> entries;

  LogIndex last_index() const { return LogIndex(entries.size()); }
  LogPosition last() const { return PositionAt(last_index()); }
  // Null when the log does not reach there, or a snapshot holds it.
  const LogEntry* At(LogIndex index) const {
    if (index == LogIndex(0) || index > last_index()) return nullptr;
    return entries[index.value() - 1].get();
  }
  // {0, 0} where nothing is known.
  LogPosition PositionAt(LogIndex index) const {
    const LogEntry* entry = At(index);
    if (entry != nullptr) return entry->position();
    return index == base.index ? base : LogPosition{};
  }
  // Whether it is here, in the log or in the state that the log begins after.
  bool Contains(LogPosition position) const {
    if (position.index == LogIndex(0)) return true;
    const LogPosition here = PositionAt(position.index);
    if (here.index == LogIndex(0)) return position.index < base.index;
    return here.term == position.term;
  }

  void Carry(const PersistRequest& request) {
    if (request.promise) promise = *request.promise;
    CarryLog(request);
  }
  void CarryLog(const PersistRequest& request) {
    if (request.rebase) MoveBase(request.rebase->base, request.rebase->keeps_suffix);
    if (request.truncate_from && *request.truncate_from <= last_index()) {
      entries.resize(request.truncate_from->value() - 1);
    }
    for (const LogEntryPointer& entry : request.entries) entries.push_back(entry);
  }
  void MoveBase(LogPosition to, bool keeps_suffix) {
    base = to;
    if (!keeps_suffix) entries.assign(to.index.value(), nullptr);
  }

  // Whether this is what was recovered: the same promise, the same ends.
  bool Equals(const RecoveredState& recovered) const {
    const LogPosition recovered_last =
        recovered.entries.empty() ? recovered.base : recovered.entries.back()->position();
    return promise == recovered.promise && base == recovered.base && last() == recovered_last;
  }
};

}  // namespace raft::simulation
