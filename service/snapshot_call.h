// One InstallSnapshot stream at the peers' door, as gRPC sees it.
//
// Reads the offer, hands it to the core, and reads on when it is told to. Finished exactly once, by
// whoever takes it out of WaitingPeerCalls first: the core's answer, a broken rule, a stall, a
// newer offer, the caller going away, or this server stopping.
//
// gRPC forgets a call soon after it is finished, so nobody may start a read then. A *turn* is time
// during which somebody may: the call is finished when the last turn is over. Reactions and bulk
// thread take turns; one leaf lock, never held while gRPC is called.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/inputs.h"
#include "core/messages.h"
#include "persistence/mutex.h"
#include "raft/peer/v1/peer_service.pb.h"
#include "service/conversion/peer_identity.h"
#include "service/snapshot_receiver.h"
#include "service/waiting_peer_calls.h"

namespace raft {

// What the peers' door thinks of the messages of a stream. gRPC's threads.
class SnapshotDoor {
 public:
  virtual ~SnapshotDoor() = default;
  // OK, with the offer filled in; or why the stream is refused, which is counted.
  virtual grpc::Status JudgeOffer(const peer::v1::InstallSnapshotRequest& message,
                                  InstallSnapshotRequest& offer) = 0;
  virtual grpc::Status JudgePiece(const peer::v1::InstallSnapshotRequest& message,
                                  const InstallSnapshotRequest& offer, std::uint64_t offset) = 0;
  // False: the inbox is full.
  virtual bool HandOver(RequestReceived received) = 0;
};

// What a call is given; all references outlive it.
struct SnapshotCallParts {
  SnapshotDoor& door;
  WaitingPeerCalls& calls;
  const HeaderRules& rules;
  SnapshotReceiver& receiver;
};

class SnapshotCall final : public grpc::ServerReadReactor<peer::v1::InstallSnapshotRequest>,
                           public WaitingPeerCall,
                           public SnapshotStream {
 public:
  // Begins to read. The call lives until gRPC is done with it.
  static SnapshotCall* Open(const SnapshotCallParts& parts,
                            peer::v1::InstallSnapshotResponse& answer);

  SnapshotCall(const SnapshotCallParts& parts, peer::v1::InstallSnapshotResponse& answer)
      : parts_(parts), answer_(answer) {}

  // WaitingPeerCall.
  void Answer(const PeerResponse& response) override;
  void Abandon(const std::string& reason) override;
  // SnapshotStream.
  const SnapshotOffer& offer() const override { return place_offered_; }
  bool ReadNext() override;
  void AskToContinueAt(const SnapshotPlace& place) override;
  void Break(const absl::Status& why) override;
  std::chrono::steady_clock::duration waiting_for() const override;
  // gRPC's.
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void TakeOffer();
  void TakePiece();
  void BreakWith(const grpc::Status& status);
  // Requires: the caller has taken the call out of WaitingPeerCalls.
  void End(const grpc::Status& status);
  void EndTurn();
  void FinishIfDue(MutexLock& lock);

  const SnapshotCallParts parts_;
  peer::v1::InstallSnapshotResponse& answer_;
  std::shared_ptr<SnapshotCall> self_;  // until OnDone
  CallId call_id_;

  // Belong to gRPC between ReadNext and OnReadDone, to OnReadDone otherwise.
  peer::v1::InstallSnapshotRequest message_;
  std::optional<InstallSnapshotRequest> offer_;
  SnapshotOffer place_offered_;
  ServerLife sender_;  // of the offer
  std::uint64_t offset_ = 0;

  mutable Mutex mutex_;
  int turns_ = 1;  // Open's
  std::optional<grpc::Status> end_;
  bool finished_ = false;
  std::optional<std::chrono::steady_clock::time_point> waits_since_;
};

}  // namespace raft
