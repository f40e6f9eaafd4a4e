// Snapshots of made-up servers, and a reader of the Prometheus text format, for the tests here.
#pragma once

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "metrics/metrics_snapshot.h"

namespace raft::testing {

// Server 1 leads term 7 of three; peer 2 keeps up, peer 3 is 250 entries and 3.5 s behind, and
// a snapshot is under way to it.
inline MetricsSnapshot LeaderSnapshot() {
  MetricsSnapshot snapshot;
  RaftStatus& status = snapshot.status;
  status.server_id = ServerId(1);
  status.role = RoleName::kLeader;
  status.current_term = Term(7);
  status.voted_for = ServerId(1);
  status.leader = ServerId(1);
  status.first_log_index = LogIndex(1);
  status.last_log_index = LogIndex(1250);
  status.durable_index = LogIndex(1249);
  status.commit_index = LogIndex(1248);
  status.applied_index = LogIndex(1240);
  status.leader_contact_ticks = 4;
  status.configuration = std::make_shared<const ClusterConfiguration>(
      std::vector<ServerId>{ServerId(1), ServerId(2), ServerId(3)});
  status.peers = {{.peer = ServerId(2),
                   .match_index = LogIndex(1250),
                   .next_index = LogIndex(1251),
                   .state = PeerState::kReplicate,
                   .entries_in_flight = true,
                   .lag_entries = 0,
                   .lag_bytes = 0,
                   .lag_ms = 0,
                   .last_contact_ticks = 2},
                  {.peer = ServerId(3),
                   .match_index = LogIndex(1000),
                   .next_index = LogIndex(1001),
                   .state = PeerState::kProbe,
                   .entries_in_flight = false,
                   .lag_entries = 250,
                   .lag_bytes = 70'000,
                   .lag_ms = 3'500,
                   .last_contact_ticks = 360}};
  snapshot.tick_ms = 10;
  snapshot.cluster_id = "9f2c4e1ab07d5536c8d1e0f2a3b4c5d6";
  snapshot.members = {{ServerId(1), "127.0.0.1:7001", "127.0.0.1:7000"},
                      {ServerId(2), "127.0.0.1:7011", "127.0.0.1:7010"},
                      {ServerId(3), "127.0.0.1:7021", ""}};
  snapshot.proposals_pending = 12;
  snapshot.proposals_pending_bytes = 3'072;
  snapshot.queues = {{"clients", 5}, {"peers", 1}, {"apply", 8}};
  snapshot.snapshots_under_way = {{ServerId(3), 600'000, 1'500'000}};
  snapshot.storage_sizes = {{"log", 48'000'000}, {"state", 1'500'000}};
  snapshot.disk_free_bytes = 81'000'000'000;
  snapshot.key_count = 20'000;
  snapshot.state_digest = "00112233445566778899aabbccddeeff";
  snapshot.livez = {{"event_loop", std::nullopt}};
  snapshot.readyz = {{"formed", std::nullopt}, {"has_leader", std::nullopt}};
  return snapshot;
}

// Server 1 after it stepped down: server 2 leads term 8.
inline MetricsSnapshot FollowerSnapshot() {
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.status.role = RoleName::kFollower;
  snapshot.status.current_term = Term(8);
  snapshot.status.voted_for.reset();
  snapshot.status.leader = ServerId(2);
  snapshot.status.peers.clear();
  snapshot.snapshots_under_way.clear();
  return snapshot;
}

// The value of `series`, written as in the scrape: name{label="value",...}. None: not there.
inline std::optional<double> ValueOf(const std::string& scrape, const std::string& series) {
  std::istringstream lines(scrape);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(series + " ", 0) == 0) return std::stod(line.substr(series.size() + 1));
  }
  return std::nullopt;
}

}  // namespace raft::testing
