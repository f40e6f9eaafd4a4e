// What a server tells about itself: GetStatus, the status pages and the metrics snapshot.
//
// Reads only what is already published (the status board, queue depths, the last look at the state
// and the disk), so asking never waits for a thread of the loop (trap J3). Judges health: liveness
// does not depend on a majority, readiness does. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metrics_snapshot.h"
#include "persistence/data_directory.h"
#include "persistence/mutex.h"
#include "raft/v1/cluster_service.pb.h"
#include "service/client_gate.h"
#include "service/options.h"
#include "service/peer_directory.h"
#include "service/snapshot_progress.h"

namespace raft {

// One look at the state machine; all of the same instant.
struct StateFacts {
  LogIndex applied_index;
  std::string digest;
  std::uint64_t key_count = 0;
};

// Apply thread (ApplyThread::PushTask).
StateFacts LookAt(const KeyValueStore& state);

class ServerReport {
 public:
  // All references outlive this object.
  ServerReport(const Options& options, const ClientGate& gate, const PeerDirectory& peers)
      : options_(options), gate_(gate), peers_(peers) {}
  ServerReport(const ServerReport&) = delete;
  ServerReport& operator=(const ServerReport&) = delete;

  // The newest looks; housekeeping refreshes them about once a second.
  void Note(StateFacts facts);
  void Note(const DirectorySizes& sizes);

  // Everything but verified_state_digest. The header's applied index and the digest are those of
  // `facts`, or of the newest look noted.
  v1::GetStatusResponse Status() const { return Status(newest_facts()); }
  v1::GetStatusResponse Status(const StateFacts& facts) const;
  v1::ListMembersResponse Members() const;
  std::string StatusJson() const;

  MetricsSnapshot Snapshot() const;

  // Each empty when all is well, else the reason in plain words.
  std::optional<std::string> WhyNotAlive() const;
  std::optional<std::string> WhyNotReady() const;
  // This server leads.
  bool IsLeader() const;

 private:
  StateFacts newest_facts() const;
  void FillCore(const FormedServer& formed, const RaftStatus& status, const StateFacts& facts,
                v1::GetStatusResponse& response) const;
  void FillPeers(const RaftStatus& status, const std::map<ServerId, SnapshotProgress>& snapshots,
                 v1::GetStatusResponse& response) const;
  v1::Member Described(const Member& member) const;
  std::vector<std::string> Warnings(const RaftStatus& status) const;
  void WarnOfMembership(const RaftStatus& status, std::vector<std::string>& warnings) const;
  std::optional<std::string> WhyNoLeader() const;
  std::optional<std::string> WhyBehind() const;
  std::optional<std::string> WhyNoMember() const;
  std::optional<std::string> WhyDiverged() const;
  std::int64_t TicksToMs(std::uint64_t ticks) const;

  const Options& options_;
  const ClientGate& gate_;
  const PeerDirectory& peers_;
  // Once this process has applied all that it heard was committed, it counts as caught up.
  mutable std::atomic<bool> caught_up_{false};
  mutable Mutex mutex_;
  StateFacts facts_;
  DirectorySizes sizes_;
};

}  // namespace raft
