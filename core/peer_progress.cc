#include "core/peer_progress.h"

#include <algorithm>

#include "core/check.h"

namespace raft {

void PeerProgress::SentEntries(RequestNumber number, LogIndex last) {
  RAFT_CHECK(!entries_in_flight_, "one entry-carrying AppendEntries is in flight per peer");
  RAFT_CHECK(last >= next_index_, "a request with entries carries at least one");
  entries_in_flight_ = AnsweredRequest{
      .number = number, .previous = next_index_ - 1, .last = last, .carried_entries = true};
  next_index_ = last.Next();
}

void PeerProgress::SentSnapshot(RequestNumber number, LogIndex at_least) {
  RAFT_CHECK(!snapshot_in_flight_, "one snapshot is under way per peer");
  RAFT_CHECK(at_least >= match_index_, "a snapshot is not older than what the peer has");
  snapshot_in_flight_ = number;
  snapshot_holds_at_least_ = at_least;
}

void PeerProgress::GiveUpSnapshot() {
  RAFT_CHECK(snapshot_in_flight_.has_value(), "what is given up was under way");
  snapshot_in_flight_.reset();
  broken_snapshot_.reset();
  RAFT_CHECK(!snapshot_in_flight(), "another one may leave");
}

bool PeerProgress::TakeSnapshotAnswered(RequestNumber number, std::uint64_t now_ticks) {
  if (snapshot_in_flight_ != number) return false;
  snapshot_in_flight_.reset();
  broken_snapshot_.reset();
  needs_snapshot_ = false;  // It has taken this one, unless it says so again.
  highest_answered_ = std::max(highest_answered_, number);
  last_contact_ticks_ = now_ticks;
  is_probed_ = false;
  return true;
}

void PeerProgress::SentHeartbeat(RequestNumber number, LogIndex previous, bool for_reads) {
  RAFT_CHECK(heartbeats_in_flight_.empty() || heartbeats_in_flight_.back().number < number,
             "every request has a fresh number");
  heartbeats_in_flight_.push_back({.number = number, .previous = previous, .last = previous});
  if (heartbeats_in_flight_.size() > kHeartbeatsInFlightMax) {
    if (read_heartbeat_ == heartbeats_in_flight_.front().number) read_heartbeat_.reset();
    heartbeats_in_flight_.pop_front();
  }
  if (for_reads) read_heartbeat_ = number;
}

std::optional<AnsweredRequest> PeerProgress::TakeAnswered(RequestNumber number,
                                                          std::uint64_t now_ticks) {
  std::optional<AnsweredRequest> answered;
  if (entries_in_flight_ && entries_in_flight_->number == number) {
    answered = entries_in_flight_;
    entries_in_flight_.reset();
  } else {
    const auto heartbeat =
        std::find_if(heartbeats_in_flight_.begin(), heartbeats_in_flight_.end(),
                     [number](const AnsweredRequest& sent) { return sent.number == number; });
    if (heartbeat == heartbeats_in_flight_.end()) return std::nullopt;
    answered = *heartbeat;
    heartbeats_in_flight_.erase(heartbeat);
    if (read_heartbeat_ == number) read_heartbeat_.reset();
  }
  highest_answered_ = std::max(highest_answered_, number);
  last_contact_ticks_ = now_ticks;
  is_probed_ = false;
  return answered;
}

void PeerProgress::BecameUnreachable(RequestNumber number) {
  if (snapshot_in_flight_ == number) {
    snapshot_in_flight_.reset();
    broken_snapshot_ = snapshot_holds_at_least_;
    is_probed_ = true;
    return;
  }
  if (entries_in_flight_ && entries_in_flight_->number == number) {
    entries_in_flight_.reset();
    is_probed_ = true;
    return;
  }
  const auto heartbeat =
      std::find_if(heartbeats_in_flight_.begin(), heartbeats_in_flight_.end(),
                   [number](const AnsweredRequest& sent) { return sent.number == number; });
  if (heartbeat == heartbeats_in_flight_.end()) return;
  heartbeats_in_flight_.erase(heartbeat);
  if (read_heartbeat_ == number) read_heartbeat_.reset();
  is_probed_ = true;
}

void PeerProgress::RecordMatch(LogIndex match) {
  has_met_ = true;
  match_index_ = std::max(match_index_, match);
  next_index_ = std::max(next_index_, match_index_.Next());
  RAFT_CHECK(match_index_ < next_index_, "match_index < next_index (N5)");
}

bool PeerProgress::BackUp(LogIndex previous, LogIndex next) {
  if (previous <= match_index_) return false;  // a rejection from the past
  if (previous >= next_index_) return false;   // backed up already
  RAFT_CHECK(!entries_in_flight_, "whoever is backed up has no entries under way");
  next_index_ = std::max(match_index_.Next(), std::min(next, previous));
  has_met_ = false;
  RAFT_CHECK(match_index_ < next_index_, "match_index < next_index (N5)");
  return true;
}

}  // namespace raft
