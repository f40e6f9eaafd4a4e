#include "service/conversion/message_conversion.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "core/cluster_configuration.h"
#include "service/conversion/message_rules.h"

namespace raft {
namespace {

template <typename ProtoRequest>
void RequireBallot(Rules& rules, const ProtoRequest& message) {
  RequireRequestHeader(rules, message.header());
  RequireTerm(rules, message.term());
  RequirePosition(rules, "last_log", message.last_log_index(), message.last_log_term());
  // A candidate campaigns in a term of its own, above everything in its log (§5.2).
  rules.Require(message.last_log_term() < message.term(), "last_log_term ", message.last_log_term(),
                " is not below the term of the election ", message.term());
}

template <typename Request, typename ProtoRequest>
Request MakeBallot(const ProtoRequest& message) {
  return Request{.number = RequestNumber(message.header().request_number()),
                 .term = Term(message.term()),
                 .candidate_id = ServerId(message.header().from()),
                 .last_log = {.index = LogIndex(message.last_log_index()),
                              .term = Term(message.last_log_term())}};
}

template <typename Response, typename ProtoResponse>
absl::StatusOr<Response> ReadVote(absl::string_view name, const ProtoResponse& message) {
  Rules rules(name);
  RequireNumber(rules, message.header());
  RequireTerm(rules, message.term());
  if (rules.broken()) return rules.status();
  return Response{.number = RequestNumber(message.header().request_number()),
                  .term = Term(message.term()),
                  .vote_granted = message.vote_granted()};
}

// None: a kind of a later version.
std::optional<EntryKind> KindOf(const peer::v1::Entry& entry) {
  switch (entry.kind()) {
    case peer::v1::ENTRY_KIND_COMMAND:
      return EntryKind::kCommand;
    case peer::v1::ENTRY_KIND_NO_OP:
      return EntryKind::kNoOp;
    case peer::v1::ENTRY_KIND_CONFIGURATION:
      return EntryKind::kConfiguration;
    default:
      return std::nullopt;
  }
}

// The kinds a leader of this version makes. A newer one's entries must not be stored blindly: this
// server could never apply them. A configuration is in force as soon as it is stored, so it must be
// one (§6).
void RequireKnownEntry(Rules& rules, const peer::v1::Entry& entry) {
  const std::optional<EntryKind> kind = KindOf(entry);
  rules.Require(kind.has_value(), "entry ", entry.index(), " is of kind ",
                static_cast<int>(entry.kind()),
                ", which belongs to a later version; upgrade this server");
  rules.Require(
      kind != EntryKind::kConfiguration || ClusterConfiguration::Decode(entry.data()).has_value(),
      "entry ", entry.index(), " is a configuration that makes no sense");
  rules.Require(entry.session_id() == 0 && entry.session_sequence() == 0 &&
                    entry.lowest_outstanding_sequence() == 0,
                "entry ", entry.index(),
                " belongs to a session, which this version does not know; upgrade this server");
}

void RequireEntryBounds(Rules& rules, const peer::v1::Entry& entry, std::uint64_t leader_term,
                        std::uint64_t data_bytes_max) {
  rules.Require(entry.term() != 0, "entry ", entry.index(), " has term 0");
  rules.Require(entry.term() <= leader_term, "entry ", entry.index(), " has term ", entry.term(),
                ", above the leader's term ", leader_term);
  rules.Require(entry.log_time_ms() >= 0 && entry.log_time_ms() <= kLogTimeMsMax, "entry ",
                entry.index(), " has log time ", entry.log_time_ms());
  rules.Require(entry.data().size() <= data_bytes_max, "entry ", entry.index(), " has ",
                entry.data().size(), " bytes of data, the limit is ", data_bytes_max);
}

// Contiguous indexes, terms and log time that never fall (§5.3, Log Matching).
void RequireEntries(Rules& rules, const peer::v1::AppendEntriesRequest& message,
                    std::uint64_t data_bytes_max) {
  std::uint64_t expected_index = message.prev_log_index() + 1;
  std::uint64_t term_before = message.prev_log_term();
  std::int64_t log_time_before_ms = 0;
  for (const peer::v1::Entry& entry : message.entries()) {
    rules.Require(entry.index() == expected_index, "entry ", entry.index(), " stands where entry ",
                  expected_index, " must be");
    RequireEntryBounds(rules, entry, message.term(), data_bytes_max);
    rules.Require(entry.term() >= term_before, "entry ", entry.index(), " has term ", entry.term(),
                  ", below the term ", term_before, " of the entry before it");
    rules.Require(entry.log_time_ms() >= log_time_before_ms, "entry ", entry.index(),
                  " has log time ", entry.log_time_ms(), ", below ", log_time_before_ms,
                  " of the entry before it");
    RequireKnownEntry(rules, entry);
    if (rules.broken()) return;
    ++expected_index;
    term_before = entry.term();
    log_time_before_ms = entry.log_time_ms();
  }
}

// What a state was found to hold: index and digest, both or neither.
void RequireStateCheck(Rules& rules, absl::string_view name, std::uint64_t index,
                       const std::string& digest) {
  RequireIndex(rules, name, index);
  rules.Require((index == 0) == digest.empty(), name, "_index ", index, " with a digest of ",
                digest.size(), " bytes");
  rules.Require(digest.size() <= kStateDigestBytesMax, name, "_digest has ", digest.size(),
                " bytes, the limit is ", kStateDigestBytesMax);
}

// Requires: RequireStateCheck accepted them.
std::optional<StateCheck> MakeStateCheck(std::uint64_t index, const std::string& digest) {
  if (index == 0) return std::nullopt;
  return StateCheck{.index = LogIndex(index), .digest = digest};
}

LogEntryPointer TakeEntry(peer::v1::Entry& entry) {
  return std::make_shared<const LogEntry>(LogEntry{.index = LogIndex(entry.index()),
                                                   .term = Term(entry.term()),
                                                   .kind = *KindOf(entry),
                                                   .log_time_ms = entry.log_time_ms(),
                                                   .data = std::move(*entry.mutable_data())});
}

peer::v1::EntryKind ToProto(EntryKind kind) {
  switch (kind) {
    case EntryKind::kCommand:
      return peer::v1::ENTRY_KIND_COMMAND;
    case EntryKind::kNoOp:
      return peer::v1::ENTRY_KIND_NO_OP;
    case EntryKind::kConfiguration:
      return peer::v1::ENTRY_KIND_CONFIGURATION;
  }
  return peer::v1::ENTRY_KIND_UNSPECIFIED;
}

template <typename Request, typename ProtoRequest>
void WriteBallot(const Request& request, ProtoRequest& message) {
  message.mutable_header()->set_request_number(request.number.value());
  message.set_term(request.term.value());
  message.set_last_log_index(request.last_log.index.value());
  message.set_last_log_term(request.last_log.term.value());
}

template <typename Response, typename ProtoResponse>
void WriteVote(const Response& response, ProtoResponse& message) {
  message.mutable_header()->set_request_number(response.number.value());
  message.set_term(response.term.value());
  message.set_vote_granted(response.vote_granted);
}

}  // namespace

absl::StatusOr<PreVoteRequest> FromProto(const peer::v1::PreVoteRequest& message) {
  Rules rules("PreVote request");
  RequireBallot(rules, message);
  if (rules.broken()) return rules.status();
  return MakeBallot<PreVoteRequest>(message);
}

absl::StatusOr<RequestVoteRequest> FromProto(const peer::v1::RequestVoteRequest& message) {
  Rules rules("RequestVote request");
  RequireBallot(rules, message);
  if (rules.broken()) return rules.status();
  RequestVoteRequest request = MakeBallot<RequestVoteRequest>(message);
  request.leadership_transfer = message.leadership_transfer();
  return request;
}

absl::StatusOr<AppendEntriesRequest> FromProto(peer::v1::AppendEntriesRequest&& message,
                                               const ConversionLimits& limits) {
  Rules rules("AppendEntries request");
  RequireRequestHeader(rules, message.header());
  RequireTerm(rules, message.term());
  RequirePosition(rules, "prev_log", message.prev_log_index(), message.prev_log_term());
  rules.Require(message.prev_log_term() <= message.term(), "prev_log_term ",
                message.prev_log_term(), " is above the leader's term ", message.term());
  rules.Require(message.leader_commit() <= kNumberMax, "leader_commit ", message.leader_commit(),
                " is above ", kNumberMax);
  RequireIndex(rules, "compared", message.compared_index());
  RequireStateCheck(rules, "majority_state", message.majority_state_index(),
                    message.majority_state_digest());
  RequireEntries(rules, message, limits.entry_data_bytes_max);
  if (rules.broken()) return rules.status();

  AppendEntriesRequest request{.number = RequestNumber(message.header().request_number()),
                               .term = Term(message.term()),
                               .leader_id = ServerId(message.header().from()),
                               .previous = {.index = LogIndex(message.prev_log_index()),
                                            .term = Term(message.prev_log_term())},
                               .leader_commit = LogIndex(message.leader_commit()),
                               .entries = {},
                               .compared_index = LogIndex(message.compared_index()),
                               .majority_state = MakeStateCheck(message.majority_state_index(),
                                                                message.majority_state_digest())};
  request.entries.reserve(static_cast<std::size_t>(message.entries_size()));
  for (peer::v1::Entry& entry : *message.mutable_entries()) {
    request.entries.push_back(TakeEntry(entry));
  }
  return request;
}

absl::StatusOr<TimeoutNowRequest> FromProto(const peer::v1::TimeoutNowRequest& message) {
  Rules rules("TimeoutNow request");
  RequireRequestHeader(rules, message.header());
  RequireTerm(rules, message.term());
  if (rules.broken()) return rules.status();
  return TimeoutNowRequest{.number = RequestNumber(message.header().request_number()),
                           .term = Term(message.term()),
                           .leader_id = ServerId(message.header().from())};
}

absl::StatusOr<PreVoteResponse> FromProto(const peer::v1::PreVoteResponse& message) {
  auto response = ReadVote<PreVoteResponse>("PreVote response", message);
  if (!response.ok()) return response.status();
  Rules rules("PreVote response");
  RequireIndex(rules, "removed_at", message.removed_at_index());
  rules.Require(!message.vote_granted() || message.removed_at_index() == 0,
                "grants a vote to a server that was removed at index ", message.removed_at_index());
  if (rules.broken()) return rules.status();
  response->removed_at = LogIndex(message.removed_at_index());
  return response;
}

absl::StatusOr<RequestVoteResponse> FromProto(const peer::v1::RequestVoteResponse& message) {
  return ReadVote<RequestVoteResponse>("RequestVote response", message);
}

absl::StatusOr<AppendEntriesResponse> FromProto(const peer::v1::AppendEntriesResponse& message) {
  Rules rules("AppendEntries response");
  RequireNumber(rules, message.header());
  RequireTerm(rules, message.term());
  RequireIndex(rules, "match", message.match_index());
  RequireIndex(rules, "conflict", message.conflict_index());
  const bool has_conflict = message.conflict_index() != 0;
  rules.Require(has_conflict || message.conflict_term() == 0, "conflict_term ",
                message.conflict_term(), " without a conflict_index");
  rules.Require(message.conflict_term() <= message.term(), "conflict_term ",
                message.conflict_term(), " is above the answerer's term ", message.term());
  rules.Require(!message.success() || !has_conflict, "success and a conflict at index ",
                message.conflict_index(), " at once");
  rules.Require(message.success() || message.match_index() == 0, "match_index ",
                message.match_index(), " without success");
  RequireStateCheck(rules, "state_check", message.state_check_index(),
                    message.state_check_digest());
  if (rules.broken()) return rules.status();

  AppendEntriesResponse response{
      .number = RequestNumber(message.header().request_number()),
      .term = Term(message.term()),
      .success = message.success(),
      .match_index = LogIndex(message.match_index()),
      .conflict = std::nullopt,
      .state_check = MakeStateCheck(message.state_check_index(), message.state_check_digest()),
      .needs_snapshot = message.needs_snapshot()};
  if (has_conflict) {
    response.conflict =
        ConflictHint{.term = std::nullopt, .index = LogIndex(message.conflict_index())};
    if (message.conflict_term() != 0) response.conflict->term = Term(message.conflict_term());
  }
  return response;
}

absl::StatusOr<TimeoutNowResponse> FromProto(const peer::v1::TimeoutNowResponse& message) {
  Rules rules("TimeoutNow response");
  RequireNumber(rules, message.header());
  RequireTerm(rules, message.term());
  if (rules.broken()) return rules.status();
  return TimeoutNowResponse{.number = RequestNumber(message.header().request_number()),
                            .term = Term(message.term())};
}

void ToProto(const PreVoteRequest& request, peer::v1::PreVoteRequest& message) {
  WriteBallot(request, message);
}

void ToProto(const RequestVoteRequest& request, peer::v1::RequestVoteRequest& message) {
  WriteBallot(request, message);
  message.set_leadership_transfer(request.leadership_transfer);
}

void ToProto(const AppendEntriesRequest& request, peer::v1::AppendEntriesRequest& message) {
  message.mutable_header()->set_request_number(request.number.value());
  message.set_term(request.term.value());
  message.set_prev_log_index(request.previous.index.value());
  message.set_prev_log_term(request.previous.term.value());
  message.set_leader_commit(request.leader_commit.value());
  message.set_compared_index(request.compared_index.value());
  if (request.majority_state) {
    message.set_majority_state_index(request.majority_state->index.value());
    message.set_majority_state_digest(request.majority_state->digest);
  } else {
    message.clear_majority_state_index();
    message.clear_majority_state_digest();
  }
  message.clear_entries();  // keeps the cleared entries and their memory for the next Add
  message.mutable_entries()->Reserve(static_cast<int>(request.entries.size()));
  for (const LogEntryPointer& entry : request.entries) {
    peer::v1::Entry& copy = *message.add_entries();
    copy.set_index(entry->index.value());
    copy.set_term(entry->term.value());
    copy.set_kind(ToProto(entry->kind));
    copy.set_data(entry->data);
    copy.set_log_time_ms(entry->log_time_ms);
  }
}

void ToProto(const TimeoutNowRequest& request, peer::v1::TimeoutNowRequest& message) {
  message.mutable_header()->set_request_number(request.number.value());
  message.set_term(request.term.value());
}

void ToProto(const PreVoteResponse& response, peer::v1::PreVoteResponse& message) {
  WriteVote(response, message);
  message.set_removed_at_index(response.removed_at.value());
}

void ToProto(const RequestVoteResponse& response, peer::v1::RequestVoteResponse& message) {
  WriteVote(response, message);
}

void ToProto(const AppendEntriesResponse& response, peer::v1::AppendEntriesResponse& message) {
  message.mutable_header()->set_request_number(response.number.value());
  message.set_term(response.term.value());
  message.set_success(response.success);
  message.set_match_index(response.match_index.value());
  const ConflictHint none;
  const ConflictHint& conflict = response.conflict ? *response.conflict : none;
  message.set_conflict_term(conflict.term.value_or(Term(0)).value());
  message.set_conflict_index(conflict.index.value());
  if (response.state_check) {
    message.set_state_check_index(response.state_check->index.value());
    message.set_state_check_digest(response.state_check->digest);
  } else {
    message.clear_state_check_index();
    message.clear_state_check_digest();
  }
  message.set_needs_snapshot(response.needs_snapshot);
}

void ToProto(const TimeoutNowResponse& response, peer::v1::TimeoutNowResponse& message) {
  message.mutable_header()->set_request_number(response.number.value());
  message.set_term(response.term.value());
}

RequestNumber NumberOf(const PeerRequest& request) {
  return std::visit([](const auto& kind) { return kind.number; }, request);
}

RequestBounds BoundsOf(const PeerRequest& request) {
  RequestBounds bounds;
  std::visit(
      [&bounds](const auto& kind) {
        bounds.number = kind.number;
        bounds.term = kind.term;
      },
      request);
  if (const auto* append = std::get_if<AppendEntriesRequest>(&request)) {
    bounds.previous = append->previous.index;
    bounds.last = append->previous.index + append->entries.size();
    bounds.compared = append->compared_index;
  } else if (const auto* install = std::get_if<InstallSnapshotRequest>(&request)) {
    bounds.last = install->last_included.index;
  }
  return bounds;
}

absl::Status CheckAnswer(const RequestBounds& bounds, const PreVoteResponse& response) {
  Rules rules("PreVote response");
  RequireSameNumber(rules, bounds, response);
  if (response.vote_granted) RequireAskedTerm(rules, bounds, response);
  return rules.status();
}

absl::Status CheckAnswer(const RequestBounds& bounds, const RequestVoteResponse& response) {
  Rules rules("RequestVote response");
  RequireSameNumber(rules, bounds, response);
  if (response.vote_granted) RequireAskedTerm(rules, bounds, response);
  return rules.status();
}

absl::Status CheckAnswer(const RequestBounds& bounds, const AppendEntriesResponse& response) {
  Rules rules("AppendEntries response");
  RequireSameNumber(rules, bounds, response);
  rules.Require(response.term >= bounds.term, "comes from term ", response.term.value(),
                " although the request's term ", bounds.term.value(), " was adopted");
  if (response.success) RequireAskedTerm(rules, bounds, response);
  rules.Require(response.match_index <= bounds.last, "claims match_index ",
                response.match_index.value(), ", the last entry sent was ", bounds.last.value());
  if (response.conflict) {
    RequireAskedTerm(rules, bounds, response);
    rules.Require(response.conflict->index <= bounds.previous, "claims a conflict at index ",
                  response.conflict->index.value(), ", beyond the previous entry ",
                  bounds.previous.value());
  }
  rules.Require(!response.state_check || response.state_check->index == bounds.compared,
                "tells its state at another index than ", bounds.compared.value(),
                ", where states are compared");
  return rules.status();
}

absl::Status CheckAnswer(const RequestBounds& bounds, const TimeoutNowResponse& response) {
  Rules rules("TimeoutNow response");
  RequireSameNumber(rules, bounds, response);
  return rules.status();
}

}  // namespace raft
