// The RPCs of the paper as plain values, fields in the order of Figure 2.
//
// Knows nothing of protobuf, call ids or connections. Whoever builds one from outside bytes has
// validated it: no term, index or id below is zero unless its comment allows it.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "core/log_entry.h"
#include "core/types.h"

namespace raft {

// Would you vote for me? (dissertation §9.6.) Changes nothing at the receiver; `term` is the term
// the sender would campaign in, one above its own.
struct PreVoteRequest {
  RequestNumber number;
  Term term;
  ServerId candidate_id;
  LogPosition last_log;  // index and term are 0 for an empty log

  friend bool operator==(const PreVoteRequest&, const PreVoteRequest&) = default;
};

// `term` is the asked-for term when granted, the answerer's own term when denied (trap A9).
struct PreVoteResponse {
  RequestNumber number;
  Term term;
  bool vote_granted = false;
  LogIndex
      removed_at{};  // a committed configuration of this index lists the asker no more; 0: none

  friend bool operator==(const PreVoteResponse&, const PreVoteResponse&) = default;
};

// Figure 2, RequestVote RPC.
struct RequestVoteRequest {
  RequestNumber number;
  Term term;
  ServerId candidate_id;
  LogPosition last_log;              // index and term are 0 for an empty log
  bool leadership_transfer = false;  // the leader asked for this election: it does not disturb it

  friend bool operator==(const RequestVoteRequest&, const RequestVoteRequest&) = default;
};

struct RequestVoteResponse {
  RequestNumber number;
  Term term;
  bool vote_granted = false;

  friend bool operator==(const RequestVoteResponse&, const RequestVoteResponse&) = default;
};

// A state machine's digest once everything up to `index` was applied. Equal for equal states; what
// it is made of is the state machine's business.
struct StateCheck {
  LogIndex index;
  std::string digest;

  friend bool operator==(const StateCheck&, const StateCheck&) = default;
};

// Figure 2, AppendEntries RPC. Without entries it is a heartbeat.
struct AppendEntriesRequest {
  RequestNumber number;
  Term term;
  ServerId leader_id;
  LogPosition previous;    // prev_log_index, prev_log_term; both 0 before the first entry
  LogIndex leader_commit;  // 0: nothing committed yet
  std::vector<LogEntryPointer> entries;  // contiguous from previous.index + 1
  // Heartbeats only, beyond the paper: where the leader compares states, and what a majority of the
  // voters was found to hold (core/state_comparison.h).
  LogIndex compared_index{};  // tell your digest at this index; 0: nothing is compared
  std::optional<StateCheck> majority_state{};

  bool is_heartbeat() const { return entries.empty(); }
};

// What a mismatch tells the leader, so that it backs up by whole terms (§5.3, last paragraphs).
struct ConflictHint {
  std::optional<Term> term;  // term of the conflicting entry; none: the log is too short
  LogIndex index;            // first index of that term, or the index after the last entry; >= 1

  friend bool operator==(const ConflictHint&, const ConflictHint&) = default;
};

struct AppendEntriesResponse {
  RequestNumber number;
  Term term;
  bool success = false;
  LogIndex match_index{};  // on success: all up to here is durable at the answerer and matches
  std::optional<ConflictHint> conflict{};  // on a mismatch of the previous entry
  // Answers to heartbeats only.
  std::optional<StateCheck> state_check{};  // of the answerer, at the compared index, if it knows
  bool needs_snapshot = false;              // its state is not the cluster's: it waits for another

  friend bool operator==(const AppendEntriesResponse&, const AppendEntriesResponse&) = default;
};

// InstallSnapshot RPC (Figure 13), as far as Raft is concerned: the offer of a state that holds
// everything up to `last_included`. Its bytes go past the core, from disk to disk.
struct InstallSnapshotRequest {
  RequestNumber number;
  Term term;
  ServerId leader_id;
  LogPosition last_included;  // neither is 0

  friend bool operator==(const InstallSnapshotRequest&, const InstallSnapshotRequest&) = default;
};

// Sent once the whole snapshot is installed, durably, or was not needed.
struct InstallSnapshotResponse {
  RequestNumber number;
  Term term;
  bool success = false;    // false: refused
  LogIndex match_index{};  // on success: all up to here is durable at the answerer and matches

  friend bool operator==(const InstallSnapshotResponse&, const InstallSnapshotResponse&) = default;
};

// TimeoutNow RPC (dissertation §3.10): the leader asks this server to take over, now.
struct TimeoutNowRequest {
  RequestNumber number;
  Term term;
  ServerId leader_id;

  friend bool operator==(const TimeoutNowRequest&, const TimeoutNowRequest&) = default;
};

// That it was heard; what came of it shows in the election.
struct TimeoutNowResponse {
  RequestNumber number;
  Term term;

  friend bool operator==(const TimeoutNowResponse&, const TimeoutNowResponse&) = default;
};

using PeerRequest = std::variant<PreVoteRequest, RequestVoteRequest, AppendEntriesRequest,
                                 InstallSnapshotRequest, TimeoutNowRequest>;
using PeerResponse = std::variant<PreVoteResponse, RequestVoteResponse, AppendEntriesResponse,
                                  InstallSnapshotResponse, TimeoutNowResponse>;

// Where the answer to a request goes. A value, not a connection.
struct ReturnAddress {
  ServerId peer;
  CallId call_id;
};

}  // namespace raft
