#include "service/server_report.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/client_requests.h"
#include "service/snapshot_sender.h"
#include "service/version.h"

namespace raft {
namespace {

// A loop that has not turned for this long is stuck: the process should be restarted.
constexpr double kStuckSeconds = 10.0;
// A peer that has not answered for this long is worth a warning.
constexpr std::int64_t kSilentPeerMs = 2000;
constexpr std::uint64_t kDiskFreeWarningBytes = 1ull << 30;

v1::ServerRole ToProto(RoleName role) {
  switch (role) {
    case RoleName::kFollower:
      return v1::SERVER_ROLE_FOLLOWER;
    case RoleName::kPreCandidate:
      return v1::SERVER_ROLE_PRE_CANDIDATE;
    case RoleName::kCandidate:
      return v1::SERVER_ROLE_CANDIDATE;
    case RoleName::kLeader:
      return v1::SERVER_ROLE_LEADER;
  }
  return v1::SERVER_ROLE_UNSPECIFIED;
}

v1::PeerFlow ToProto(PeerState state) {
  switch (state) {
    case PeerState::kProbe:
      return v1::PEER_FLOW_PROBE;
    case PeerState::kReplicate:
      return v1::PEER_FLOW_REPLICATE;
    case PeerState::kSnapshot:
      return v1::PEER_FLOW_SNAPSHOT;
  }
  return v1::PEER_FLOW_UNSPECIFIED;
}

v1::MemberRole ToProto(MemberRole role) {
  switch (role) {
    case MemberRole::kVoter:
      return v1::MEMBER_ROLE_VOTER;
    case MemberRole::kLearner:
      return v1::MEMBER_ROLE_LEARNER;
    case MemberRole::kJoining:
      return v1::MEMBER_ROLE_JOINING;
  }
  return v1::MEMBER_ROLE_UNSPECIFIED;
}

// The configuration in force is committed, and leads to no other.
bool IsSettled(const RaftStatus& status) {
  return !status.configuration->is_joint() && !status.configuration->HasJoining() &&
         status.configuration_index <= status.commit_index;
}

void SetMs(std::int64_t milliseconds, google::protobuf::Duration& duration) {
  duration.set_seconds(milliseconds / 1000);
  duration.set_nanos(static_cast<int>(milliseconds % 1000) * 1'000'000);
}

Standing StandingOf(const RaftStatus& status, LogIndex applied_index) {
  return {.leadership = {.role = status.role,
                         .term = status.current_term,
                         .leader = status.leader,
                         .state_is_diverged = status.diverged_index.has_value()},
          .applied_index = applied_index};
}

}  // namespace

StateFacts LookAt(const KeyValueStore& state) {
  return {.applied_index = state.applied().index,
          .digest = state.digest(),
          .key_count = state.key_count()};
}

void ServerReport::Note(StateFacts facts) {
  MutexLock lock(mutex_);
  facts_ = std::move(facts);
}

void ServerReport::Note(const DirectorySizes& sizes) {
  MutexLock lock(mutex_);
  sizes_ = sizes;
}

StateFacts ServerReport::newest_facts() const {
  MutexLock lock(mutex_);
  return facts_;
}

// --- GetStatus and ListMembers -----------------------------------------------------------------

v1::GetStatusResponse ServerReport::Status(const StateFacts& facts) const {
  v1::GetStatusResponse response;
  response.set_version(kVersion);
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) {
    response.mutable_header()->set_server_id(options_.server_id);
    const std::string waiting_for = gate_.WaitingFor();
    response.set_forming(waiting_for.empty() ? "this server is starting"
                                             : "waiting for " + waiting_for);
    return response;
  }
  const RaftStatus status = formed->board.Read();
  FillCore(*formed, status, facts, response);
  FillPeers(status, formed->snapshots.Progress(), response);
  for (const Member& member : status.configuration->members()) {
    *response.add_members() = Described(member);
  }
  response.set_config_index(status.configuration_index.value());
  for (std::string& warning : Warnings(status)) response.add_warnings(std::move(warning));
  return response;
}

void ServerReport::FillCore(const FormedServer& formed, const RaftStatus& status,
                            const StateFacts& facts, v1::GetStatusResponse& response) const {
  FillHeader(formed, StandingOf(status, facts.applied_index), *response.mutable_header());
  response.set_role(ToProto(status.role));
  // The facts may be a moment newer than the status; what is applied is committed.
  response.set_commit_index(std::max(status.commit_index, facts.applied_index).value());
  response.set_last_log_index(std::max(status.last_log_index, facts.applied_index).value());
  response.set_first_log_index(status.first_log_index.value());
  response.set_durable_index(std::max(status.durable_index, facts.applied_index).value());
  response.set_state_digest(facts.digest);
  response.set_key_count(facts.key_count);
  response.set_verified_index(status.verified_index.value());
  response.set_diverged_index(status.diverged_index.value_or(LogIndex()).value());
  if (status.leader_contact_ticks) {
    SetMs(TicksToMs(*status.leader_contact_ticks), *response.mutable_leader_contact_age());
  }
  if (status.leader) response.set_leader_client_address(peers_.ClientAddressOf(*status.leader));
  MutexLock lock(mutex_);
  response.set_log_size_bytes(sizes_.log_bytes);
  response.set_state_size_bytes(sizes_.state_bytes);
}

