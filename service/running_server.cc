#include "service/running_server.h"

#include <random>
#include <thread>
#include <tuple>
#include <utility>

namespace raft {
namespace {

// What asking for a hand-over is charged with.
constexpr std::uint64_t kHandOverBytes = 64;
// Between two hand-overs that come to nothing. Proposals are taken meanwhile.
constexpr std::chrono::milliseconds kHandOverPause{10};

std::uint64_t DrawSeed() {
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}

ApplyLimits ApplyLimitsOf(const RaftOptions& options) {
  ApplyLimits limits;
  limits.state_check_entries = options.state_check_entries;
  return limits;
}

InboxLimits InboxLimitsOf(const Options& options) {
  InboxLimits limits;
  limits.client_inputs_max = options.pending_calls_max;
  limits.client_bytes_max = options.pending_bytes_max;
  return limits;
}

}  // namespace

RunningServer::RunningServer(const RunningServerParts& parts, OpenedServer opened)
    : peer_service_(parts.peer_service),
      ballot_patience_(parts.options.election_timeout_min_ms),
      opened_(std::move(opened)),
      inbox_(InboxLimitsOf(parts.options)),
      calls_(parts.options.pending_calls_max),
      raft_(parts.rules.local().server_id, opened_.configuration, RaftOptionsOf(parts.options),
            DrawSeed(), std::move(opened_.recovered)),
      disk_(*opened_.storage, inbox_, parts.observer, parts.fatal),
      apply_(std::move(opened_.state), *opened_.installer, inbox_, calls_, board_, parts.observer,
             parts.fatal, ApplyLimitsOf(RaftOptionsOf(parts.options))),
      snapshot_sender_({.options = SnapshotTransferOptionsOf(parts.options),
                        .links = parts.peer_link_options,
                        .rules = parts.rules,
                        .apply = apply_,
                        .bulk = bulk_,
                        .inbox = inbox_,
                        .observer = parts.observer,
                        .fatal = parts.fatal}),
      snapshot_receiver_({.options = SnapshotTransferOptionsOf(parts.options),
                          .installer = *opened_.installer,
                          .bulk = bulk_,
                          .inbox = inbox_,
                          .observer = parts.observer,
                          .fatal = parts.fatal}),
      backups_({.options = SnapshotTransferOptionsOf(parts.options),
                .apply = apply_,
                .bulk = bulk_,
                .fatal = parts.fatal}),
      links_(parts.peer_link_options, parts.rules, inbox_, peer_service_.waiting_calls(),
             parts.peers, parts.observer,
             {.sender = snapshot_sender_, .receiver = snapshot_receiver_}, parts.told),
      loop_({.raft = raft_,
             .inbox = inbox_,
             .disk = disk_,
             .apply = apply_,
             .peers = links_,
             .calls = calls_,
             .board = board_,
             .observer = parts.observer}),
      ticker_(std::chrono::milliseconds(parts.options.tick_ms), inbox_),
      formed_{.self = parts.rules.local().server_id,
              .cluster_id = FormatClusterId(parts.rules.founding().cluster_id),
              .rules = parts.rules,
              .inbox = inbox_,
              .calls = calls_,
              .apply = apply_,
              .board = board_,
              .backups = backups_,
              .snapshots = snapshot_sender_} {}

RunningServer::~RunningServer() = default;

void RunningServer::Start() {
  disk_.Start();
  apply_.Start();
  bulk_.Start();
  loop_.Start();
  ticker_.Start();
  peer_service_.Open(inbox_, snapshot_receiver_, ballot_patience_);
}

void RunningServer::HandOver(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (board_.leadership().is_leader() && std::chrono::steady_clock::now() < until) {
    if (!IsHandOverInVain(until)) return;
    std::this_thread::sleep_for(kHandOverPause);
  }
}

bool RunningServer::IsHandOverInVain(std::chrono::steady_clock::time_point until) {
  const std::optional<Ticket> ticket = calls_.Add(&hand_over_, until);
  if (!ticket) return false;
  const bool pushed = inbox_.PushClient(
      LeadershipTransferRequested{.ticket = *ticket, .target = std::nullopt}, kHandOverBytes);
  if (!pushed && calls_.Take(*ticket) != nullptr) return false;
  const std::optional<HandOverCall::Answer> answer = hand_over_.WaitUntil(until);
  // Whoever has taken it out meanwhile answers it, but may be busy for long: nobody waits for that.
  std::ignore = calls_.Take(*ticket);
  return answer == HandOverCall::Answer::kInVain;
}

void RunningServer::Drain(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (calls_.size() > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

absl::Status RunningServer::Stop() {
  calls_.Close();
  ticker_.Stop();
  peer_service_.Close();
  loop_.Stop();
  links_.Shutdown();
  backups_.Shutdown();
  bulk_.DrainAndStop();
  disk_.DrainAndStop();
  apply_.DrainAndStop();
  for (const UnansweredCall& rest : calls_.TakeAll()) rest.call->OnShuttingDown(rest.appended);
  std::unique_ptr<KeyValueStore> state = apply_.TakeState();
  absl::Status synced = state->Checkpoint();
  state.reset();
  opened_.storage.reset();
  return synced;
}

}  // namespace raft
