// What the peer side tells whoever counts: metrics in raftd, nothing in most tests.
//
// Implementations must be thread-safe, must not block, and must not call back. Knows no gRPC.
#pragma once

#include <cstdint>

#include "core/messages.h"
#include "core/types.h"
#include "service/conversion/peer_identity.h"
#include "service/loop/loop_observer.h"

namespace raft {

enum class PeerMessageKind : std::uint8_t {
  kGreet,
  kPreVote,
  kRequestVote,
  kHeartbeat,
  kEntries,
  kSnapshot,
  kTimeoutNow
};
inline constexpr int kPeerMessageKindCount = 7;
// Lower-case words for metrics and logs: "request_vote".
const char* ToString(PeerMessageKind kind);
PeerMessageKind KindOf(const PeerRequest& request);

// How one request of ours to a peer ended.
enum class PeerCallOutcome : std::uint8_t {
  kAnswered,
  kUnreachable,   // no connection, or it broke
  kDeadline,      // no answer in time; whether the peer handled it is unknown
  kRefused,       // the peer does not take us for a member: other cluster, other life
  kDeclined,      // the peer does not take this snapshot
  kOverloaded,    // the peer's inbox is full
  kBadAnswer,     // an answer that cannot be honest, or is not the asked peer's
  kNotConnected,  // given up before it was sent: the peer has not been greeted yet
  kCancelled,     // this server is stopping
  kOther,
};
inline constexpr int kPeerCallOutcomeCount = 10;
const char* ToString(PeerCallOutcome outcome);

struct PeerCallReport {
  ServerId peer;
  PeerMessageKind kind;
  PeerCallOutcome outcome;
  std::uint64_t request_bytes = 0;  // on the wire without framing; 0: never sent
  Seconds round_trip{0};            // from the send to the end
};

// How receiving one snapshot ended.
enum class SnapshotReceipt : std::uint8_t {
  kStored,    // whole, verified and durable
  kBroken,    // the sender or its connection went away, or stalled
  kDamaged,   // what came are not the bytes of a snapshot, or they were cut short
  kReplaced,  // a newer offer took its place
};
inline constexpr int kSnapshotReceiptCount = 4;
const char* ToString(SnapshotReceipt receipt);

class PeerObserver {
 public:
  virtual ~PeerObserver() = default;
  // A request of ours ended. gRPC's threads or the event loop's.
  virtual void OnCallEnded(const PeerCallReport&) {}
  // A peer's request came in and was handed on. gRPC's threads.
  virtual void OnRequestReceived(ServerId /*from*/, PeerMessageKind) {}
  // A piece of a snapshot is on its way to this peer; how it all ends comes with OnCallEnded.
  // gRPC's threads.
  virtual void OnSnapshotPieceSent(ServerId /*to*/, std::uint64_t /*bytes*/) {}
  // A piece of a snapshot is written down here. Bulk thread.
  virtual void OnSnapshotPieceReceived(ServerId /*from*/, std::uint64_t /*bytes*/) {}
  // An accepted snapshot goes on where an earlier stream of it had broken. Bulk thread.
  virtual void OnSnapshotResumed(ServerId /*from*/) {}
  // An accepted snapshot came to this end. Bulk thread.
  virtual void OnSnapshotReceived(ServerId /*from*/, SnapshotReceipt, Seconds /*busy*/) {}
  // A peer's request or answer was refused for its header; it changed nothing.
  virtual void OnHeaderRefused(HeaderProblem) {}
  // A peer's request passed its header but broke a rule of message_conversion.h.
  virtual void OnMessageMalformed(ServerId /*from*/) {}
  // Two processes are alive with the identity of `member`; once of each.
  virtual void OnTwoProcesses(ServerId /*member*/) {}
};

}  // namespace raft
