// The leader's view of one follower: what it is known to have, what to send next, what is under
// way.
//
// Figure 2, "Volatile state on leaders": nextIndex[], matchIndex[]. Two lanes: at most one
// entry-carrying AppendEntries is in flight (dissertation §10.2.2), heartbeats leave beside it, so
// that a slow follower disk starves neither the quorum check nor reads. Knows indexes and request
// numbers only; never looks inside an entry.
// Invariant: match_index < next_index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/raft_status.h"
#include "core/types.h"

namespace raft {

// A request that was answered: what it asked, so that the answer can be judged.
struct AnsweredRequest {
  RequestNumber number;
  LogIndex previous;  // prev_log_index
  LogIndex last;      // last entry carried; = previous for a heartbeat
  bool carried_entries = false;
};

class PeerProgress {
 public:
  // A new leader assumes that the follower has everything (Figure 2: "initialized to leader last
  // log index + 1") and that it has just been heard.
  PeerProgress(LogIndex last_log_index, std::uint64_t now_ticks)
      : next_index_(last_log_index.Next()), last_contact_ticks_(now_ticks) {}

  LogIndex match_index() const { return match_index_; }
  LogIndex next_index() const { return next_index_; }
  // The highest request number of this leadership that the peer has answered.
  RequestNumber highest_answered() const { return highest_answered_; }
  std::uint64_t last_contact_ticks() const { return last_contact_ticks_; }
  bool has_entries_in_flight() const { return entries_in_flight_.has_value(); }
  bool has_read_heartbeat_in_flight() const { return read_heartbeat_.has_value(); }
  // Whether a heartbeat of this number or a later one is under way.
  bool HasHeartbeatInFlightSince(RequestNumber number) const {
    return !heartbeats_in_flight_.empty() && heartbeats_in_flight_.back().number >= number;
  }
  // Whether this follower's log and ours met in this leadership, and were not found apart since.
  bool has_met() const { return has_met_; }
  // A request was lost and nothing was answered since.
  bool is_probed() const { return is_probed_; }
  // Where a snapshot under way ends at the earliest; entries after that will be needed.
  std::optional<LogIndex> snapshot_in_flight() const {
    if (!snapshot_in_flight_) return std::nullopt;
    return snapshot_holds_at_least_;
  }
  // What a snapshot holds at least that did not arrive; none once one was answered.
  std::optional<LogIndex> broken_snapshot() const { return broken_snapshot_; }
  PeerState state() const {
    if (snapshot_in_flight_ || needs_snapshot_) return PeerState::kSnapshot;
    return is_probed_ || !has_met_ ? PeerState::kProbe : PeerState::kReplicate;
  }

  // Whether the entry lane is free and the peer is not being probed after a lost request.
  bool MaySendEntries() const { return !entries_in_flight_ && !is_probed_; }

  // The position a heartbeat should name: the last entry sent and not under way. A heartbeat may
  // overtake entries in flight, so it never names those.
  LogIndex HeartbeatPrevious() const {
    return entries_in_flight_ ? entries_in_flight_->previous : next_index_ - 1;
  }

  // Entries (previous, last] leave under `number`; next_index moves past them optimistically.
  void SentEntries(RequestNumber number, LogIndex last);
  // A heartbeat leaves that names `previous`. `for_reads`: because reads wait, not because the
  // interval passed.
  void SentHeartbeat(RequestNumber number, LogIndex previous, bool for_reads);
  // A snapshot leaves that will hold at least everything up to `at_least`.
  void SentSnapshot(RequestNumber number, LogIndex at_least);

  // The snapshot under way came to nothing, and neither does a part of it. Requires: there is one.
  void GiveUpSnapshot();

  // An answer arrived: the request it answers, or none if that is unknown or answered already
  // (duplicates, answers to an earlier leadership). Frees the lane and ends probing.
  std::optional<AnsweredRequest> TakeAnswered(RequestNumber number, std::uint64_t now_ticks);
  // The same for a snapshot; false: not one that is under way.
  [[nodiscard]] bool TakeSnapshotAnswered(RequestNumber number, std::uint64_t now_ticks);
  // No answer will come. Unless the number is unknown, the peer is probed by heartbeats until one
  // is answered: entries are not resent blind.
  void BecameUnreachable(RequestNumber number);

  // The follower has everything up to `match`, durably. A lower value than known changes nothing.
  void RecordMatch(LogIndex match);
  // The follower's log does not hold `previous`; try from `next` instead. False if this says
  // nothing new: it is about a position known to match (an old answer), or was backed up already.
  [[nodiscard]] bool BackUp(LogIndex previous, LogIndex next);

  // The peer said so of its state in its last answer to a heartbeat.
  void NoteNeedsSnapshot(bool needs_snapshot) { needs_snapshot_ = needs_snapshot; }
  bool needs_snapshot() const { return needs_snapshot_; }

 private:
  // Heartbeats to a peer that does not answer are forgotten after this many.
  static constexpr std::size_t kHeartbeatsInFlightMax = 32;

  LogIndex match_index_;
  LogIndex next_index_;
  std::uint64_t last_contact_ticks_;
  RequestNumber highest_answered_;
  std::optional<AnsweredRequest> entries_in_flight_;
  std::deque<AnsweredRequest> heartbeats_in_flight_;  // rising request numbers
  std::optional<RequestNumber> read_heartbeat_;
  std::optional<RequestNumber> snapshot_in_flight_;
  LogIndex snapshot_holds_at_least_;
  std::optional<LogIndex> broken_snapshot_;
  bool needs_snapshot_ = false;
  bool is_probed_ = false;
  bool has_met_ = false;
};

}  // namespace raft
