#include "service/server_observer.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <type_traits>
#include <variant>

namespace raft {
namespace {

const char* ToText(StepDownReason reason) {
  switch (reason) {
    case StepDownReason::kNewerTerm:
      return "it saw a newer term";
    case StepDownReason::kLeaderFound:
      return "it found this term's leader";
    case StepDownReason::kQuorumLost:
      return "it no longer hears from a majority";
    case StepDownReason::kDiskStalled:
      return "its disk finished no write for two election timeouts";
    case StepDownReason::kRemoved:
      return "it is no voter of the cluster any more";
  }
  return "";
}

const char* ToText(BallotKind kind) {
  switch (kind) {
    case BallotKind::kPreVote:
      return "pre-vote";
    case BallotKind::kVote:
      return "election";
    case BallotKind::kTransfer:
      return "election the leader asked for";
  }
  return "";
}

const char* ToText(BallotOutcome outcome) {
  switch (outcome) {
    case BallotOutcome::kWon:
      return "won";
    case BallotOutcome::kLost:
      return "lost";
    case BallotOutcome::kTimeout:
      return "without a majority in time";
  }
  return "";
}

const char* ToText(VoteDecision decision) {
  switch (decision) {
    case VoteDecision::kGranted:
      return "granted";
    case VoteDecision::kDeniedStaleTerm:
      return "denied, its term is old";
    case VoteDecision::kDeniedVotedOther:
      return "denied, the vote of this term is given";
    case VoteDecision::kDeniedLogBehind:
      return "denied, its log is behind";
    case VoteDecision::kDisregarded:
      return "disregarded, a leader is near";
  }
  return "";
}

PeerRequestType MetricsType(PeerMessageKind kind) {
  switch (kind) {
    case PeerMessageKind::kGreet:
      return PeerRequestType::kGreet;
    case PeerMessageKind::kPreVote:
      return PeerRequestType::kPreVote;
    case PeerMessageKind::kRequestVote:
      return PeerRequestType::kRequestVote;
    case PeerMessageKind::kHeartbeat:
    case PeerMessageKind::kEntries:
      return PeerRequestType::kAppendEntries;
    case PeerMessageKind::kSnapshot:
      return PeerRequestType::kInstallSnapshot;
    case PeerMessageKind::kTimeoutNow:
      return PeerRequestType::kTimeoutNow;
  }
  return PeerRequestType::kAppendEntries;
}

// None: the call did not fail.
std::optional<SendFailure> FailureOf(PeerCallOutcome outcome) {
  switch (outcome) {
    case PeerCallOutcome::kAnswered:
    case PeerCallOutcome::kDeclined:
    case PeerCallOutcome::kCancelled:
      return std::nullopt;
    case PeerCallOutcome::kDeadline:
      return SendFailure::kDeadline;
    case PeerCallOutcome::kUnreachable:
    case PeerCallOutcome::kNotConnected:
      return SendFailure::kUnavailable;
    case PeerCallOutcome::kOverloaded:
      return SendFailure::kOverloaded;
    case PeerCallOutcome::kRefused:
    case PeerCallOutcome::kBadAnswer:
    case PeerCallOutcome::kOther:
      return SendFailure::kRefused;
  }
  return std::nullopt;
}

void LogEvent(const RoleChanged& event) {
  spdlog::info("role is {} (term {})", ToString(event.role), event.term.value());
}
void LogEvent(const LeaderRecognized& event) {
  spdlog::info("server {} leads (term {})", event.leader.value(), event.term.value());
}
void LogEvent(const LeaderLost& event) {
  spdlog::warn("the leader is gone (term {})", event.term.value());
}
void LogEvent(const SteppedDown& event) {
  spdlog::warn("stepped down because {} (term {})", ToText(event.reason), event.term.value());
}
void LogEvent(const BallotEnded& event) {
  spdlog::info("{} {} (term {})", ToText(event.kind), ToText(event.outcome), event.term.value());
}
void LogEvent(const EntriesTruncated& event) {
  spdlog::warn("{} uncommitted entries from index {} on were replaced by the leader's", event.count,
               event.first.value());
}
void LogEvent(const LogTrimmed& event) {
  spdlog::info("the log begins at index {} now; {} entries before it are in the state",
               event.first_index.value(), event.count);
}
void LogEvent(const SnapshotNeeded& event) {
  spdlog::info("server {} lacks entries that were trimmed: it needs a snapshot",
               event.peer.value());
}
void LogEvent(const SnapshotBegunAnew& event) {
  spdlog::warn(
      "server {} is sent its snapshot anew: more than twice the tail was written meanwhile; if "
      "this "
      "goes on, raise --compaction-tail-bytes or --compaction-tail-entries",
      event.peer.value());
}
void LogEvent(const SnapshotInstalled& event) {
  spdlog::info("took over a snapshot: the state holds everything up to index {}",
               event.last_included.index.value());
}
void LogEvent(const ConfigurationChanged& event) {
  spdlog::info("the configuration of index {} is in force{}", event.index.value(),
               event.is_joint ? ", on the way to the next" : "");
}
void LogEvent(const ToldRemoved& event) {
  spdlog::warn(
      "this server is no member any more: it was removed at index {}. Stop it; its data directory "
      "is not used again",
      event.configuration_index.value());
}
void LogEvent(const StateDiverged& event) {
  spdlog::error(
      "the state here differs from that of a majority of the servers at index {}: it is "
      "quarantined, answers no client and waits for a snapshot that replaces it. Look for a bad "
      "disk or memory on this machine",
      event.index.value());
}
void LogEvent(const StatesInDoubt& event) {
  spdlog::warn(
      "the servers hold different states at index {}, and no majority holds one and the same: "
      "nobody is quarantined. Compare them (raftctl status --verify-digest)",
      event.index.value());
}
void LogEvent(const TransferBegan& event) {
  spdlog::info("handing over to server {}", event.target.value());
}
// The rest is the daily business of the protocol.
void LogEvent(const TermAdopted& event) { spdlog::debug("term is {}", event.term.value()); }
void LogEvent(const VoteDecided& event) {
  spdlog::debug("{} of server {} (term {}): {}", ToText(event.kind), event.candidate.value(),
                event.term.value(), ToText(event.decision));
}
void LogEvent(const AppendMismatched& event) {
  spdlog::debug("the log of server {} differs; trying from index {}", event.peer.value(),
                event.next_index.value());
}
void LogEvent(const CommitAdvanced& event) {
  spdlog::trace("committed up to {}", event.commit_index.value());
}
void LogEvent(const StaleResponseDropped& event) {
  spdlog::trace("dropped a late answer of server {}", event.peer.value());
}

}  // namespace

void ServerObserver::OnEvent(const RaftEvent& event) {
  metrics_.OnEvent(event);
  std::visit(
      [this](const auto& happened) {
        using Event = std::decay_t<decltype(happened)>;
        if constexpr (std::is_same_v<Event, ImpossibleMessageRefused>) {
          std::uint64_t held_back = 0;
          if (!impossible_messages_.Allows(held_back)) return;
          spdlog::error(
              "server {} sent what the protocol cannot produce, and nothing was changed: "
              "{} ({} more like this)",
              happened.peer.value(), happened.law, held_back);
        } else {
          LogEvent(happened);
        }
      },
      event);
  NoteQuarantine(event);
}

void ServerObserver::NoteQuarantine(const RaftEvent& event) {
  if (std::holds_alternative<StateDiverged>(event)) is_quarantined_ = true;
  if (!std::holds_alternative<SnapshotInstalled>(event) || !is_quarantined_) return;
  is_quarantined_ = false;
  spdlog::info("the state here is the majority's again: the quarantine is over");
}

void ServerObserver::OnPersisted(Seconds busy, std::size_t entries, std::uint64_t bytes) {
  metrics_.OnPersisted(busy, entries, bytes);
}

void ServerObserver::OnApplied(Seconds busy, std::size_t) { metrics_.OnApplied(busy); }

void ServerObserver::OnCallEnded(const PeerCallReport& report) {
  if (report.kind == PeerMessageKind::kSnapshot) return NoteSnapshotSent(report);
  const PeerMetrics metrics = MetricsOf(report.peer);
  if (report.request_bytes > 0) metrics.OnSent(MetricsType(report.kind), report.request_bytes);
  if (report.outcome == PeerCallOutcome::kAnswered) metrics.OnAnswered(report.round_trip, 0);
  const std::optional<SendFailure> failure = FailureOf(report.outcome);
  if (failure) metrics.OnFailed(*failure);
  // Being busy or stopping says nothing about the peer.
  if (report.outcome == PeerCallOutcome::kCancelled) return;
  const bool answers = !failure || *failure == SendFailure::kOverloaded;
  if (!NoteAnswering(report.peer, answers)) return;
  if (answers) {
    spdlog::info("server {} answers", report.peer.value());
  } else {
    spdlog::warn("server {} does not answer: {}", report.peer.value(), ToString(report.outcome));
  }
}

// How long a snapshot takes says nothing about the connection, and one that breaks says less about
// the peer than the heartbeats beside it do.
void ServerObserver::NoteSnapshotSent(const PeerCallReport& report) {
  const PeerMetrics metrics = MetricsOf(report.peer);
  if (report.request_bytes > 0) metrics.OnSent(MetricsType(report.kind), report.request_bytes);
  if (const auto failure = FailureOf(report.outcome)) metrics.OnFailed(*failure);
  metrics_.OnSnapshotSent(report.outcome == PeerCallOutcome::kAnswered ? SnapshotOutcome::kOk
                                                                       : SnapshotOutcome::kFailed,
                          report.round_trip);
}

void ServerObserver::OnSnapshotPieceSent(ServerId, std::uint64_t bytes) {
  metrics_.OnSnapshotBytesSent(bytes);
}

void ServerObserver::OnSnapshotPieceReceived(ServerId, std::uint64_t bytes) {
  metrics_.OnSnapshotBytesReceived(bytes);
}

void ServerObserver::OnSnapshotResumed(ServerId) { metrics_.OnSnapshotResumed(); }

void ServerObserver::OnSnapshotReceived(ServerId, SnapshotReceipt receipt, Seconds busy) {
  SnapshotOutcome outcome = SnapshotOutcome::kFailed;
  if (receipt == SnapshotReceipt::kStored) outcome = SnapshotOutcome::kOk;
  if (receipt == SnapshotReceipt::kReplaced) outcome = SnapshotOutcome::kReplaced;
  metrics_.OnSnapshotReceived(outcome, busy);
}

void ServerObserver::OnHeaderRefused(HeaderProblem problem) {
  std::uint64_t held_back = 0;
  if (!refused_headers_.Allows(held_back)) return;
  spdlog::warn("refused a message on the peer port: {} ({} more like this)", ToString(problem),
               held_back);
}

void ServerObserver::OnMessageMalformed(ServerId from) {
  std::uint64_t held_back = 0;
  if (!malformed_messages_.Allows(held_back)) return;
  spdlog::warn("refused a malformed message of server {} ({} more like this)", from.value(),
               held_back);
}

void ServerObserver::OnTwoProcesses(ServerId member) {
  metrics_.OnTwoProcesses();
  std::uint64_t held_back = 0;
  if (!doubles_.Allows(held_back)) return;
  spdlog::error(
      "two processes run as server {} on copies of one data directory: neither is believed any "
      "more, and both are told ({} more like this)",
      member.value(), held_back);
}

PeerMetrics ServerObserver::MetricsOf(ServerId peer) {
  {
    MutexLock lock(mutex_);
    const auto found = peers_.find(peer);
    if (found != peers_.end()) return found->second.metrics;
  }
  const PeerMetrics metrics = metrics_.ForPeer(peer);
  MutexLock lock(mutex_);
  peers_.try_emplace(peer, Peer{.metrics = metrics});
  return metrics;
}

bool ServerObserver::NoteAnswering(ServerId peer, bool answers) {
  MutexLock lock(mutex_);
  Peer& noted = peers_[peer];
  const bool news = !noted.known || noted.answers != answers;
  noted.known = true;
  noted.answers = answers;
  return news;
}

}  // namespace raft
