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
#include "service/transfer_pace.h"
#include "service/two_processes.h"

namespace raft {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Once everything is sent, the peer checks, syncs and installs the whole: many pieces' time.
constexpr int kStallTimeoutsForAnswer = 6;
// And this many times as long as sending it took.
constexpr int kTransfersForAnswer = 4;
// Less than this is no progress: it may never have left this machine.
constexpr std::uint64_t kProgressBytes = 1 << 20;
// How long the second failure in a row is kept from the core; each further one twice as long.
constexpr milliseconds kPauseMin{100};
constexpr milliseconds kPauseMax{5'000};

}  // namespace

// One snapshot on its way to one peer, from the request of the core to its one ending. Steps follow
// each other from thread to thread: Open (apply), Offer and SendPiece (bulk), OnWriteDone and
// OnDone (gRPC's); only giving up comes from the side. A peer that wants the stream to go on where
// an earlier one broke ends it and says so: then the steps begin again at Offer, once, in a second
// call, for gRPC is done with this object between OnDone and the next call.
class SnapshotSender::Transfer final
    : public grpc::ClientWriteReactor<peer::v1::InstallSnapshotRequest>,
      public std::enable_shared_from_this<Transfer> {
 public:
  Transfer(SnapshotSender& sender, const Member& peer, const SnapshotToSend& snapshot,
           PinnedSnapshot pinned)
      : sender_(sender),
        parts_(sender.parts_),
        peer_(peer),
        snapshot_(snapshot),
        began_(SteadyClock::now()),
        pinned_(std::move(pinned)),
        pace_(parts_.options),
        moved_at_(began_) {}

  ServerId peer() const { return peer_.server_id; }
  ServerLife peer_life() const {
    return {.server_id = peer_.server_id, .incarnation = peer_.incarnation};
  }

  // Any thread.
  SnapshotProgress progress() const { return progress_.Read(); }

  void Start() {
    WatchForStall(parts_.bulk, parts_.options,
                  [self = shared_from_this()] { return self->IsStillToBeWatched(); });
    if (pinned_.source != nullptr) return PushOffer();
    const bool pushed = parts_.apply.PushTask(
        [self = shared_from_this()](KeyValueStore& state) { self->Open(state); });
    if (!pushed) EndUnsent(PeerCallOutcome::kCancelled);
  }

  // Ends the transfer before its time, soon; the first reason counts.
  void GiveUp(PeerCallOutcome reason) {
    std::shared_ptr<grpc::ClientContext> context;
    {
      MutexLock lock(mutex_);
      if (given_up_) return;
      given_up_ = reason;
      context = context_;
    }
    context->TryCancel();
  }

  // The same, and what it had pinned is not to be kept either.
  void Abandon() {
    {
      MutexLock lock(mutex_);
      abandoned_ = true;
    }
    GiveUp(PeerCallOutcome::kCancelled);
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
    sent_bytes_ += bytes;
    NoteMoved(/*all_sent=*/false);
    NoteProgress();
    if (bytes > 0) parts_.observer.OnSnapshotPieceSent(peer(), bytes);
    pace_.NoteSent(bytes);
    // Never so long that the peer takes it for a stall.
    const milliseconds pause = std::min(pace_.PauseLeft(), parts_.options.stall_timeout / 2);
    const bool pushed =
        parts_.bulk.PushAfter(pause, [self = shared_from_this()] { self->SendPiece(); });
    if (!pushed) StopSending(PeerCallOutcome::kCancelled);
  }

  void OnDone(const grpc::Status& status) override {
    std::optional<InstallSnapshotResponse> answer;
    if (status.ok()) answer = ReadAnswer();
    PeerCallOutcome outcome = PeerCallOutcome::kAnswered;
    if (!status.ok()) outcome = given_up().value_or(OutcomeOf(status));
    if (status.ok() && !answer) outcome = PeerCallOutcome::kBadAnswer;
    if (answer && response_.has_continue_at()) return GoOn();
    if (answer && !answer->success) outcome = PeerCallOutcome::kDeclined;
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
    const SteadyClock::time_point now = SteadyClock::now();
    pinned_.source = *std::move(source);
    pinned_.since = now;
    pinned_.moved_at = now;
    PushOffer();
  }
  void PushOffer() {
    if (!parts_.bulk.Push([self = shared_from_this()] { self->Offer(); })) {
      EndUnsent(PeerCallOutcome::kCancelled);
    }
  }

  // Bulk thread. From here on the call belongs to gRPC until OnDone; the hold says that writes come
  // from outside its reactions.
  void Offer() {
    if (const auto reason = given_up()) return EndUnsent(*reason);
    if (!GoToPlace()) return EndUnsent(PeerCallOutcome::kOther);
    NoteMoved(/*all_sent=*/false);  // whatever this server was busy with until now
    NoteProgress();
    const SnapshotHeader& header = pinned_.source->header();
    offer_ = {.number = snapshot_.number,
              .term = snapshot_.term,
              .leader_id = parts_.rules.local().server_id,
              .last_included = header.last_included};
    spdlog::info("sending server {} a snapshot through index {}, from byte {}", peer().value(),
                 offer_.last_included.index.value(), place_.offset);
    parts_.rules.Stamp(peer_life(), *message_.mutable_header());
    ToProto(offer_, message_);
    ToProto(SnapshotOffer{.digest = header.digest, .offset = place_.offset}, message_);
    if (stub_ == nullptr) {
      stub_ = peer::v1::PeerService::NewStub(OpenPeerChannel(peer_.peer_address, parts_.links));
    }
    stub_->async()->InstallSnapshot(context_.get(), &response_, this);
    AddHold();
    StartWrite(&message_);
    StartCall();
  }

  // False: this snapshot cannot be sent from there.
  bool GoToPlace() {
    offset_ = place_.offset;
    const bool is_there = !std::exchange(pinned_.was_read, true) && place_.piece_count == 0;
    const absl::Status gone = is_there ? absl::OkStatus() : pinned_.source->GoTo(place_);
    if (!gone.ok()) NoteUnreadable(gone);
    return gone.ok();
  }
  // The disk's errors end the process; a place that is none was the peer's idea.
  void NoteUnreadable(const absl::Status& status) {
    if (!absl::IsInvalidArgument(status)) return parts_.fatal(status);
    spdlog::warn("server {} wants a snapshot from a place that it cannot have reached: {}",
                 peer().value(), std::string(status.message()));
  }

  // Bulk thread.
  void SendPiece() {
    if (given_up()) return RemoveHold();
    absl::StatusOr<std::string> piece = pinned_.source->NextPiece(parts_.options.piece_bytes());
    if (!piece.ok()) {
      NoteUnreadable(piece.status());
      return StopSending(PeerCallOutcome::kOther);
    }
    message_.set_offset(offset_);
    message_.set_done(piece->empty());
    message_.set_data(*std::move(piece));
    if (message_.done()) {
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

  // The peer has kept what came of this snapshot before. Bulk thread next.
  void GoOn() {
    const auto place = ContinuationIn(response_);
    const bool has_gone_on = place_.piece_count > 0;
    if (!place.ok() || has_gone_on) {
      LogEnd(grpc::Status::OK, std::nullopt);
      return End(PeerCallOutcome::kBadAnswer, std::nullopt);
    }
    place_ = **place;
    message_.Clear();
    response_.Clear();
    auto context = std::make_shared<grpc::ClientContext>();  // the old one goes without the lock
    {
      MutexLock lock(mutex_);
      context_.swap(context);
    }
    NoteMoved(/*all_sent=*/false);
    PushOffer();
  }

  // Bulk thread, now and then until the end.
  bool IsStillToBeWatched() {
    bool stalled = false;
    {
      MutexLock lock(mutex_);
      if (ended_) return false;
      SteadyClock::duration patience = parts_.options.stall_timeout;
      if (all_sent_) patience = patience * kStallTimeoutsForAnswer + patience_for_answer_;
      stalled = SteadyClock::now() - moved_at_ >= patience;
    }
    if (stalled) GiveUp(PeerCallOutcome::kDeadline);
    return !stalled;
  }
  void NoteMoved(bool all_sent) {
    const SteadyClock::time_point now = SteadyClock::now();
    MutexLock lock(mutex_);
    moved_at_ = now;
    all_sent_ = all_sent;
    // The receiver reads the whole state back before it answers, so a larger one takes longer.
    if (all_sent) patience_for_answer_ = kTransfersForAnswer * (now - pinned_.since);
  }
  void NoteProgress() {
    progress_.Write(SnapshotProgressAt(offset_, pinned_.source->keys_passed(),
                                       pinned_.source->header().key_count));
    if (offset_ <= pinned_.furthest_offset) return;
    progress_bytes_ += offset_ - std::max(pinned_.furthest_offset, place_.offset);
    pinned_.furthest_offset = offset_;
    pinned_.moved_at = SteadyClock::now();
  }
  std::optional<PeerCallOutcome> given_up() const {
    MutexLock lock(mutex_);
    return given_up_;
  }

  bool abandoned() const {
    MutexLock lock(mutex_);
    return abandoned_;
  }

  // None: the answer cannot be honest, or is not for us.
  std::optional<InstallSnapshotResponse> ReadAnswer() {
    if (auto refusal = parts_.rules.RefuseAnswer(response_.header(), peer_life())) {
      parts_.observer.OnHeaderRefused(refusal->problem);
      return std::nullopt;
    }
    if (IsOneOfTwo(response_.header(), parts_.rules, parts_.observer)) return std::nullopt;
    const auto response = FromProto(response_);
    if (!response.ok() || !CheckAnswer(BoundsOf(offer_), *response).ok()) return std::nullopt;
    return *response;
  }

  void LogEnd(const grpc::Status& status, const std::optional<InstallSnapshotResponse>& answer) {
    const std::chrono::duration<double> busy = SteadyClock::now() - began_;
    if (answer && answer->success) {
      spdlog::info("server {} holds the snapshot through index {} ({} bytes in {:.1f} s)",
                   peer().value(), offer_.last_included.index.value(), sent_bytes_, busy.count());
      return;
    }
    const auto reason = given_up();
    spdlog::warn("the snapshot through index {} did not reach server {} ({} bytes in {:.1f} s): {}",
                 offer_.last_included.index.value(), peer().value(), sent_bytes_, busy.count(),
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
                                 .request_bytes = sent_bytes_,
                                 .round_trip = SteadyClock::now() - began_});
    const bool is_broken = IsBroken(outcome);
    if (is_broken) {
      sender_.kept_.Keep(peer_, std::move(pinned_));
      // Abandoned before there was anything kept to let go of.
      if (abandoned()) sender_.kept_.LetGo(peer());
    } else {
      pinned_.source.reset();
    }
    // Given up for another one says nothing of how this one went.
    milliseconds pause = milliseconds::zero();
    if (outcome != PeerCallOutcome::kCancelled) {
      pause = sender_.PauseAfter(peer(), is_broken && progress_bytes_ < kProgressBytes);
    }
    // Never refused while the inbox is open; once it is closed nobody waits for an answer.
    if (answer) {
      std::ignore = parts_.inbox.PushPeer(ResponseReceived{peer(), *answer});
    } else {
      TellUnreachable(pause);
    }
    {
      MutexLock lock(mutex_);
      ended_ = true;
    }
    const auto self = shared_from_this();
    // Whoever waits until nothing is under way may close the data directory next.
    sender_.Forget(*this);
  }
  void TellUnreachable(milliseconds pause) {
    const auto tell = [&inbox = parts_.inbox,
                       news = PeerUnreachable{.peer = peer(), .number = snapshot_.number}] {
      std::ignore = inbox.PushPeer(news);
    };
    if (pause == milliseconds::zero() || !parts_.bulk.PushAfter(pause, tell)) tell();
  }

  SnapshotSender& sender_;
  const SnapshotSenderParts& parts_;
  const Member peer_;
  const SnapshotToSend snapshot_;
  const SteadyClock::time_point began_;

  // Belong to the step that is under way.
  PinnedSnapshot pinned_;
  SnapshotPlace place_;  // where the present stream begins
  std::unique_ptr<peer::v1::PeerService::Stub> stub_;
  InstallSnapshotRequest offer_{};
  peer::v1::InstallSnapshotRequest message_;
  peer::v1::InstallSnapshotResponse response_;
  std::uint64_t offset_ = 0;          // of the next piece
  std::uint64_t sent_bytes_ = 0;      // by all streams
  std::uint64_t progress_bytes_ = 0;  // of those, what no stream had sent before
  TransferPace pace_;

  PublishedProgress progress_;
  mutable Mutex mutex_;
  // Replaced between two calls only.
  std::shared_ptr<grpc::ClientContext> context_ = std::make_shared<grpc::ClientContext>();
  std::optional<PeerCallOutcome> given_up_;
  bool abandoned_ = false;
  SteadyClock::time_point moved_at_;
  bool all_sent_ = false;
  SteadyClock::duration patience_for_answer_ = SteadyClock::duration::zero();
  bool ended_ = false;
};

void SnapshotSender::Send(const Member& peer, const SnapshotToSend& snapshot) {
  for (const auto& earlier : TransfersTo(peer.server_id)) {
    earlier->GiveUp(PeerCallOutcome::kCancelled);
  }
  const auto transfer =
      std::make_shared<Transfer>(*this, peer, snapshot, kept_.Take(peer, snapshot.ends_at_least));
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
  for (const auto& transfer : TransfersTo(peer)) transfer->Abandon();
  kept_.LetGo(peer);
  MutexLock lock(mutex_);
  failures_in_row_.erase(peer);
}

std::vector<std::shared_ptr<SnapshotSender::Transfer>> SnapshotSender::TransfersTo(ServerId peer) {
  std::vector<std::shared_ptr<Transfer>> transfers;
  MutexLock lock(mutex_);
  for (const auto& transfer : transfers_) {
    if (transfer->peer() == peer) transfers.push_back(transfer);
  }
  return transfers;
}

std::map<ServerId, SnapshotProgress> SnapshotSender::Progress() const {
  std::map<ServerId, SnapshotProgress> progress;
  MutexLock lock(mutex_);
  for (const auto& transfer : transfers_) progress[transfer->peer()] = transfer->progress();
  return progress;
}

milliseconds SnapshotSender::PauseAfter(ServerId peer, bool failed_without_progress) {
  MutexLock lock(mutex_);
  if (closed_) return milliseconds::zero();
  int& failures = failures_in_row_[peer];
  failures = failed_without_progress ? failures + 1 : 0;
  if (failures < 2) return milliseconds::zero();
  constexpr int kDoublingsMax = 6;  // beyond the longest pause
  return std::min(kPauseMin * (1 << std::min(failures - 2, kDoublingsMax)), kPauseMax);
}

void SnapshotSender::Shutdown() {
  std::vector<std::shared_ptr<Transfer>> transfers;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    transfers = transfers_;
  }
  kept_.Close();
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
