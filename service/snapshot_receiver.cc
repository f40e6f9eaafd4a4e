#include "service/snapshot_receiver.h"

#include <spdlog/spdlog.h>

#include <tuple>

#include "absl/strings/str_cat.h"
#include "service/transfer_pace.h"

namespace raft {
namespace {

// These say something about the bytes that came; any other error is the disk's.
bool IsDamage(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsDataLoss(status);
}

}  // namespace

void SnapshotReceiver::OnOpened(CallId call_id, const std::shared_ptr<SnapshotStream>& stream) {
  {
    MutexLock lock(mutex_);
    streams_.emplace(call_id, stream);
  }
  Watch(stream);
}

void SnapshotReceiver::OnPiece(CallId call_id, std::string piece, bool done) {
  const auto stream = Find(call_id);
  const bool pushed = parts_.bulk.Push(
      [this, call_id, piece = std::move(piece), done] { AddPiece(call_id, piece, done); });
  if (!pushed && stream) stream->Break(absl::UnavailableError("STOPPING: this server is stopping"));
}

void SnapshotReceiver::OnBadPiece(CallId call_id) {
  std::ignore = parts_.bulk.Push([this, call_id] {
    if (IsStoring(call_id)) EndStoring(SnapshotReceipt::kDamaged);
  });
}

void SnapshotReceiver::OnEnded(CallId call_id) {
  {
    MutexLock lock(mutex_);
    streams_.erase(call_id);
  }
  std::ignore = parts_.bulk.Push([this, call_id] {
    if (IsStoring(call_id)) EndStoring(SnapshotReceipt::kBroken);
    // If its snapshot was installed, this is when nobody needs the state before it any more.
    parts_.installer.RemoveReplaced();
  });
}

void SnapshotReceiver::Store(const SnapshotToStore& snapshot) {
  const std::shared_ptr<SnapshotStream> stream = Find(snapshot.sender.call_id);
  std::shared_ptr<SnapshotStream> replaced;
  {
    MutexLock lock(mutex_);
    replaced = std::exchange(accepted_, stream).lock();
  }
  if (replaced != nullptr && replaced != stream) {
    replaced->Break(absl::UnavailableError("REPLACED: a newer snapshot was offered"));
  }
  std::ignore = parts_.bulk.Push([this, snapshot, stream] { Begin(snapshot, stream); });
}

void SnapshotReceiver::Discard() {
  std::ignore = parts_.bulk.Push([this] { parts_.installer.Discard(); });
}

void SnapshotReceiver::Begin(const SnapshotToStore& snapshot,
                             const std::shared_ptr<SnapshotStream>& stream) {
  if (storing_) EndStoring(SnapshotReceipt::kReplaced);
  if (stream == nullptr) {       // it broke while the core made up its mind
    parts_.installer.Discard();  // and what was stored before it is not wanted any more
    return;
  }
  const SnapshotOffer& offer = stream->offer();
  if (kept_ && !kept_->IsOf(snapshot.last_included, offer)) kept_.reset();
  const SteadyClock::time_point now = SteadyClock::now();
  Storing storing{.snapshot = snapshot,
                  .stream = stream,
                  .half = {.last_included = snapshot.last_included,
                           .digest = offer.digest,
                           .incoming = nullptr,
                           .moved_at = now},
                  .bytes = 0,
                  .began = now};
  if (offer.offset > 0) return GoOn(std::move(storing));
  if (kept_) return stream->AskToContinueAt(*kept_->incoming->place());
  BeginAnew(std::move(storing));
}

void SnapshotReceiver::BeginAnew(Storing storing) {
  storing_ = std::move(storing);
  absl::StatusOr<std::unique_ptr<IncomingSnapshot>> incoming = parts_.installer.Begin();
  if (!incoming.ok()) return Fail(incoming.status());
  storing_->half.incoming = *std::move(incoming);
  spdlog::info("server {} sends a snapshot through index {}",
               storing_->snapshot.sender.peer.value(), storing_->half.last_included.index.value());
  if (!storing_->stream->ReadNext()) EndStoring(SnapshotReceipt::kBroken);
}

void SnapshotReceiver::GoOn(Storing storing) {
  const std::uint64_t offset = storing.stream->offer().offset;
  const std::uint64_t held = kept_ ? kept_->incoming->place()->offset : 0;
  if (offset != held) {
    parts_.installer.Discard();  // a half is open and stays; what waits is not wanted any more
    return storing.stream->Break(absl::AbortedError(
        absl::StrCat("NOT_HELD: the stream begins at byte ", offset, ", of this snapshot ", held,
                     " bytes are here; offer it from its beginning")));
  }
  storing.half = *std::exchange(kept_, std::nullopt);
  storing_ = std::move(storing);
  const ServerId from = storing_->snapshot.sender.peer;
  spdlog::info("server {} goes on with the snapshot through index {}, at byte {}", from.value(),
               storing_->half.last_included.index.value(), offset);
  parts_.observer.OnSnapshotResumed(from);
  if (!storing_->stream->ReadNext()) EndStoring(SnapshotReceipt::kBroken);
}

void SnapshotReceiver::AddPiece(CallId call_id, const std::string& piece, bool done) {
  if (!IsStoring(call_id)) return;  // replaced
  if (!piece.empty()) {
    if (absl::Status added = storing_->half.incoming->Add(piece); !added.ok()) return Fail(added);
    storing_->half.moved_at = SteadyClock::now();
    storing_->bytes += piece.size();
    parts_.observer.OnSnapshotPieceReceived(storing_->snapshot.sender.peer, piece.size());
  }
  if (done) return Finish();
  if (!storing_->stream->ReadNext()) EndStoring(SnapshotReceipt::kBroken);
}

void SnapshotReceiver::Finish() {
  const SnapshotToStore& snapshot = storing_->snapshot;
  const absl::StatusOr<SnapshotHeader> header = storing_->half.incoming->Finish();
  storing_->half.incoming.reset();
  if (!header.ok()) return Fail(header.status());
  const std::string& digest = storing_->half.digest;
  const bool is_as_offered = header->last_included == snapshot.last_included &&
                             (digest.empty() || header->digest == digest);
  if (!is_as_offered) {
    parts_.installer.Discard();
    return Fail(absl::DataLossError(
        absl::StrCat("the snapshot that came ends at index ", header->last_included.index.value(),
                     " with digest ", header->digest, ", the offer was through index ",
                     snapshot.last_included.index.value(), " with digest ", digest)));
  }
  const SnapshotStored stored{.sender = snapshot.sender,
                              .number = snapshot.number,
                              .last_included = snapshot.last_included,
                              .log_time_ms = header->log_time_ms,
                              .configuration = header->configuration};
  EndStoring(SnapshotReceipt::kStored);
  parts_.inbox.PushSnapshotStored(stored);
}

void SnapshotReceiver::Fail(const absl::Status& failure) {
  const std::shared_ptr<SnapshotStream> stream = storing_->stream;
  if (IsDamage(failure)) {
    spdlog::warn("gave up the snapshot of server {}: {}", storing_->snapshot.sender.peer.value(),
                 std::string(failure.message()));
    EndStoring(SnapshotReceipt::kDamaged);
    stream->Break(absl::DataLossError(absl::StrCat("DAMAGED: ", failure.message())));
    return;
  }
  EndStoring(SnapshotReceipt::kBroken);
  stream->Break(absl::UnavailableError("STOPPING: the disk of this server failed"));
  parts_.fatal(failure);
}

void SnapshotReceiver::EndStoring(SnapshotReceipt receipt) {
  const std::chrono::duration<double> busy = SteadyClock::now() - storing_->began;
  const ServerId from = storing_->snapshot.sender.peer;
  spdlog::info("the snapshot of server {} through index {} is {} ({} bytes in {:.1f} s)",
               from.value(), storing_->snapshot.last_included.index.value(), ToString(receipt),
               storing_->bytes, busy.count());
  Half half = std::move(storing_->half);
  storing_.reset();
  parts_.observer.OnSnapshotReceived(from, receipt, busy);
  const bool may_go_on =
      receipt == SnapshotReceipt::kBroken || receipt == SnapshotReceipt::kReplaced;
  if (may_go_on) Keep(std::move(half));
}

void SnapshotReceiver::Keep(Half half) {
  if (half.digest.empty() || half.incoming == nullptr || !half.incoming->place()) return;
  const auto left = half.moved_at + parts_.options.keep_time() - SteadyClock::now();
  kept_ = std::move(half);
  const bool pushed = parts_.bulk.PushAfter(std::chrono::ceil<std::chrono::milliseconds>(left),
                                            [this, times_kept = ++times_kept_] {
                                              if (times_kept == times_kept_) kept_.reset();
                                            });
  if (!pushed) kept_.reset();
}

bool SnapshotReceiver::IsStoring(CallId call_id) const {
  return storing_ && storing_->snapshot.sender.call_id == call_id;
}

std::shared_ptr<SnapshotStream> SnapshotReceiver::Find(CallId call_id) const {
  MutexLock lock(mutex_);
  const auto found = streams_.find(call_id);
  return found == streams_.end() ? nullptr : found->second.lock();
}

void SnapshotReceiver::Watch(const std::weak_ptr<SnapshotStream>& stream) const {
  WatchForStall(parts_.bulk, parts_.options, [stream, patience = parts_.options.stall_timeout] {
    const std::shared_ptr<SnapshotStream> open = stream.lock();
    if (open == nullptr) return false;
    if (open->waiting_for() < patience) return true;
    open->Break(absl::UnavailableError("STALLED: no piece came in time"));
    return false;
  });
}

}  // namespace raft
