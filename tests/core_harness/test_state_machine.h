// A state machine that remembers what was applied to it, and a shelf for snapshots of it.
//
// Raft promises one state for each position (State Machine Safety), so the shelf files a snapshot
// under the index it ends at, and servers of a test share one. Knows nothing of how a server
// behaves.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/log_entry.h"
#include "core/types.h"
#include "tests/core_harness/builders.h"

namespace raft::harness {

// A state: where it stands, and the entries that made it.
struct TestState {
  LogPosition position;
  LogTimeMs log_time_ms = 0;
  std::vector<LogEntryPointer> entries = {};

  void Apply(const LogEntryPointer& entry) {
    EXPECT_EQ(entry->index, position.index.Next()) << "entries are applied one after the other";
    position = entry->position();
    log_time_ms = entry->log_time_ms;
    entries.push_back(entry);
  }
  // The configuration it holds, in a cluster that these servers founded.
  IndexedConfiguration ConfigurationFrom(const std::vector<ServerId>& founders) const {
    IndexedConfiguration found{.index = LogIndex(0),
                               .configuration = ClusterConfiguration(founders)};
    for (const LogEntryPointer& entry : entries) {
      if (entry->kind != EntryKind::kConfiguration) continue;
      found = {.index = entry->index, .configuration = *ClusterConfiguration::Decode(entry->data)};
    }
    return found;
  }
  // As it was when it held nothing beyond `last`.
  TestState Until(LogPosition last, LogTimeMs at_last_ms) const {
    TestState earlier{.position = last, .log_time_ms = at_last_ms, .entries = entries};
    std::erase_if(earlier.entries, [last](const auto& entry) { return entry->index > last.index; });
    return earlier;
  }
};

class SnapshotShelf {
 public:
  void Put(const TestState& state) { by_index_[state.position.index] = state; }
  // The state at `position`. Nobody put it there: one of unknown content, with the log time that
  // built entries have.
  TestState Take(LogPosition position) const {
    const auto found = by_index_.find(position.index);
    if (found == by_index_.end()) {
      return {.position = position,
              .log_time_ms = static_cast<LogTimeMs>(position.index.value()) * kLogTimeStepMs};
    }
    EXPECT_EQ(found->second.position, position) << "State Machine Safety: one state per position";
    return found->second;
  }

 private:
  std::map<LogIndex, TestState> by_index_;
};

}  // namespace raft::harness
