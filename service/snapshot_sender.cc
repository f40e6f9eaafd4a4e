#include "service/snapshot_sender.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "service/conversion/snapshot_conversion.h"
#include "service/peer_status.h"

namespace raft {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Once everything is sent, the peer checks, syncs and installs the whole: many pieces' time.
constexpr int kStallTimeoutsForAnswer = 6;
// And this many times as long as sending it took.
constexpr int kTransfersForAnswer = 4;

}  // namespace

// One snapshot on its way to one peer, from the request of the core to its one ending. Steps follow
// each other from thread to thread: Open (apply), Offer and SendPiece (bulk), OnWriteDone and
// OnDone (gRPC's); only giving up comes from the side.
class SnapshotSender::Transfer final
    : public grpc::ClientWriteReactor<peer::v1::InstallSnapshotRequest>,
      public std::enable_shared_from_this<Transfer> {
 public:
  Transfer(SnapshotSender& sender, const Member& peer, const SnapshotToSend& snapshot)
      : sender_(sender),
        parts_(sender.parts_),
        peer_(peer),
        snapshot_(snapshot),
        began_(SteadyClock::now()),
        moved_at_(began_) {}

  ServerId peer() const { return peer_.server_id; }
  ServerLife peer_life() const {
    return {.server_id = peer_.server_id, .incarnation = peer_.incarnation};
  }

  void Start() {
    Watch();
    const bool pushed = parts_.apply.PushTask(
        [self = shared_from_this()](KeyValueStore& state) { self->Open(state); });
    if (!pushed) EndUnsent(PeerCallOutcome::kCancelled);
  }

  // Ends the transfer before its time, soon; the first reason counts.
  void GiveUp(PeerCallOutcome reason) {
    {
      MutexLock lock(mutex_);
      if (given_up_) return;
      given_up_ = reason;
    }
    context_.TryCancel();
  }

  void OnWriteDone(bool ok) override {
    // Not ok: the peer has answered early, or is gone; OnDone says which.
    if (!ok || message_.done()) {
      NoteMoved(/*all_sent=*/true);
      RemoveHold();
      return;
    }
    const std::uint64_t bytes = message_.data().size();
    offset_ += bytes;
    NoteMoved(/*all_sent=*/false);
    if (bytes > 0) parts_.observer.OnSnapshotPieceSent(peer(), bytes);
    const bool pushed = parts_.bulk.PushAfter(PauseAfter(bytes),
                                              [self = shared_from_this()] { self->SendPiece(); });
    if (!pushed) StopSending(PeerCallOutcome::kCancelled);
  }

  void OnDone(const grpc::Status& status) override {
    std::optional<InstallSnapshotResponse> answer;
    if (status.ok()) answer = ReadAnswer();
    PeerCallOutcome outcome = PeerCallOutcome::kAnswered;
    if (!status.ok()) outcome = given_up().value_or(OutcomeOf(status));
    if (status.ok() && !answer) outcome = PeerCallOutcome::kBadAnswer;
    LogEnd(status, answer);
    End(outcome, answer);
  }

 private:
  // Apply thread.
  void Open(KeyValueStore& state) {
    if (const auto reason = given_up()) return EndUnsent(*reason);
    absl::StatusOr<std::unique_ptr<SnapshotSource>> source = state.OpenSnapshot();
    if (!source.ok()) {
      parts_.fatal(source.status());
      return EndUnsent(PeerCallOutcome::kOther);
    }
    source_ = *std::move(source);
    if (!parts_.bulk.Push([self = shared_from_this()] { self->Offer(); })) {
      EndUnsent(PeerCallOutcome::kCancelled);
    }
  }

  // Bulk thread. From here on the call belongs to gRPC until OnDone; the hold says that writes come
  // from outside its reactions.
  void Offer() {
    if (const auto reason = given_up()) return EndUnsent(*reason);
    NoteMoved(/*all_sent=*/false);  // whatever this server was busy with until now
    offer_ = {.number = snapshot_.number,
              .term = snapshot_.term,
              .leader_id = parts_.rules.local().server_id,
              .last_included = source_->header().last_included};
    spdlog::info("sending server {} a snapshot through index {}", peer().value(),
                 offer_.last_included.index.value());
    parts_.rules.Stamp(peer_life(), *message_.mutable_header());
    ToProto(offer_, message_);
    stub_ = peer::v1::PeerService::NewStub(OpenPeerChannel(peer_.peer_address, parts_.links));
    stub_->async()->InstallSnapshot(&context_, &response_, this);
    AddHold();
    StartWrite(&message_);
    StartCall();
  }

  // Bulk thread.
  void SendPiece() {
    if (given_up()) return RemoveHold();
    absl::StatusOr<std::string> piece = source_->NextPiece(parts_.options.piece_bytes());
    if (!piece.ok()) {
      parts_.fatal(piece.status());
      return StopSending(PeerCallOutcome::kOther);
    }
    message_.set_offset(offset_);
    message_.set_done(piece->empty());
    message_.set_data(*std::move(piece));
    if (message_.done()) {
      source_.reset();  // nothing is pinned while the peer installs
      StartWriteLast(&message_, grpc::WriteOptions());
    } else {
      StartWrite(&message_);
    }
  }

  // Requires: no write is under way. The transfer may be gone afterwards.
  void StopSending(PeerCallOutcome reason) {
    GiveUp(reason);
    RemoveHold();
  }

  // How long the limit asks to wait; never so long that the peer takes it for a stall.
  std::chrono::milliseconds PauseAfter(std::uint64_t bytes) {
    using std::chrono::milliseconds;
    if (parts_.options.bytes_per_second == 0) return milliseconds::zero();
    const auto now = SteadyClock::now();
    send_after_ =
        std::max(send_after_, now) + milliseconds(bytes * 1000 / parts_.options.bytes_per_second);
    const auto pause = std::chrono::duration_cast<milliseconds>(send_after_ - now);
    return std::min(pause, parts_.options.stall_timeout / 2);
  }

  // Bulk thread, now and then until the end.
  void Watch() {
    std::ignore = parts_.bulk.PushAfter(parts_.options.watch_interval(),
                                        [self = shared_from_this()] { self->LookForStall(); });
  }
  void LookForStall() {
    bool stalled = false;
    {
      MutexLock lock(mutex_);
      if (ended_) return;
      SteadyClock::duration patience = parts_.options.stall_timeout;
      // The receiver reads the whole state back before it answers, so a larger one takes longer.
      if (all_sent_) {
        patience = patience * kStallTimeoutsForAnswer + kTransfersForAnswer * (moved_at_ - began_);
      }
      stalled = SteadyClock::now() - moved_at_ >= patience;
    }
    if (stalled) return GiveUp(PeerCallOutcome::kDeadline);
    Watch();
  }
  void NoteMoved(bool all_sent) {
    MutexLock lock(mutex_);
    moved_at_ = SteadyClock::now();
    all_sent_ = all_sent;
  }
  std::optional<PeerCallOutcome> given_up() const {
    MutexLock lock(mutex_);
    return given_up_;
  }

  // None: the answer cannot be honest, or is not for us.
  std::optional<InstallSnapshotResponse> ReadAnswer() {
    if (auto refusal = parts_.rules.RefuseAnswer(response_.header(), peer_life())) {
      parts_.observer.OnHeaderRefused(refusal->problem);
      return std::nullopt;
    }
    const auto response = FromProto(response_);
    if (!response.ok() || !CheckAnswer(BoundsOf(offer_), *response).ok()) return std::nullopt;
    return *response;
  }

  void LogEnd(const grpc::Status& status, const std::optional<InstallSnapshotResponse>& answer) {
    const std::chrono::duration<double> busy = SteadyClock::now() - began_;
    if (answer && answer->success) {
      spdlog::info("server {} holds the snapshot through index {} ({} bytes in {:.1f} s)",
                   peer().value(), offer_.last_included.index.value(), offset_, busy.count());
      return;
    }
    const auto reason = given_up();
    spdlog::warn("the snapshot through index {} did not reach server {} ({} bytes in {:.1f} s): {}",
                 offer_.last_included.index.value(), peer().value(), offset_, busy.count(),
                 reason         ? ToString(*reason)
                 : !status.ok() ? status.error_message().c_str()
                 : answer       ? "it refused the offer"
                                : "its answer makes no sense");
  }

  void EndUnsent(PeerCallOutcome reason) { End(reason, std::nullopt); }

  // The one ending. The transfer may be gone afterwards.
  void End(PeerCallOutcome outcome, const std::optional<InstallSnapshotResponse>& answer) {
    parts_.observer.OnCallEnded({.peer = peer(),
                                 .kind = PeerMessageKind::kSnapshot,
                                 .outcome = outcome,
                                 .request_bytes = offset_,
                                 .round_trip = SteadyClock::now() - began_});
    if (answer) {
      // Never refused while the inbox is open; once it is closed nobody waits for an answer.
      std::ignore = parts_.inbox.PushPeer(ResponseReceived{peer(), *answer});
    } else {
      std::ignore =
          parts_.inbox.PushPeer(PeerUnreachable{.peer = peer(), .number = snapshot_.number});
    }
    {
      MutexLock lock(mutex_);
      ended_ = true;
    }
    const auto self = shared_from_this();
    // Whoever waits until nothing is under way may close the data directory next.
    source_.reset();
    sender_.Forget(*this);
  }

  SnapshotSender& sender_;
  const SnapshotSenderParts& parts_;
  const Member peer_;
  const SnapshotToSend snapshot_;
  const SteadyClock::time_point began_;

  // Belong to the step that is under way.
  std::unique_ptr<SnapshotSource> source_;
  std::unique_ptr<peer::v1::PeerService::Stub> stub_;
  InstallSnapshotRequest offer_{};
  peer::v1::InstallSnapshotRequest message_;
  peer::v1::InstallSnapshotResponse response_;
  std::uint64_t offset_ = 0;
  SteadyClock::time_point send_after_;

  grpc::ClientContext context_;
  mutable Mutex mutex_;
  std::optional<PeerCallOutcome> given_up_;
  SteadyClock::time_point moved_at_;
  bool all_sent_ = false;
  bool ended_ = false;
};

