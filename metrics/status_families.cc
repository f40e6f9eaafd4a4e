#include "metrics/status_families.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "metrics/family.h"

namespace raft {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

std::string IdLabel(ServerId server) { return std::to_string(server.value()); }

double IndexValue(LogIndex index) { return static_cast<double>(index.value()); }

void AddIdentity(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  families.push_back(
      GaugeFamily("raft_server_info",
                  "Always 1; who this server is. The cluster id is empty while "
                  "the cluster is forming.",
                  {GaugeSeries(1, {{"cluster_id", snapshot.cluster_id},
                                   {"server_id", IdLabel(snapshot.status.server_id)}})}));
}

void AddRole(const RaftStatus& status, std::vector<MetricFamily>& families) {
  constexpr std::array kRoles = {RoleName::kFollower, RoleName::kPreCandidate, RoleName::kCandidate,
                                 RoleName::kLeader};
  std::vector<ClientMetric> roles;
  roles.reserve(kRoles.size());
  for (const RoleName role : kRoles) {
    roles.push_back(GaugeSeries(role == status.role ? 1 : 0, {{"role", ToString(role)}}));
  }
  families.push_back(GaugeFamily("raft_role", "The part this server plays now: exactly one is 1.",
                                 std::move(roles)));
  families.push_back(GaugeFamily("raft_term", "The current term.",
                                 static_cast<double>(status.current_term.value())));
  families.push_back(GaugeFamily("raft_is_leader", "1 while this server leads.",
                                 status.role == RoleName::kLeader ? 1 : 0));
  families.push_back(GaugeFamily("raft_has_leader", "1 while this server knows a leader.",
                                 status.leader.has_value() ? 1 : 0));
}

// A joint configuration shows where it leads to: its members, not those it leaves behind.
void AddMembers(const RaftStatus& status, std::vector<MetricFamily>& families) {
  if (status.configuration == nullptr) return;  // the cluster is forming
  const std::vector<Member>& members = status.configuration->members();
  std::vector<ClientMetric> counts;
  for (const MemberRole role : {MemberRole::kVoter, MemberRole::kLearner, MemberRole::kJoining}) {
    const auto count = std::count_if(members.begin(), members.end(),
                                     [role](const Member& member) { return member.role == role; });
    counts.push_back(GaugeSeries(static_cast<double>(count), {{"role", ToString(role)}}));
  }
  families.push_back(GaugeFamily("raft_members", "Members of the configuration in force, by role.",
                                 std::move(counts)));
  families.push_back(GaugeFamily("raft_configuration_index",
                                 "The entry of the configuration in force; 0: the founding one.",
                                 IndexValue(status.configuration_index)));
  families.push_back(GaugeFamily("raft_configuration_is_joint",
                                 "1 while a change of members needs majorities of two sets.",
                                 status.configuration->is_joint() ? 1 : 0));
  families.push_back(GaugeFamily("raft_removed", "1 once this server was told that it is removed.",
                                 status.removed_at.has_value() ? 1 : 0));
}

void AddLeaderContact(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  const std::optional<std::uint64_t> ticks = snapshot.status.leader_contact_ticks;
  if (!ticks.has_value()) return;  // A candidate has no leader; 0 would read as "just now".
  families.push_back(GaugeFamily("raft_leader_contact_age_seconds",
                                 "On a follower since its leader last spoke, on the leader since "
                                 "a majority last answered. Absent without a leader.",
                                 TicksToSeconds(*ticks, snapshot.tick_ms)));
}

void AddIndexes(const RaftStatus& status, std::vector<MetricFamily>& families) {
  families.push_back(GaugeFamily("raft_first_log_index", "The first entry of the log still kept.",
                                 IndexValue(status.first_log_index)));
  families.push_back(GaugeFamily("raft_checkpointed_index",
                                 "Every entry up to here is in the state durably; 0: not known.",
                                 IndexValue(status.checkpointed_index)));
  families.push_back(GaugeFamily("raft_last_log_index", "The last entry of the log.",
                                 IndexValue(status.last_log_index)));
  families.push_back(GaugeFamily("raft_durable_index",
                                 "Every entry up to here is durable on this disk.",
                                 IndexValue(status.durable_index)));
  families.push_back(GaugeFamily("raft_commit_index",
                                 "Every entry up to here is committed, as this server knows.",
                                 IndexValue(status.commit_index)));
  families.push_back(GaugeFamily("raft_applied_index",
                                 "Every entry up to here is applied to the state machine.",
                                 IndexValue(status.applied_index)));
}

// Whether this server's state is the cluster's.
void AddComparison(const RaftStatus& status, std::vector<MetricFamily>& families) {
  families.push_back(GaugeFamily("raft_state_diverged",
                                 "1 while this server is quarantined: its state is another than "
                                 "the majority's, and it waits for a snapshot.",
                                 status.diverged_index.has_value() ? 1 : 0));
  families.push_back(GaugeFamily("raft_state_verified_index",
                                 "Up to here the state was found equal to the majority's; 0: not "
                                 "compared since the start.",
                                 IndexValue(status.verified_index)));
}

const char* ToLabel(PeerState state) {
  switch (state) {
    case PeerState::kProbe:
      return "probe";
    case PeerState::kReplicate:
      return "replicate";
    case PeerState::kSnapshot:
      return "snapshot";
  }
  return "";
}

// The leader's view of its peers: no series at all on any other role.
void AddPeers(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  std::vector<ClientMetric> match, lag_entries, lag_seconds, contact, in_flight, state;
  for (const PeerStatus& peer : snapshot.status.peers) {
    const SeriesLabels labels = {{"peer", IdLabel(peer.peer)}};
    match.push_back(GaugeSeries(IndexValue(peer.match_index), labels));
    lag_entries.push_back(GaugeSeries(static_cast<double>(peer.lag_entries), labels));
    lag_seconds.push_back(GaugeSeries(static_cast<double>(peer.lag_ms) / 1000.0, labels));
    contact.push_back(
        GaugeSeries(TicksToSeconds(peer.last_contact_ticks, snapshot.tick_ms), labels));
    in_flight.push_back(GaugeSeries(peer.entries_in_flight ? 1 : 0, labels));
    for (const PeerState each : {PeerState::kProbe, PeerState::kReplicate, PeerState::kSnapshot}) {
      state.push_back(GaugeSeries(each == peer.state ? 1 : 0,
                                  {{"peer", IdLabel(peer.peer)}, {"state", ToLabel(each)}}));
    }
  }
  families.push_back(GaugeFamily("raft_peer_match_index",
                                 "Leader only: the last entry this peer is known to hold.",
                                 std::move(match)));
  families.push_back(GaugeFamily("raft_peer_lag_entries",
                                 "Leader only: entries of the leader's log this peer lacks.",
                                 std::move(lag_entries)));
  families.push_back(GaugeFamily("raft_peer_lag_seconds",
                                 "Leader only: age of the oldest entry this peer lacks.",
                                 std::move(lag_seconds)));
  families.push_back(GaugeFamily("raft_peer_last_contact_age_seconds",
                                 "Leader only: since this peer last answered.",
                                 std::move(contact)));
  families.push_back(GaugeFamily("raft_peer_inflight_messages",
                                 "Leader only: entry-carrying requests on the way, at most one.",
                                 std::move(in_flight)));
  families.push_back(GaugeFamily("raft_peer_state",
                                 "Leader only: whether entries flow to this peer; one is 1.",
                                 std::move(state)));
}

// Without a transfer there is no series, and no size before the first key has gone.
void AddSnapshots(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  std::vector<ClientMetric> sent, size;
  for (const SnapshotUnderWay& transfer : snapshot.snapshots_under_way) {
    const SeriesLabels labels = {{"peer", IdLabel(transfer.peer)}};
    sent.push_back(GaugeSeries(static_cast<double>(transfer.sent_bytes), labels));
    if (transfer.size_bytes == 0) continue;
    size.push_back(GaugeSeries(static_cast<double>(transfer.size_bytes), labels));
  }
  families.push_back(GaugeFamily("raft_peer_snapshot_sent_bytes",
                                 "While a snapshot is under way to this peer: bytes of it that "
                                 "have gone, with what the peer had kept before.",
                                 std::move(sent)));
  families.push_back(GaugeFamily("raft_peer_snapshot_size_bytes",
                                 "While a snapshot is under way to this peer: about how many "
                                 "bytes it has, told from the keys that have gone.",
                                 std::move(size)));
}

void AddWork(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  families.push_back(GaugeFamily("raft_proposals_pending", "Proposals accepted, not yet answered.",
                                 static_cast<double>(snapshot.proposals_pending)));
  families.push_back(GaugeFamily("raft_proposals_pending_bytes",
                                 "Bytes of the proposals accepted, not yet answered.",
                                 static_cast<double>(snapshot.proposals_pending_bytes)));
  std::vector<ClientMetric> queues;
  for (const QueueDepth& queue : snapshot.queues) {
    queues.push_back(GaugeSeries(static_cast<double>(queue.depth), {{"queue", queue.queue}}));
  }
  families.push_back(GaugeFamily("raft_queue_depth", "What waits in each queue of the service.",
                                 std::move(queues)));
}

void AddStorage(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  std::vector<ClientMetric> sizes;
  for (const StorageSize& size : snapshot.storage_sizes) {
    sizes.push_back(GaugeSeries(static_cast<double>(size.bytes), {{"component", size.component}}));
  }
  families.push_back(
      GaugeFamily("raft_storage_size_bytes", "Bytes on disk, by component.", std::move(sizes)));
  if (!snapshot.disk_free_bytes.has_value()) return;
  families.push_back(GaugeFamily("raft_storage_disk_free_bytes",
                                 "Bytes free on the file system of the data directory.",
                                 static_cast<double>(*snapshot.disk_free_bytes)));
}

void AddHealth(const MetricsSnapshot& snapshot, std::vector<MetricFamily>& families) {
  std::vector<ClientMetric> checks;
  const auto add = [&checks](const char* type, const std::vector<HealthCheck>& named) {
    for (const HealthCheck& check : named) {
      checks.push_back(
          GaugeSeries(check.failure.has_value() ? 0 : 1, {{"type", type}, {"name", check.name}}));
    }
  };
  add("livez", snapshot.livez);
  add("readyz", snapshot.readyz);
  families.push_back(GaugeFamily("raft_healthcheck",
                                 "1 while the named check of /livez or /readyz passes.",
                                 std::move(checks)));
}

}  // namespace

std::vector<MetricFamily> StatusFamilies(const MetricsSnapshot& snapshot) {
  std::vector<MetricFamily> families;
  AddIdentity(snapshot, families);
  AddRole(snapshot.status, families);
  AddMembers(snapshot.status, families);
  AddLeaderContact(snapshot, families);
  AddIndexes(snapshot.status, families);
  AddComparison(snapshot.status, families);
  AddPeers(snapshot, families);
  AddSnapshots(snapshot, families);
  AddWork(snapshot, families);
  AddStorage(snapshot, families);
  AddHealth(snapshot, families);
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  return families;
}

}  // namespace raft
