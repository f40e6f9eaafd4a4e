// Short ways to build what persistence tests are full of: entries, requests, commands, owners.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "core/log_entry.h"
#include "persistence/promise_file.h"
#include "raft/v1/key_value.pb.h"

namespace raft::testing {

inline constexpr LogTimeMs kFoundingTimeMs = 1'700'000'000'000;

inline Owner TestOwner() {
  return {.cluster_id = "sixteen bytes id", .server_id = ServerId(1), .incarnation = 77};
}

// A cluster whose only founder is the test owner.
inline FoundingConfiguration TestFounding() {
  return {.cluster_id = TestOwner().cluster_id,
          .log_time_ms = kFoundingTimeMs,
          .members = {{.server_id = TestOwner().server_id,
                       .peer_address = "server-1:7001",
                       .incarnation = TestOwner().incarnation}}};
}

inline LogEntryPointer MakeEntry(std::uint64_t index, std::uint64_t term, std::string data = "x",
                                 EntryKind kind = EntryKind::kCommand) {
  return std::make_shared<const LogEntry>(
      LogEntry{.index = LogIndex(index),
               .term = Term(term),
               .kind = kind,
               .log_time_ms = kFoundingTimeMs + static_cast<LogTimeMs>(index),
               .data = std::move(data)});
}

inline LogEntryPointer MakeNoOp(std::uint64_t index, std::uint64_t term) {
  return MakeEntry(index, term, "", EntryKind::kNoOp);
}

// Brings a configuration with one voter, this one.
inline LogEntryPointer MakeConfigurationEntry(std::uint64_t index, std::uint64_t term,
                                              std::uint64_t voter) {
  return MakeEntry(index, term, ClusterConfiguration({ServerId(voter)}).Encode(),
                   EntryKind::kConfiguration);
}

// Entries first..last of one term.
inline std::vector<LogEntryPointer> MakeEntries(std::uint64_t first, std::uint64_t last,
                                                std::uint64_t term) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = first; index <= last; ++index) {
    entries.push_back(MakeEntry(index, term, "data " + std::to_string(index)));
  }
  return entries;
}

inline PersistRequest Append(std::vector<LogEntryPointer> entries) {
  return {.sequence = PersistSequence(1),
          .promise = {},
          .rebase = {},
          .truncate_from = {},
          .entries = std::move(entries)};
}

inline PersistRequest TruncateAndAppend(std::uint64_t from, std::vector<LogEntryPointer> entries) {
  PersistRequest request = Append(std::move(entries));
  request.truncate_from = LogIndex(from);
  return request;
}

// Trims the log to `base`, an entry of term `term` that MakeEntry would make.
inline PersistRequest TrimTo(std::uint64_t base, std::uint64_t term) {
  PersistRequest request = Append({});
  request.rebase = LogRebase{.base = {.index = LogIndex(base), .term = Term(term)},
                             .log_time_ms = kFoundingTimeMs + static_cast<LogTimeMs>(base),
                             .keeps_suffix = true};
  return request;
}

// A snapshot up to `base` takes the place of the log.
inline PersistRequest ResetTo(std::uint64_t base, std::uint64_t term) {
  PersistRequest request = TrimTo(base, term);
  request.rebase->keeps_suffix = false;
  return request;
}

inline PersistRequest PromiseTerm(std::uint64_t term,
                                  std::optional<ServerId> voted_for = std::nullopt) {
  PersistRequest request = Append({});
  request.promise = Promise{.current_term = Term(term), .voted_for = voted_for};
  return request;
}

// What entries look like to a failing test, and how they are compared.
inline std::vector<std::string> Describe(const std::vector<LogEntryPointer>& entries) {
  std::vector<std::string> lines;
  for (const LogEntryPointer& entry : entries) {
    lines.push_back(std::to_string(entry->index.value()) + "/" +
                    std::to_string(entry->term.value()) + "/" +
                    std::to_string(static_cast<int>(entry->kind)) + "/" +
                    std::to_string(entry->log_time_ms) + "/" + entry->data);
  }
  return lines;
}

inline raft::v1::Command PutCommand(const std::string& key, const std::string& value) {
  raft::v1::Command command;
  command.mutable_put()->set_key(key);
  command.mutable_put()->set_value(value);
  return command;
}

inline raft::v1::Command DeleteCommand(const std::string& key) {
  raft::v1::Command command;
  command.mutable_delete_()->set_key(key);
  return command;
}

inline raft::v1::Command DeleteRangeCommand(const std::string& start, const std::string& end) {
  raft::v1::Command command;
  command.mutable_delete_range()->set_start(start);
  command.mutable_delete_range()->set_end(end);
  return command;
}

inline raft::v1::Command CompareAndSetCommand(const std::string& key, std::uint64_t expected,
                                              const std::string& value) {
  raft::v1::Command command;
  command.mutable_compare_and_set()->set_key(key);
  command.mutable_compare_and_set()->set_expected_revision(expected);
  command.mutable_compare_and_set()->set_value(value);
  return command;
}

inline LogEntryPointer MakeCommandEntry(std::uint64_t index, const raft::v1::Command& command) {
  return MakeEntry(index, 1, command.SerializeAsString());
}

}  // namespace raft::testing
