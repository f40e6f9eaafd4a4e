// raftd's settings, their defaults, and the relations between them.
//
// Plain values: command_line.h fills them in from flags, environment and file; Validate judges them
// as a whole and names the relation that is broken. No globals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/raft_options.h"
#include "persistence/key_value_store.h"
#include "service/conversion/founding_conversion.h"
#include "service/snapshot_transfer_options.h"

namespace raft {

// No server of a cluster may be set to larger commands or appends than this, so that every server
// can take what any other accepted: entries from a leader are never refused for their size.
inline constexpr std::uint64_t kCommandBytesCeiling = 64ull << 20;
inline constexpr std::uint64_t kAppendBytesCeiling = 64ull << 20;
// The largest message between servers: one append and its frame.
inline constexpr int kPeerMessageBytesMax = static_cast<int>(kAppendBytesCeiling + (1ull << 20));

struct Options {
  std::uint64_t server_id = 0;  // never 0
  std::string data_dir;

  // What is bound.
  std::string client_address = "127.0.0.1:7000";
  std::string peer_address = "127.0.0.1:7001";
  std::string http_address = "127.0.0.1:7002";
  // What others are told; empty: the bound one.
  std::string advertise_client_address;
  std::string advertise_peer_address;
  // "1=host:port,2=host:port"; used only to form a new cluster.
  std::string initial_members;
  // On an empty data directory: wait to be added to a cluster. Ignored ever after.
  bool join = false;

  std::uint32_t tick_ms = 10;
  std::uint32_t heartbeat_ms = 50;
  std::uint32_t election_timeout_min_ms = 300;
  std::uint32_t election_timeout_max_ms = 600;

  std::uint64_t key_bytes_max = KeyValueLimits{}.key_bytes_max;
  std::uint64_t value_bytes_max = KeyValueLimits{}.value_bytes_max;
  std::uint64_t command_bytes_max = KeyValueLimits{}.command_bytes_max;
  std::uint64_t append_bytes_max = RaftOptions{}.append_bytes_max;
  std::uint64_t inflight_bytes_max = RaftOptions{}.inflight_bytes_max;
  std::uint64_t uncommitted_bytes_max = RaftOptions{}.uncommitted_bytes_max;
  std::uint64_t log_bytes_max = RaftOptions{}.log_bytes_max;
  // The log is trimmed when it is longer than what is kept for slow followers and this much of it,
  // in bytes or in entries, is applied. Whoever needs more than what is kept gets a snapshot.
  std::uint64_t compaction_log_bytes = RaftOptions{}.compaction_bytes;
  std::uint64_t compaction_log_entries = RaftOptions{}.compaction_entries;
  std::uint64_t compaction_tail_bytes = RaftOptions{}.tail_bytes;
  std::uint64_t compaction_tail_entries = RaftOptions{}.tail_entries;
  // Each snapshot that is sent keeps to this; 0: no limit.
  std::uint64_t snapshot_bytes_per_second = 0;
  // A snapshot of which no piece moves for this long is given up, and sent again later.
  std::uint32_t snapshot_stall_timeout_ms = 10'000;
  // Clients that may wait for an answer at once, and the bytes of their proposals in the inbox.
  std::uint64_t pending_calls_max = 100'000;
  std::uint64_t pending_bytes_max = 64ull << 20;
  // What a call without a deadline gets, and the most any call gets.
  std::uint32_t default_deadline_ms = 10'000;
  std::uint32_t deadline_max_ms = 60'000;

  std::string log_format = "auto";  // text, json, or auto: text on a terminal, else json
  std::string log_level = "info";   // trace, debug, info, warn, error

  const std::string& advertised_client_address() const {
    return advertise_client_address.empty() ? client_address : advertise_client_address;
  }
  const std::string& advertised_peer_address() const {
    return advertise_peer_address.empty() ? peer_address : advertise_peer_address;
  }
};

// OK, or INVALID_ARGUMENT with the option, its value and the rule or relation that it breaks.
absl::Status Validate(const Options& options);

// The list of initial members, in rising order of id. INVALID_ARGUMENT names the item that is
// wrong: not id=host:port, id 0, an id or address twice.
absl::StatusOr<std::vector<InitialMember>> ParseInitialMembers(const std::string& text);

// Requires: validated.
RaftOptions RaftOptionsOf(const Options& options);
KeyValueLimits KeyValueLimitsOf(const Options& options);
SnapshotTransferOptions SnapshotTransferOptionsOf(const Options& options);
// The largest message a client or a peer may send: the largest command or batch, and 512 KiB for
// what is around it, so that a legal command can always be replicated (trap I1).
int MessageBytesMax(const Options& options);

}  // namespace raft
