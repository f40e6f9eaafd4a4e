#include "service/peer_observer.h"

namespace raft {

const char* ToString(PeerMessageKind kind) {
  switch (kind) {
    case PeerMessageKind::kGreet:
      return "greet";
    case PeerMessageKind::kPreVote:
      return "pre_vote";
    case PeerMessageKind::kRequestVote:
      return "request_vote";
    case PeerMessageKind::kHeartbeat:
      return "heartbeat";
    case PeerMessageKind::kEntries:
      return "entries";
    case PeerMessageKind::kSnapshot:
      return "snapshot";
    case PeerMessageKind::kTimeoutNow:
      return "timeout_now";
  }
  return "unknown";
}

const char* ToString(PeerCallOutcome outcome) {
  switch (outcome) {
    case PeerCallOutcome::kAnswered:
      return "answered";
    case PeerCallOutcome::kUnreachable:
      return "unreachable";
    case PeerCallOutcome::kDeadline:
      return "deadline";
    case PeerCallOutcome::kRefused:
      return "refused";
    case PeerCallOutcome::kDeclined:
      return "declined";
    case PeerCallOutcome::kOverloaded:
      return "overloaded";
    case PeerCallOutcome::kBadAnswer:
      return "bad_answer";
    case PeerCallOutcome::kNotConnected:
      return "not_connected";
    case PeerCallOutcome::kCancelled:
      return "cancelled";
    case PeerCallOutcome::kOther:
      return "other";
  }
  return "unknown";
}

const char* ToString(SnapshotReceipt receipt) {
  switch (receipt) {
    case SnapshotReceipt::kStored:
      return "stored";
    case SnapshotReceipt::kBroken:
      return "broken";
    case SnapshotReceipt::kDamaged:
      return "damaged";
    case SnapshotReceipt::kReplaced:
      return "replaced";
  }
  return "unknown";
}

PeerMessageKind KindOf(const PeerRequest& request) {
  if (std::holds_alternative<PreVoteRequest>(request)) return PeerMessageKind::kPreVote;
  if (std::holds_alternative<RequestVoteRequest>(request)) return PeerMessageKind::kRequestVote;
  if (std::holds_alternative<InstallSnapshotRequest>(request)) return PeerMessageKind::kSnapshot;
  if (std::holds_alternative<TimeoutNowRequest>(request)) return PeerMessageKind::kTimeoutNow;
  return std::get<AppendEntriesRequest>(request).is_heartbeat() ? PeerMessageKind::kHeartbeat
                                                                : PeerMessageKind::kEntries;
}

}  // namespace raft
