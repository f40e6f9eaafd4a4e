#include "core/durability_tracker.h"

#include <algorithm>

#include "core/check.h"

namespace raft {

PersistSequence DurabilityTracker::HandOut(LogIndex log_last_index, bool carries_promise) {
  RAFT_CHECK(log_last_index >= durable_index_, "a write never claims less than what is durable");
  last_sequence_ = last_sequence_.Next();
  if (carries_promise) last_promise_sequence_ = last_sequence_;
  in_flight_.push_back({.sequence = last_sequence_, .log_last_index = log_last_index});
  return last_sequence_;
}

void DurabilityTracker::Truncate(LogIndex first) {
  RAFT_CHECK(first > LogIndex(0), "the place before the first entry is never truncated");
  const LogIndex kept = first - 1;
  durable_index_ = std::min(durable_index_, kept);
  for (Claim& claim : in_flight_) claim.log_last_index = std::min(claim.log_last_index, kept);
}

void DurabilityTracker::ResetTo(LogIndex base) {
  RAFT_CHECK(base > LogIndex(0), "a snapshot holds something");
  durable_index_ = base;
  for (Claim& claim : in_flight_) claim.log_last_index = std::min(claim.log_last_index, base);
}

void DurabilityTracker::Complete(PersistSequence sequence) {
  RAFT_CHECK(sequence <= last_sequence_, "the disk completes only what it was given");
  RAFT_CHECK(sequence >= durable_sequence_, "the disk lane is FIFO");
  while (!in_flight_.empty() && in_flight_.front().sequence <= sequence) {
    durable_index_ = std::max(durable_index_, in_flight_.front().log_last_index);
    in_flight_.pop_front();
  }
  durable_sequence_ = sequence;
}

}  // namespace raft
