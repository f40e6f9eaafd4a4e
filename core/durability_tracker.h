// What the disk is known to have: the newest durable write, and the log's durable index.
//
// Every write claims "the log is durable through index i". Truncating at t lowers the durable index
// and every claim still in flight to t - 1; completions arrive in order and raise it. Without that
// clamp an old write that finishes after its entry was replaced would vouch for the new entry
// (traps B14, B15). Knows sequences and indexes; nothing of LevelDB or of message kinds.
#pragma once

#include <deque>

#include "core/types.h"

namespace raft {

class DurabilityTracker {
 public:
  explicit DurabilityTracker(LogIndex durable_index) : durable_index_(durable_index) {}

  // Everything up to here survives a crash, in the log as it stands now.
  LogIndex durable_index() const { return durable_index_; }
  // Every write up to here is durable.
  PersistSequence durable_sequence() const { return durable_sequence_; }
  // The newest write handed to the disk.
  PersistSequence last_sequence() const { return last_sequence_; }
  // The newest write that carried a promise.
  PersistSequence last_promise_sequence() const { return last_promise_sequence_; }

  // A write leaves for the disk: its number. When it completes, the log through `log_last_index` is
  // durable.
  PersistSequence HandOut(LogIndex log_last_index, bool carries_promise);
  // The log was cut: nothing from `first` on is durable any more, whatever is still in flight.
  void Truncate(LogIndex first);
  // A snapshot that ends at `base` took the place of the log. What it holds is durable already, and
  // the writes in flight say nothing about what will follow it.
  void ResetTo(LogIndex base);
  // The disk finished everything up to `sequence`. Requires: sequence was handed out.
  void Complete(PersistSequence sequence);

 private:
  struct Claim {
    PersistSequence sequence;
    LogIndex log_last_index;
  };

  LogIndex durable_index_;
  PersistSequence durable_sequence_;
  PersistSequence last_sequence_;
  PersistSequence last_promise_sequence_;
  std::deque<Claim> in_flight_;
};

}  // namespace raft
