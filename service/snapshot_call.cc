#include "service/snapshot_call.h"

#include <utility>

#include "core/check.h"
#include "service/conversion/snapshot_conversion.h"
#include "service/peer_status.h"

namespace raft {

using SteadyClock = std::chrono::steady_clock;

SnapshotCall* SnapshotCall::Open(const SnapshotCallParts& parts,
                                 peer::v1::InstallSnapshotResponse& answer) {
  auto call = std::make_shared<SnapshotCall>(parts, answer);
  SnapshotCall* opened = call.get();
  opened->self_ = call;
  opened->call_id_ = parts.calls.Add(*opened);
  parts.receiver.OnOpened(opened->call_id_, call);
  opened->ReadNext();
  opened->EndTurn();
  return opened;
}

// --- How it ends ------------------------------------------------------------------------------

void SnapshotCall::Answer(const PeerResponse& response) {
  const auto* answer = std::get_if<InstallSnapshotResponse>(&response);
  RAFT_CHECK(answer != nullptr, "a request is answered in kind");
  parts_.rules.Stamp(sender_, *answer_.mutable_header());
  ToProto(*answer, answer_);
  End(grpc::Status::OK);
}

// To the sender it is an answer as any other; the core gives none, it hears of the next offer.
void SnapshotCall::AskToContinueAt(const SnapshotPlace& place) {
  if (parts_.calls.Take(call_id_) == nullptr) return;
  parts_.rules.Stamp(sender_, *answer_.mutable_header());
  ToProto(InstallSnapshotResponse{.number = offer_->number, .term = offer_->term}, answer_);
  ToProto(place, *answer_.mutable_continue_at());
  End(grpc::Status::OK);
}

void SnapshotCall::Abandon(const std::string& reason) {
  End(grpc::Status(grpc::StatusCode::UNAVAILABLE, reason));
}

void SnapshotCall::Break(const absl::Status& why) { BreakWith(ToGrpc(why)); }

void SnapshotCall::OnCancel() { BreakWith(grpc::Status::CANCELLED); }

void SnapshotCall::BreakWith(const grpc::Status& status) {
  if (parts_.calls.Take(call_id_) != nullptr) End(status);
}

void SnapshotCall::End(const grpc::Status& status) {
  MutexLock lock(mutex_);
  end_ = status;
  FinishIfDue(lock);
}

void SnapshotCall::EndTurn() {
  MutexLock lock(mutex_);
  --turns_;
  FinishIfDue(lock);
}

void SnapshotCall::FinishIfDue(MutexLock& lock) {
  if (!end_ || turns_ > 0 || finished_) return;
  finished_ = true;
  const grpc::Status status = *end_;
  lock.unlock();
  Finish(status);
}

void SnapshotCall::OnDone() {
  parts_.receiver.OnEnded(call_id_);
  const std::shared_ptr<SnapshotCall> self = std::move(self_);
}

// --- What is read -----------------------------------------------------------------------------

bool SnapshotCall::ReadNext() {
  {
    MutexLock lock(mutex_);
    if (end_) return false;
    ++turns_;
    waits_since_ = SteadyClock::now();
  }
  StartRead(&message_);
  EndTurn();
  return true;
}

void SnapshotCall::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    ++turns_;
    waits_since_.reset();
  }
  if (!ok) {
    // A stream that breaks off is no shorter snapshot (trap C8).
    BreakWith(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                           "MALFORMED: the stream ended before its last piece"));
  } else if (!offer_) {
    TakeOffer();
  } else {
    TakePiece();
  }
  EndTurn();
}

void SnapshotCall::TakeOffer() {
  InstallSnapshotRequest offer;
  const grpc::Status judged = parts_.door.JudgeOffer(message_, offer);
  if (!judged.ok()) return BreakWith(judged);
  offer_ = offer;
  place_offered_ = OfferIn(message_);
  offset_ = place_offered_.offset;
  sender_ = {.server_id = offer.leader_id, .incarnation = message_.header().incarnation()};
  const bool accepted = parts_.door.HandOver(
      {.sender = {.peer = offer.leader_id, .call_id = call_id_}, .request = offer});
  if (!accepted) {
    BreakWith(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                           "OVERLOADED: the inbox for peers is full; try again"));
  }
}

void SnapshotCall::TakePiece() {
  const grpc::Status judged = parts_.door.JudgePiece(message_, *offer_, offset_);
  if (!judged.ok()) {
    parts_.receiver.OnBadPiece(call_id_);
    return BreakWith(judged);
  }
  offset_ += message_.data().size();
  parts_.receiver.OnPiece(call_id_, std::move(*message_.mutable_data()), message_.done());
}

std::chrono::steady_clock::duration SnapshotCall::waiting_for() const {
  MutexLock lock(mutex_);
  return waits_since_ ? SteadyClock::now() - *waits_since_ : SteadyClock::duration::zero();
}

}  // namespace raft
