// One server's promise and log as an observer knows them from the writes it saw.
//
// Two per server: what was asked to be written, and what is durable. Entries are the shared ones,
// so a view costs a pointer an entry.
#pragma once

#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/recovered_state.h"

namespace raft::simulation {

struct LogView {
  Promise promise;
  std::vector<LogEntryPointer> entries;  // the entry at index i is entries[i - 1]

  LogIndex last_index() const { return LogIndex(entries.size()); }
  LogPosition last() const { return entries.empty() ? LogPosition{} : entries.back()->position(); }
  // Null when the log does not reach there.
  const LogEntry* At(LogIndex index) const {
    if (index == LogIndex(0) || index > last_index()) return nullptr;
    return entries[index.value() - 1].get();
  }
  bool Contains(LogPosition position) const {
    if (position.index == LogIndex(0)) return true;
    const LogEntry* entry = At(position.index);
    return entry != nullptr && entry->term == position.term;
  }

  void Carry(const PersistRequest& request) {
    if (request.promise) promise = *request.promise;
    CarryLog(request);
  }
  void CarryLog(const PersistRequest& request) {
    if (request.truncate_from && *request.truncate_from <= last_index()) {
      entries.resize(request.truncate_from->value() - 1);
    }
    for (const LogEntryPointer& entry : request.entries) entries.push_back(entry);
  }

  // Whether this is what was recovered: the same promise, the same positions.
  bool Equals(const RecoveredState& recovered) const {
    return promise == recovered.promise && entries.size() == recovered.entries.size() &&
           (entries.empty() || entries.back()->position() == recovered.entries.back()->position());
  }
};

}  // namespace raft::simulation
