#include "service/options.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/address.h"

namespace raft {
namespace {

constexpr std::uint64_t kMebibyte = 1ull << 20;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status CheckAddress(const char* option, const std::string& text, bool advertised) {
  const absl::StatusOr<Address> address = ParseAddress(text);
  if (!address.ok()) return Invalid(option, ": ", address.status().message());
  if (!advertised) return absl::OkStatus();
  if (address->is_wildcard()) {
    return Invalid(option, ": ", text,
                   " names every interface and so no machine; others cannot reach it. Give the "
                   "address that they should use");
  }
  if (address->port == 0) {
    return Invalid(option, ": ", text, " has port 0, which nobody can connect to");
  }
  return absl::OkStatus();
}

absl::Status CheckAddresses(const Options& options) {
  for (const auto& [option, text] : {std::pair{"--client-address", &options.client_address},
                                     {"--peer-address", &options.peer_address},
                                     {"--http-address", &options.http_address}}) {
    if (absl::Status checked = CheckAddress(option, *text, false); !checked.ok()) return checked;
  }
  for (const auto& [option, text] :
       {std::pair{"--advertise-client-address", &options.advertised_client_address()},
        {"--advertise-peer-address", &options.advertised_peer_address()}}) {
    if (absl::Status checked = CheckAddress(option, *text, true); !checked.ok()) return checked;
  }
  if (options.advertised_client_address() == options.advertised_peer_address()) {
    return Invalid("--client-address and --peer-address are both ", options.client_address,
                   "; clients and peers need a port each");
  }
  return absl::OkStatus();
}

absl::Status CheckInitialMembers(const Options& options) {
  if (options.initial_members.empty()) return absl::OkStatus();
  if (options.join) {
    return Invalid("--join and --initial-members (", options.initial_members,
                   ") exclude each other: a server either forms a new cluster with others, or "
                   "waits to be added to one");
  }
  const auto members = ParseInitialMembers(options.initial_members);
  if (!members.ok()) return members.status();
  const auto self = std::find_if(members->begin(), members->end(), [&](const auto& member) {
    return member.server_id.value() == options.server_id;
  });
  if (self == members->end()) {
    return Invalid("--initial-members (", options.initial_members,
                   ") does not contain this server: --server-id is ", options.server_id);
  }
  if (self->peer_address != options.advertised_peer_address()) {
    return Invalid("--initial-members says that server ", options.server_id, " is at ",
                   self->peer_address, ", but it advertises ", options.advertised_peer_address(),
                   " to its peers (--advertise-peer-address, or --peer-address)");
  }
  return absl::OkStatus();
}

absl::Status CheckWholeTicks(const char* option, std::uint32_t value_ms, std::uint32_t tick_ms) {
  if (value_ms == 0 || value_ms % tick_ms != 0) {
    return Invalid(option, " (", value_ms, " ms) must be a whole number of ticks (", tick_ms,
                   " ms), at least one");
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const Options& options) {
  if (options.tick_ms < 1 || options.tick_ms > 1000) {
    return Invalid("tick (", options.tick_ms, " ms) must be from 1 to 1000 ms");
  }
  for (const auto& [option, value_ms] :
       {std::pair{"heartbeat", options.heartbeat_ms},
        {"election timeout minimum", options.election_timeout_min_ms},
        {"election timeout maximum", options.election_timeout_max_ms}}) {
    absl::Status checked = CheckWholeTicks(option, value_ms, options.tick_ms);
    if (!checked.ok()) return checked;
  }
  if (options.heartbeat_ms * 2ull >= options.election_timeout_min_ms) {
    return Invalid("heartbeat (", options.heartbeat_ms,
                   " ms) must be below half the election timeout minimum (",
                   options.election_timeout_min_ms, " ms)");
  }
  if (options.election_timeout_max_ms <= options.election_timeout_min_ms) {
    return Invalid("election timeout maximum (", options.election_timeout_max_ms,
                   " ms) must be above the election timeout minimum (",
                   options.election_timeout_min_ms, " ms), or servers campaign at the same moment");
  }
  if (options.default_deadline_ms == 0 || options.default_deadline_ms > options.deadline_max_ms) {
    return Invalid("default deadline (", options.default_deadline_ms,
                   " ms) must be from 1 ms to the longest deadline (", options.deadline_max_ms,
                   " ms)");
  }
  return absl::OkStatus();
}

absl::Status CheckAtMost(const char* what, std::uint64_t value, const char* bound_name,
                         std::uint64_t bound) {
  if (value == 0) return Invalid(what, " must be above 0");
  if (value <= bound) return absl::OkStatus();
  return Invalid(what, " (", value, ") must not be above ", bound_name, " (", bound, ")");
}

absl::Status CheckLimits(const Options& options) {
  struct Relation {
    const char* what;
    std::uint64_t value;
    const char* bound_name;
    std::uint64_t bound;
  };
  const Relation relations[] = {
      {"key bytes", options.key_bytes_max, "command bytes", options.command_bytes_max},
      {"value bytes", options.value_bytes_max, "command bytes", options.command_bytes_max},
      {"command bytes", options.command_bytes_max, "64 MiB", kCommandBytesCeiling},
      {"append bytes", options.append_bytes_max, "inflight bytes", options.inflight_bytes_max},
      {"append bytes", options.append_bytes_max, "64 MiB", kAppendBytesCeiling},
      {"command bytes", options.command_bytes_max, "pending bytes", options.pending_bytes_max},
      {"command bytes", options.command_bytes_max, "uncommitted bytes",
       options.uncommitted_bytes_max},
      {"uncommitted bytes", options.uncommitted_bytes_max, "log bytes", options.log_bytes_max},
      {"pending calls", options.pending_calls_max, "10,000,000", 10'000'000},
      {"compaction log bytes", options.compaction_log_bytes, "half the log bytes",
       options.log_bytes_max / 2},
      // A transfer may hold twice the tail; beside it the log must have room to be trimmed.
      {"compaction tail bytes", options.compaction_tail_bytes, "a quarter of the log bytes",
       options.log_bytes_max / 4},
  };
  for (const Relation& relation : relations) {
    absl::Status checked =
        CheckAtMost(relation.what, relation.value, relation.bound_name, relation.bound);
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

absl::Status CheckSnapshots(const Options& options) {
  if (options.compaction_log_entries == 0) return Invalid("compaction log entries must be above 0");
  if (options.snapshot_stall_timeout_ms < 2ull * options.election_timeout_max_ms) {
    return Invalid("snapshot stall timeout (", options.snapshot_stall_timeout_ms,
                   " ms) must be at least twice the election timeout maximum (",
                   options.election_timeout_max_ms, " ms), or an election breaks a transfer");
  }
  if (options.snapshot_bytes_per_second == 0) return absl::OkStatus();
  // The largest record moves as one piece, and must not look like a stall.
  const std::uint64_t bytes_per_half_timeout =
      options.snapshot_bytes_per_second * options.snapshot_stall_timeout_ms / 2000;
  if (bytes_per_half_timeout < options.command_bytes_max) {
    return Invalid("snapshot bytes per second (", options.snapshot_bytes_per_second,
                   ") must carry the largest command (", options.command_bytes_max,
                   " bytes) within half the snapshot stall timeout (",
                   options.snapshot_stall_timeout_ms, " ms)");
  }
  return absl::OkStatus();
}

absl::Status CheckWord(const char* option, const std::string& word,
                       std::initializer_list<const char*> allowed) {
  if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return absl::OkStatus();
  std::string list;
  for (const char* one : allowed) absl::StrAppend(&list, list.empty() ? "" : ", ", one);
  return Invalid(option, ": \"", word, "\" is not one of ", list);
}

}  // namespace

absl::Status Validate(const Options& options) {
  if (options.server_id == 0) {
    return Invalid("--server-id is missing: give this server a number above 0 of its own");
  }
  if (options.data_dir.empty()) {
    return Invalid("--data-dir is missing: say where this server keeps its data");
  }
  for (const auto check :
       {CheckAddresses, CheckInitialMembers, CheckTimes, CheckLimits, CheckSnapshots}) {
    if (absl::Status checked = check(options); !checked.ok()) return checked;
  }
  absl::Status format = CheckWord("--log-format", options.log_format, {"auto", "text", "json"});
  if (!format.ok()) return format;
  return CheckWord("--log-level", options.log_level, {"trace", "debug", "info", "warn", "error"});
}

absl::StatusOr<std::vector<InitialMember>> ParseInitialMembers(const std::string& text) {
  std::vector<InitialMember> members;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    const absl::string_view trimmed_id = absl::StripAsciiWhitespace(parts.first);
    const absl::string_view address = absl::StripAsciiWhitespace(parts.second);
    std::uint64_t id = 0;
    if (!absl::SimpleAtoi(trimmed_id, &id) || id == 0) {
      return Invalid("--initial-members: \"", item,
                     "\" is not id=host:port with a number above 0 as id");
    }
    const std::string peer_address(address.data(), address.size());
    absl::Status checked =
        CheckAddress(absl::StrCat("--initial-members, server ", id).c_str(), peer_address, true);
    if (!checked.ok()) return checked;
    for (const InitialMember& other : members) {
      if (other.server_id.value() == id) return Invalid("--initial-members names ", id, " twice");
      if (other.peer_address == peer_address) {
        return Invalid("--initial-members gives ", peer_address, " to two servers");
      }
    }
    members.push_back({.server_id = ServerId(id), .peer_address = peer_address});
  }
  std::sort(members.begin(), members.end(),
            [](const auto& left, const auto& right) { return left.server_id < right.server_id; });
  return members;
}

RaftOptions RaftOptionsOf(const Options& options) {
  return {.tick_ms = options.tick_ms,
          .heartbeat_ticks = options.heartbeat_ms / options.tick_ms,
          .election_timeout_ticks_min = options.election_timeout_min_ms / options.tick_ms,
          .election_timeout_ticks_max = options.election_timeout_max_ms / options.tick_ms,
          .append_bytes_max = options.append_bytes_max,
          .inflight_bytes_max = options.inflight_bytes_max,
          .uncommitted_bytes_max = options.uncommitted_bytes_max,
          .log_bytes_max = options.log_bytes_max,
          .compaction_bytes = options.compaction_log_bytes,
          .compaction_entries = options.compaction_log_entries,
          .tail_bytes = options.compaction_tail_bytes,
          .tail_entries = options.compaction_tail_entries};
}

KeyValueLimits KeyValueLimitsOf(const Options& options) {
  KeyValueLimits limits;
  limits.key_bytes_max = options.key_bytes_max;
  limits.value_bytes_max = options.value_bytes_max;
  limits.command_bytes_max = options.command_bytes_max;
  return limits;
}

SnapshotTransferOptions SnapshotTransferOptionsOf(const Options& options) {
  return {.stall_timeout = std::chrono::milliseconds(options.snapshot_stall_timeout_ms),
          .bytes_per_second = options.snapshot_bytes_per_second};
}

int MessageBytesMax(const Options& options) {
  const std::uint64_t largest = std::max(options.command_bytes_max, options.append_bytes_max);
  return static_cast<int>(largest + kMebibyte / 2);
}

}  // namespace raft
