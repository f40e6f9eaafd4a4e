// One look at a whole server, for the metrics and the pages: what the owner knows at this moment.
//
// Room: metrics/. Knows the core's status and plain numbers; knows no thread, no file, no gRPC. The
// owner fills one of these from values that are already published (never by asking the event loop
// and waiting), so a scrape cannot slow down or stop consensus (trap J3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/raft_status.h"

namespace raft {

// One named check of the health pages. The same checks are exported as raft_healthcheck.
struct HealthCheck {
  // Fixed lower_snake word, such as "disk" or "has_leader"; it becomes a label value.
  std::string name;
  // Why it fails, in plain words on one line; none: it passes.
  std::optional<std::string> failure;
};

// Inputs or requests waiting in one queue of the service.
struct QueueDepth {
  std::string queue;  // fixed lower_snake word, such as "clients" or "apply"; a label value
  std::uint64_t depth = 0;
};

// Bytes on disk of one part of the storage.
struct StorageSize {
  std::string component;  // "log" or "state"; a label value
  std::uint64_t bytes = 0;
};

// Where one member of the configuration in force is reached; for the status page.
struct MemberAddress {
  ServerId server_id;
  std::string peer_address;
  std::string client_address;  // empty: not heard yet
  std::string role = "voter";  // "voter", "learner", "joining", "leaving"; for people
};

// A snapshot on its way from this server to a peer.
struct SnapshotUnderWay {
  ServerId peer;
  std::uint64_t sent_bytes = 0;  // of its stream, with what the peer had kept of it before
  std::uint64_t size_bytes = 0;  // of the whole, about; 0: not known yet
};

struct MetricsSnapshot {
  RaftStatus status;
  // Length of one tick of the core, milliseconds, above 0: turns the ticks in `status` into
  // seconds.
  std::uint32_t tick_ms = 10;
  std::string cluster_id;  // hexadecimal; empty while the cluster is forming
  std::string forming;     // why the cluster has not formed yet, plain words; empty: it has
  std::vector<MemberAddress> members;
  std::vector<std::string> warnings;  // what an operator should look at, plain words

  std::uint64_t proposals_pending = 0;  // accepted from clients, not yet answered
  std::uint64_t proposals_pending_bytes = 0;
  std::vector<QueueDepth> queues;

  std::vector<SnapshotUnderWay> snapshots_under_way;  // at most one a peer

  std::vector<StorageSize> storage_sizes;
  std::optional<std::uint64_t> disk_free_bytes;  // none: the file system would not say
  std::optional<std::uint64_t> key_count;
  std::string state_digest;  // of the state at status.applied_index, hexadecimal; may be empty

  std::vector<HealthCheck> livez;   // fails: restart this process
  std::vector<HealthCheck> readyz;  // fails: send clients elsewhere
};

// The member with this id; null: not a member, or not known yet.
inline const MemberAddress* FindMember(const MetricsSnapshot& snapshot, ServerId server) {
  const auto found =
      std::find_if(snapshot.members.begin(), snapshot.members.end(),
                   [server](const MemberAddress& member) { return member.server_id == server; });
  return found == snapshot.members.end() ? nullptr : &*found;
}

// Ticks of the core as seconds.
inline double TicksToSeconds(std::uint64_t ticks, std::uint32_t tick_ms) {
  return static_cast<double>(ticks) * tick_ms / 1000.0;
}

// Gives the newest snapshot. Called on any thread, also on several at once; must not block on the
// event loop, the disk or the apply thread.
using MetricsSource = std::function<MetricsSnapshot()>;

}  // namespace raft
