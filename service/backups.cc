#include "service/backups.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "service/client_gate.h"
#include "service/client_requests.h"
#include "service/transfer_pace.h"

namespace raft {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A job that waits for the bandwidth limit looks up this often, so that it notices the end.
constexpr milliseconds kPauseMax{50};
// How long a stopping server lets its downloads end with a reason before it cuts them off.
constexpr milliseconds kGoodbyePatience{200};

// Apply thread.
void FillHeaderAt(const FormedServer& formed, LogIndex index, v1::ResponseHeader& header) {
  FillHeader(formed, {.leadership = formed.board.leadership(), .applied_index = index}, header);
}

// A backup of a wrong state would outlive the state.
ServiceError DivergedError(const BackupDoor& door) {
  const Leadership leadership = door.formed.board.leadership();
  return door.errors.StateDiverged(leadership.other_leader(), leadership.term);
}

}  // namespace

// One download. Steps follow each other from thread to thread: Pin (apply), SendPiece (bulk),
// OnWriteDone (gRPC's); the step that is under way ends it. Giving up comes from the side: it only
// leaves a note for the next step, and cuts a write off that would never be done.
//
// gRPC forgets a call soon after it is finished. A *turn* is time during which somebody may still
// touch it: the steps together are one, cutting off is another; the last one to end finishes.
class Backups::Reading final : public Stream, public std::enable_shared_from_this<Reading> {
 public:
  Reading(Backups& backups, grpc::CallbackServerContext& context, const RpcMetrics& metrics,
          const BackupDoor& door)
      : backups_(backups),
        parts_(backups.parts_),
        context_(context),
        metrics_(metrics),
        door_(door),
        began_(SteadyClock::now()),
        pace_(backups.parts_.options),
        client_pace_(backups.parts_.options) {
    metrics_.OnStarted();
  }

  void Start() {
    self_ = shared_from_this();
    Watch();
    const bool pushed = parts_.apply.PushTask(
        [self = shared_from_this()](KeyValueStore& state) { self->Pin(state); });
    if (!pushed) End(ShuttingDown());
  }
  // Instead of Start.
  void Refuse(const ServiceError& error) {
    self_ = shared_from_this();
    End(error);
  }
  ServiceError ShuttingDown() const {
    return door_.errors.ShuttingDown(std::nullopt, door_.formed.board.leadership());
  }

  // Ends the download at its next step; the first reason counts.
  void GiveUp(const ServiceError& why) {
    MutexLock lock(mutex_);
    if (!given_up_) given_up_ = why;
  }
  // The same, without waiting for a client that does not read.
  void CutOff(const ServiceError& why) {
    GiveUp(why);
    {
      MutexLock lock(mutex_);
      if (ended_ || !client_pace_.is_waiting()) return;
      ++turns_;
    }
    context_.TryCancel();
    EndTurn();
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      client_pace_.OnTaken(SteadyClock::now());
    }
    if (!ok) return End(given_up().value_or(BackupGivenUp()));
    offset_ += message_.data().size();
    pace_.NoteSent(message_.data().size());
    message_.Clear();
    Continue(milliseconds::zero());
  }
  void OnCancel() override { GiveUp(BackupGivenUp()); }
  void OnDone() override { self_.reset(); }

 private:
  // Apply thread.
  void Pin(KeyValueStore& state) {
    if (const auto why = given_up()) return End(*why);
    if (state.diverged()) return End(DivergedError(door_));
    absl::StatusOr<std::unique_ptr<SnapshotSource>> source = state.OpenSnapshot();
    if (!source.ok()) {
      parts_.fatal(source.status());
      return End(Corrupt(source.status()));
    }
    source_ = *std::move(source);
    index_ = source_->header().last_included.index;
    if (index_ == LogIndex()) return End(NothingApplied());
    FillHeaderAt(door_.formed, index_, *message_.mutable_header());
    spdlog::info("a client takes a backup of index {}", index_.value());
    Continue(milliseconds::zero());
  }

  void Continue(milliseconds pause) {
    const bool pushed =
        parts_.bulk.PushAfter(pause, [self = shared_from_this()] { self->SendPiece(); });
    if (!pushed) End(ShuttingDown());
  }

  // Bulk thread.
  void SendPiece() {
    if (const auto why = given_up()) return End(*why);
    if (const milliseconds pause = pace_.PauseLeft(); pause > milliseconds::zero()) {
      return Continue(std::min(pause, kPauseMax));
    }
    absl::StatusOr<std::string> piece = source_->NextPiece(parts_.options.piece_bytes());
    if (!piece.ok()) {
      parts_.fatal(piece.status());
      return End(Corrupt(piece.status()));
    }
    if (piece->empty()) return End(std::nullopt);
    message_.set_snapshot_index(index_.value());
    message_.set_offset(offset_);
    message_.set_data(*std::move(piece));
    if (!BeginWriting()) return End(given_up());
    StartWrite(&message_);
  }
  // False: given up meanwhile, and nobody would cut this write off.
  bool BeginWriting() {
    MutexLock lock(mutex_);
    if (!given_up_) client_pace_.OnOffered(SteadyClock::now());
    return !given_up_.has_value();
  }

  // Bulk thread, now and then until the end.
  void Watch() {
    WatchForStall(parts_.bulk, parts_.options,
                  [self = shared_from_this()] { return self->IsStillToBeWatched(); });
  }
  bool IsStillToBeWatched() {
    bool stalled = false;
    {
      MutexLock lock(mutex_);
      if (ended_) return false;
      stalled = client_pace_.IsTooSlow(SteadyClock::now());
    }
    if (stalled) CutOff(BackupStalled(parts_.options.stall_timeout));
    return !stalled;
  }

  std::optional<ServiceError> given_up() const {
    MutexLock lock(mutex_);
    return given_up_;
  }

  // The one ending, by the step that is under way; none: all of it was sent. The download may be
  // gone afterwards.
  void End(std::optional<ServiceError> error) {
    const auto self = shared_from_this();
    source_.reset();  // whoever waits for the end of all may close the data directory next
    if (index_ > LogIndex()) {
      spdlog::info("the backup of index {} ended after {} bytes: {}", index_.value(), offset_,
                   error ? error->message : "complete");
    }
    {
      MutexLock lock(mutex_);
      ended_ = true;
      end_ = std::move(error);
    }
    backups_.Forget(*this);
    EndTurn();
  }
  void EndTurn() {
    {
      MutexLock lock(mutex_);
      if (--turns_ > 0) return;
    }
    if (end_) AddTrailers(*end_, context_);
    const grpc::Status status = end_ ? ToStatus(*end_) : grpc::Status::OK;
    metrics_.OnHandled(status.error_code(), SteadyClock::now() - began_);
    Finish(status);
  }

  Backups& backups_;
  const BackupParts& parts_;
  grpc::CallbackServerContext& context_;
  const RpcMetrics& metrics_;
  const BackupDoor door_;
  const SteadyClock::time_point began_;
  std::shared_ptr<Reading> self_;  // until OnDone

  // Belong to the step that is under way.
  std::unique_ptr<SnapshotSource> source_;
  LogIndex index_;
  std::uint64_t offset_ = 0;
  TransferPace pace_;
  v1::DownloadSnapshotResponse message_;

  mutable Mutex mutex_;
  int turns_ = 1;  // the steps'
  std::optional<ServiceError> given_up_;
  ClientPace client_pace_;
  bool ended_ = false;
  std::optional<ServiceError> end_;
};

