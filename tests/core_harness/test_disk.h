// A disk for promise and log that keeps exactly what was written to it.
//
// Executes the PersistRequests of core/effects.h in order and says when one breaks the contract
// (a gap, a truncation above the end). Knows nothing of servers; the harness keeps two of them, one
// fed when a write is asked for and one when it completes, and a crash leaves only the second.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "core/raft_server.h"

namespace raft::harness {

class TestDisk {
 public:
  TestDisk(Promise promise, LogPosition base, std::vector<LogEntryPointer> entries)
      : promise_(promise), base_(base), entries_(std::move(entries)) {}

  void Write(const PersistRequest& write) {
    if (write.promise.has_value()) promise_ = *write.promise;
    if (write.truncate_from.has_value()) TruncateFrom(*write.truncate_from);
    for (const LogEntryPointer& entry : write.entries) {
      EXPECT_EQ(entry->index.value(), last_index().value() + 1)
          << "a write leaves a gap in the log";
      entries_.push_back(entry);
    }
  }

  const Promise& promise() const { return promise_; }
  LogPosition base() const { return base_; }
  const std::vector<LogEntryPointer>& entries() const { return entries_; }
  LogIndex last_index() const { return base_.index + entries_.size(); }

  // The entry at `index`; null when the log does not reach there.
  LogEntryPointer EntryAt(LogIndex index) const {
    if (index <= base_.index || index > last_index()) return nullptr;
    return entries_[index - base_.index - 1];
  }

 private:
  void TruncateFrom(LogIndex first) {
    EXPECT_GT(first, base_.index) << "a write truncates below the base of the log";
    if (first > last_index()) return;
    entries_.resize(first - base_.index - 1);
  }

  Promise promise_;
  LogPosition base_;
  std::vector<LogEntryPointer> entries_;
};

}  // namespace raft::harness
