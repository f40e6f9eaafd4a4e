// A disk for promise and log that keeps exactly what was written to it.
//
// Executes the PersistRequests of core/effects.h in order and says when one breaks the contract
// (a gap, a base that is not there). Knows nothing of servers; the harness keeps two of them, one
// fed when a write is asked for and one when it completes, and a crash leaves only the second.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "core/raft_server.h"

namespace raft::harness {

class TestDisk {
 public:
  TestDisk(Promise promise, LogPosition base, std::vector<LogEntryPointer> entries,
           LogTimeMs base_log_time_ms = 0)
      : promise_(promise),
        base_(base),
        base_log_time_ms_(base_log_time_ms),
        entries_(std::move(entries)) {}

  void Write(const PersistRequest& write) {
    if (write.promise.has_value()) promise_ = *write.promise;
    if (write.rebase.has_value()) MoveBase(*write.rebase);
    if (write.truncate_from.has_value()) TruncateFrom(*write.truncate_from);
    for (const LogEntryPointer& entry : write.entries) {
      EXPECT_EQ(entry->index.value(), last_index().value() + 1)
          << "a write leaves a gap in the log";
      entries_.push_back(entry);
    }
  }

  const Promise& promise() const { return promise_; }
  LogPosition base() const { return base_; }
  LogTimeMs base_log_time_ms() const { return base_log_time_ms_; }
  const std::vector<LogEntryPointer>& entries() const { return entries_; }
  LogIndex last_index() const { return base_.index + entries_.size(); }

  // The entry at `index`; null when the log does not reach there.
  LogEntryPointer EntryAt(LogIndex index) const {
    if (index <= base_.index || index > last_index()) return nullptr;
    return entries_[index - base_.index - 1];
  }
  // The base or an entry.
  bool Contains(LogPosition position) const {
    if (position.index == base_.index) return position == base_;
    const LogEntryPointer entry = EntryAt(position.index);
    return entry != nullptr && entry->position() == position;
  }

 private:
  void MoveBase(const LogRebase& rebase) {
    EXPECT_GT(rebase.base.index, base_.index) << "the base of the log only rises";
    if (rebase.keeps_suffix) {
      EXPECT_TRUE(Contains(rebase.base)) << "a log that goes on after its base holds the base";
      const LogIndex last_gone = std::min(rebase.base.index, last_index());
      entries_.erase(entries_.begin(),
                     entries_.begin() + static_cast<std::ptrdiff_t>(last_gone - base_.index));
    } else {
      entries_.clear();
    }
    base_ = rebase.base;
    base_log_time_ms_ = rebase.log_time_ms;
  }
  void TruncateFrom(LogIndex first) {
    EXPECT_GT(first, base_.index) << "a write truncates below the base of the log";
    if (first > last_index()) return;
    entries_.resize(first - base_.index - 1);
  }

  Promise promise_;
  LogPosition base_;
  LogTimeMs base_log_time_ms_;
  std::vector<LogEntryPointer> entries_;
};

}  // namespace raft::harness