Backups::Stream* Backups::Download(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                                   const BackupDoor& door) {
  const auto reading = std::make_shared<Reading>(*this, context, metrics, door);
  std::optional<ServiceError> refusal;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      refusal = reading->ShuttingDown();
    } else if (readings_.size() >= kDownloadsMax) {
      refusal = TooManyBackups(kDownloadsMax);
    } else {
      readings_.push_back(reading);
    }
  }
  refusal ? reading->Refuse(*refusal) : reading->Start();
  return reading.get();
}

void Backups::CreateSnapshot(UnaryCall& call, const BackupDoor& door,
                             v1::CreateSnapshotResponse& response) {
  std::size_t waiting = 0;
  {
    MutexLock lock(mutex_);
    waiting = creations_.size();
    if (waiting < kCreationsMax) {
      creations_.push_back({.call = call, .door = door, .response = response});
    }
  }
  if (waiting >= kCreationsMax) return call.Fail(TooManySnapshots());
  if (waiting > 0) return;  // whoever came first has sent for the apply thread
  if (parts_.apply.PushTask([this](KeyValueStore& state) { CheckpointForAll(state); })) return;
  for (const Creation& creation : TakeCreations()) {
    const auto leadership = creation.door.formed.board.leadership();
    creation.call.Fail(creation.door.errors.ShuttingDown(std::nullopt, leadership));
  }
}

void Backups::CheckpointForAll(KeyValueStore& state) {
  const std::vector<Creation> creations = TakeCreations();
  const bool is_wanted = !state.diverged() && std::any_of(creations.begin(), creations.end(),
                                                          [](const Creation& creation) {
                                                            return !creation.call.is_cancelled();
                                                          });
  const absl::Status durable = is_wanted ? state.Checkpoint() : absl::CancelledError();
  if (is_wanted && !durable.ok()) parts_.fatal(durable);
  for (const Creation& creation : creations) {
    if (state.diverged()) {
      creation.call.Fail(DivergedError(creation.door));
    } else if (!is_wanted) {
      creation.call.Fail(CancelledByClient());
    } else if (!durable.ok()) {
      creation.call.Fail(Corrupt(durable));
    } else {
      const LogIndex index = state.applied().index;
      FillHeaderAt(creation.door.formed, index, *creation.response.mutable_header());
      creation.response.set_snapshot_index(index.value());
      creation.call.Succeed();
    }
  }
}

std::vector<Backups::Creation> Backups::TakeCreations() {
  MutexLock lock(mutex_);
  return std::exchange(creations_, {});
}

void Backups::Shutdown() {
  MutexLock lock(mutex_);
  closed_ = true;
  const auto all_ended = [this] { return readings_.empty(); };
  std::vector<std::shared_ptr<Reading>> readings = readings_;
  lock.unlock();
  for (const auto& reading : readings) reading->GiveUp(reading->ShuttingDown());
  lock.lock();
  if (!readings_ended_.wait_for(lock, kGoodbyePatience, all_ended)) {
    lock.unlock();
    for (const auto& reading : readings) reading->CutOff(reading->ShuttingDown());
    lock.lock();
  }
  readings.clear();
  readings_ended_.wait(lock, all_ended);
}

void Backups::Forget(const Reading& reading) {
  MutexLock lock(mutex_);
  std::erase_if(readings_, [&](const auto& other) { return other.get() == &reading; });
  if (readings_.empty()) readings_ended_.notify_all();
}

}  // namespace raft