void ServerReport::FillPeers(const RaftStatus& status,
                             const std::map<ServerId, SnapshotProgress>& snapshots,
                             v1::GetStatusResponse& response) const {
  for (const PeerStatus& peer : status.peers) {
    v1::PeerProgress& progress = *response.add_peers();
    progress.set_server_id(peer.peer.value());
    progress.set_match_index(peer.match_index.value());
    progress.set_next_index(peer.next_index.value());
    progress.set_lag_entries(peer.lag_entries);
    progress.set_lag_bytes(peer.lag_bytes);
    SetMs(peer.lag_ms, *progress.mutable_lag());
    SetMs(TicksToMs(peer.last_contact_ticks), *progress.mutable_last_contact_age());
    progress.set_flow(ToProto(peer.state));
    const auto snapshot = snapshots.find(peer.peer);
    if (snapshot == snapshots.end()) continue;
    progress.set_snapshot_sent_bytes(snapshot->second.sent_bytes);
    progress.set_snapshot_size_bytes(snapshot->second.size_bytes);
  }
}

v1::Member ServerReport::Described(const Member& member) const {
  v1::Member described;
  described.set_server_id(member.server_id.value());
  described.set_peer_address(member.peer_address);
  described.set_client_address(peers_.ClientAddressOf(member.server_id));
  described.set_role(ToProto(member.role));
  described.set_incarnation(member.incarnation);
  described.set_leaving(member.leaves);
  return described;
}

v1::ListMembersResponse ServerReport::Members() const {
  v1::ListMembersResponse response;
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) return response;
  const RaftStatus status = formed->board.Read();
  FillHeader(*formed, StandingOf(status, status.applied_index), *response.mutable_header());
  for (const Member& member : status.configuration->members()) {
    *response.add_members() = Described(member);
  }
  for (const Member& member : status.configuration->old_members()) {
    *response.add_old_members() = Described(member);
  }
  response.set_config_index(status.configuration_index.value());
  response.set_settled(IsSettled(status));
  return response;
}

std::string ServerReport::StatusJson() const {
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  print.always_print_primitive_fields = true;
  print.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(Status(), &json, print);
  return printed.ok() ? json : "{}";
}

std::vector<std::string> ServerReport::Warnings(const RaftStatus& status) const {
  std::vector<std::string> warnings;
  if (!status.leader) warnings.push_back("no leader is known");
  if (const auto reason = WhyDiverged()) warnings.push_back(*reason);
  for (const PeerStatus& peer : status.peers) {
    const std::int64_t silent_ms = TicksToMs(peer.last_contact_ticks);
    if (silent_ms < kSilentPeerMs) continue;
    warnings.push_back(absl::StrFormat("server %d has not answered for %.1f s", peer.peer.value(),
                                       static_cast<double>(silent_ms) / 1000.0));
  }
  if (status.log_bytes > options_.log_bytes_max / 10 * 8) {
    warnings.push_back(absl::StrCat("the log holds ", status.log_bytes, " of at most ",
                                    options_.log_bytes_max,
                                    " bytes (--log-bytes-max); beyond that proposals are refused"));
  }
  WarnOfMembership(status, warnings);
  MutexLock lock(mutex_);
  if (sizes_.disk_free_bytes != 0 && sizes_.disk_free_bytes < kDiskFreeWarningBytes) {
    warnings.push_back(absl::StrCat("only ", sizes_.disk_free_bytes >> 20,
                                    " MiB are free on the disk of ", options_.data_dir));
  }
  return warnings;
}

void ServerReport::WarnOfMembership(const RaftStatus& status,
                                    std::vector<std::string>& warnings) const {
  if (const auto reason = WhyNoMember()) warnings.push_back(*reason);
  const ClusterConfiguration& configuration = *status.configuration;
  if (configuration.is_joint()) {
    warnings.push_back(
        "a change of members is under way: majorities are needed of the old and "
        "of the new ones");
  }
  const Member* self = configuration.Find(status.server_id);
  if (self == nullptr && !status.removed_at) {
    warnings.push_back(
        absl::StrCat("the newest configuration that this server knows, of index ",
                     status.configuration_index.value(),
                     ", does not list it: it was removed, or has not heard yet of being added"));
  }
  if (self != nullptr && self->role != MemberRole::kVoter) {
    warnings.push_back(self->role == MemberRole::kLearner
                           ? "this server is a learner: it holds everything and does not vote"
                           : "this server is joining: it becomes a voter when it keeps up");
  }
  for (const PeerStatus& peer : status.peers) {
    const Member* member = configuration.Find(peer.peer);
    if (member == nullptr || member->role != MemberRole::kJoining) continue;
    warnings.push_back(absl::StrCat("a change of members waits for server ", peer.peer.value(),
                                    ": ", peer.lag_entries, " entries behind"));
  }
}

