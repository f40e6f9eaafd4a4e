// Short ways to write down logs, messages and recovered states in tests of the core.
//
// Knows the value types of core/ and nothing of how a server behaves. Plain numbers go in, typed
// values come out, so that a test reads like the figure it checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/messages.h"
#include "core/raft_options.h"
#include "core/raft_server.h"

namespace raft {

// GoogleTest finds these by argument and prints numbers and roles instead of bytes.
template <typename Tag>
void PrintTo(StrongNumber<Tag> number, std::ostream* out) {
  *out << number.value();
}
inline void PrintTo(RoleName role, std::ostream* out) { *out << ToString(role); }
inline void PrintTo(const LogPosition& position, std::ostream* out) {
  *out << "{index " << position.index.value() << ", term " << position.term.value() << "}";
}

namespace harness {

// The servers as Figures 7 and 8 call them.
inline constexpr ServerId kS1{1};
inline constexpr ServerId kS2{2};
inline constexpr ServerId kS3{3};
inline constexpr ServerId kS4{4};
inline constexpr ServerId kS5{5};

// Servers 1 to `count`.
inline std::vector<ServerId> FirstServers(std::size_t count) {
  std::vector<ServerId> servers;
  for (std::size_t id = 1; id <= count; ++id) servers.push_back(ServerId(id));
  return servers;
}

// What the state machine of such a cluster holds at its founding.
inline IndexedConfiguration Founding(std::size_t servers = 3) {
  return {.index = LogIndex(0), .configuration = ClusterConfiguration(FirstServers(servers))};
}

// One member, as an operator would write it down.
inline Member MemberOf(ServerId id, MemberRole role = MemberRole::kVoter, bool leaves = false) {
  return {.server_id = id,
          .incarnation = 100 + id.value(),
          .peer_address = "server-" + std::to_string(id.value()) + ":7001",
          .role = role,
          .leaves = leaves};
}
// Voters and nobody else.
inline std::vector<Member> Voters(const std::vector<ServerId>& ids) {
  std::vector<Member> members;
  for (const ServerId id : ids) members.push_back(MemberOf(id));
  return members;
}

constexpr LogPosition At(std::uint64_t index, std::uint64_t term) {
  return {.index = LogIndex(index), .term = Term(term)};
}

// Entries built here are this far apart in log time: far enough that a leader which continues from
// one of them and ticks through a whole test never overtakes the next.
inline constexpr LogTimeMs kLogTimeStepMs = 1'000'000;

inline LogEntryPointer Entry(std::uint64_t index, std::uint64_t term, std::string data = "x") {
  return std::make_shared<const LogEntry>(
      LogEntry{.index = LogIndex(index),
               .term = Term(term),
               .kind = EntryKind::kCommand,
               .log_time_ms = static_cast<LogTimeMs>(index) * kLogTimeStepMs,
               .data = std::move(data)});
}

// The entry that brings a configuration into force.
inline LogEntryPointer ConfigurationEntry(std::uint64_t index, std::uint64_t term,
                                          const ClusterConfiguration& configuration) {
  LogEntry entry = *Entry(index, term, configuration.Encode());
  entry.kind = EntryKind::kConfiguration;
  return std::make_shared<const LogEntry>(std::move(entry));
}

// A log as Figure 7 draws it: one term for each entry, the first at `first_index`.
inline std::vector<LogEntryPointer> LogOfTerms(const std::vector<std::uint64_t>& terms,
                                               std::uint64_t first_index = 1) {
  std::vector<LogEntryPointer> entries;
  for (const std::uint64_t term : terms) entries.push_back(Entry(first_index++, term));
  return entries;
}

inline std::vector<std::uint64_t> TermsOf(const std::vector<LogEntryPointer>& entries) {
  std::vector<std::uint64_t> terms;
  for (const LogEntryPointer& entry : entries) terms.push_back(entry->term.value());
  return terms;
}

inline std::vector<std::uint64_t> IndexesOf(const std::vector<LogEntryPointer>& entries) {
  std::vector<std::uint64_t> indexes;
  for (const LogEntryPointer& entry : entries) indexes.push_back(entry->index.value());
  return indexes;
}

// The data of the commands among `entries`; no-ops carry none.
inline std::vector<std::string> CommandsOf(const std::vector<LogEntryPointer>& entries) {
  std::vector<std::string> commands;
  for (const LogEntryPointer& entry : entries) {
    if (entry->kind == EntryKind::kCommand) commands.push_back(entry->data);
  }
  return commands;
}

// The options of most tests: short timeouts, so that a test counts few ticks.
inline RaftOptions SmallOptions() {
  RaftOptions options;
  options.tick_ms = 10;
  options.heartbeat_ticks = 2;
  options.election_timeout_ticks_min = 10;
  options.election_timeout_ticks_max = 20;
  return options;
}

// What a disk returns at start: current term, vote, a log of these terms after its base, and the
// index up to which the state machine already holds it.
struct RecoveredFields {
  std::uint64_t term = 0;
  std::vector<std::uint64_t> log_terms = {};
  std::uint64_t applied = 0;
  std::optional<ServerId> voted_for = std::nullopt;
  LogPosition base = At(0, 0);
};
inline RecoveredState Recovered(const RecoveredFields& fields) {
  RecoveredState recovered;
  recovered.promise = {.current_term = Term(fields.term), .voted_for = fields.voted_for};
  recovered.base = fields.base;
  recovered.log_time_ms = static_cast<LogTimeMs>(fields.base.index.value()) * kLogTimeStepMs;
  recovered.entries = LogOfTerms(fields.log_terms, fields.base.index.Next().value());
  const std::uint64_t base = fields.base.index.value();
  recovered.applied = fields.applied > base
                          ? recovered.entries.at(fields.applied - base - 1)->position()
                          : fields.base;
  return recovered;
}

struct AppendEntriesFields {
  std::uint64_t term = 1;
  ServerId leader = kS2;
  LogPosition previous = At(0, 0);
  std::vector<LogEntryPointer> entries = {};
  std::uint64_t commit = 0;
  std::uint64_t number = 1;
};
inline AppendEntriesRequest AppendEntries(const AppendEntriesFields& fields) {
  return {.number = RequestNumber(fields.number),
          .term = Term(fields.term),
          .leader_id = fields.leader,
          .previous = fields.previous,
          .leader_commit = LogIndex(fields.commit),
          .entries = fields.entries};
}

struct VoteFields {
  std::uint64_t term = 1;
  ServerId candidate = kS2;
  LogPosition last_log = At(0, 0);
  std::uint64_t number = 1;
};
inline RequestVoteRequest RequestVote(const VoteFields& fields) {
  return {.number = RequestNumber(fields.number),
          .term = Term(fields.term),
          .candidate_id = fields.candidate,
          .last_log = fields.last_log};
}
inline PreVoteRequest PreVote(const VoteFields& fields) {
  return {.number = RequestNumber(fields.number),
          .term = Term(fields.term),
          .candidate_id = fields.candidate,
          .last_log = fields.last_log};
}

struct OfferFields {
  std::uint64_t term = 1;
  ServerId leader = kS2;
  LogPosition last_included = At(1, 1);
  std::uint64_t number = 1;
};
inline InstallSnapshotRequest Offer(const OfferFields& fields) {
  return {.number = RequestNumber(fields.number),
          .term = Term(fields.term),
          .leader_id = fields.leader,
          .last_included = fields.last_included};
}

}  // namespace harness
}  // namespace raft