void SnapshotSender::Send(const Member& peer, const SnapshotToSend& snapshot) {
  GiveUp(peer.server_id);
  const auto transfer = std::make_shared<Transfer>(*this, peer, snapshot);
  bool closed = false;
  {
    MutexLock lock(mutex_);
    closed = closed_;
    if (!closed) transfers_.push_back(transfer);
  }
  if (closed) {
    std::ignore =
        parts_.inbox.PushPeer(PeerUnreachable{.peer = peer.server_id, .number = snapshot.number});
    return;
  }
  transfer->Start();
}

void SnapshotSender::GiveUp(ServerId peer) {
  for (const auto& transfer : TransfersTo(peer)) transfer->GiveUp(PeerCallOutcome::kCancelled);
}

std::vector<std::shared_ptr<SnapshotSender::Transfer>> SnapshotSender::TransfersTo(ServerId peer) {
  std::vector<std::shared_ptr<Transfer>> transfers;
  MutexLock lock(mutex_);
  for (const auto& transfer : transfers_) {
    if (transfer->peer() == peer) transfers.push_back(transfer);
  }
  return transfers;
}

void SnapshotSender::Shutdown() {
  std::vector<std::shared_ptr<Transfer>> transfers;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    transfers = transfers_;
  }
  for (const auto& transfer : transfers) transfer->GiveUp(PeerCallOutcome::kCancelled);
  transfers.clear();
  MutexLock lock(mutex_);
  transfers_ended_.wait(lock, [this] { return transfers_.empty(); });
}

void SnapshotSender::Forget(const Transfer& transfer) {
  MutexLock lock(mutex_);
  std::erase_if(transfers_, [&](const auto& other) { return other.get() == &transfer; });
  if (transfers_.empty()) transfers_ended_.notify_all();
}

}  // namespace raft