// --- Health ------------------------------------------------------------------------------------

std::optional<std::string> ServerReport::WhyNotAlive() const {
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) return std::nullopt;
  const double age = formed->board.age().count();
  if (age < kStuckSeconds) return std::nullopt;
  return absl::StrFormat("the event loop has not turned for %.1f s", age);
}

std::optional<std::string> ServerReport::WhyNoLeader() const {
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) return "the cluster is forming; waiting for " + gate_.WaitingFor();
  if (formed->board.leadership().leader) return std::nullopt;
  return "no leader is known";
}

std::optional<std::string> ServerReport::WhyBehind() const {
  if (caught_up_.load(std::memory_order_relaxed)) return std::nullopt;
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) return "the cluster is forming";
  const RaftStatus status = formed->board.Read();
  // Before a leader has spoken, the commit index is only what was known before the restart.
  if (!status.leader) return "not in touch with a leader since the start";
  if (status.applied_index < status.commit_index) {
    return absl::StrCat("applied ", status.applied_index.value(), " of ",
                        status.commit_index.value(), " committed entries since the start");
  }
  caught_up_.store(true, std::memory_order_relaxed);
  return std::nullopt;
}

std::optional<std::string> ServerReport::WhyNoMember() const {
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) return std::nullopt;
  const RaftStatus status = formed->board.Read();
  if (!status.removed_at) return std::nullopt;
  return absl::StrCat("this server is no member any more: it was removed at index ",
                      status.removed_at->value());
}

std::optional<std::string> ServerReport::WhyDiverged() const {
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr || !formed->board.leadership().state_is_diverged) return std::nullopt;
  const RaftStatus status = formed->board.Read();
  if (!status.diverged_index) return std::nullopt;
  return absl::StrCat("quarantined: the state here differs from the majority's at index ",
                      status.diverged_index->value(),
                      "; it answers no client and waits for a snapshot that replaces it");
}

std::optional<std::string> ServerReport::WhyNotReady() const {
  if (gate_.draining()) return "this server is stopping";
  if (auto reason = WhyNoMember()) return reason;
  if (auto reason = WhyDiverged()) return reason;
  if (auto reason = WhyNoLeader()) return reason;
  return WhyBehind();
}

bool ServerReport::IsLeader() const {
  const FormedServer* formed = gate_.formed();
  return formed != nullptr && !gate_.draining() && formed->board.leadership().is_leader();
}

// --- The metrics snapshot ----------------------------------------------------------------------

MetricsSnapshot ServerReport::Snapshot() const {
  MetricsSnapshot snapshot;
  snapshot.tick_ms = options_.tick_ms;
  snapshot.status.server_id = ServerId(options_.server_id);
  snapshot.livez = {{.name = "event_loop", .failure = WhyNotAlive()}};
  snapshot.readyz = {{.name = "has_leader", .failure = WhyNoLeader()},
                     {.name = "caught_up", .failure = WhyBehind()},
                     {.name = "member", .failure = WhyNoMember()},
                     {.name = "state_agrees", .failure = WhyDiverged()}};
  {
    MutexLock lock(mutex_);
    snapshot.storage_sizes = {{.component = "log", .bytes = sizes_.log_bytes},
                              {.component = "state", .bytes = sizes_.state_bytes}};
    if (sizes_.disk_free_bytes != 0) snapshot.disk_free_bytes = sizes_.disk_free_bytes;
    snapshot.key_count = facts_.key_count;
    snapshot.state_digest = facts_.digest;
  }
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) {
    snapshot.forming = "waiting for " + gate_.WaitingFor();
    return snapshot;
  }
  snapshot.status = formed->board.Read();
  snapshot.cluster_id = formed->cluster_id;
  snapshot.warnings = Warnings(snapshot.status);
  for (const Member& member : snapshot.status.configuration->AllMembers()) {
    snapshot.members.push_back({.server_id = member.server_id,
                                .peer_address = member.peer_address,
                                .client_address = peers_.ClientAddressOf(member.server_id),
                                .role = member.leaves ? "leaving" : ToString(member.role)});
  }
  for (const auto& [peer, progress] : formed->snapshots.Progress()) {
    snapshot.snapshots_under_way.push_back(
        {.peer = peer, .sent_bytes = progress.sent_bytes, .size_bytes = progress.size_bytes});
  }
  const InboxDepth depth = formed->inbox.depth();
  snapshot.proposals_pending = formed->calls.size();
  snapshot.proposals_pending_bytes = snapshot.status.uncommitted_bytes + depth.client_bytes;
  snapshot.queues = {{.queue = "peers", .depth = depth.peers},
                     {.queue = "clients", .depth = depth.clients},
                     {.queue = "calls", .depth = formed->calls.size()}};
  return snapshot;
}

std::int64_t ServerReport::TicksToMs(std::uint64_t ticks) const {
  return static_cast<std::int64_t>(ticks) * options_.tick_ms;
}

}  // namespace raft
