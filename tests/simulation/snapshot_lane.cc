#include "tests/simulation/snapshot_lane.h"

#include <utility>

#include "core/check.h"

namespace raft::simulation {
namespace {

constexpr Moment kPieceMean = kMillisecond;
// One transfer in some takes its time, so that the cluster moves on meanwhile.
constexpr std::uint32_t kSlowPerThousand = 400;
constexpr Moment kSlowness = 300;
constexpr std::size_t kPieceBytes = 4096;
constexpr std::uint32_t kBreaksPerThousand = 30;  // of the pieces, while the network storms

}  // namespace

absl::StatusOr<SnapshotPieces> ReadAllPieces(SnapshotSource& source) {
  auto pieces = std::make_shared<std::vector<std::string>>();
  while (true) {
    absl::StatusOr<std::string> piece = source.NextPiece(kPieceBytes);
    if (!piece.ok()) return piece.status();
    if (piece->empty()) return SnapshotPieces(std::move(pieces));
    pieces->push_back(*std::move(piece));
  }
}

void SnapshotLane::Begin(SnapshotInstaller& installer, std::function<void(SnapshotStored)> stored,
                         std::function<void(CallId)> broke, std::function<void()> failed) {
  installer_ = &installer;
  stored_ = std::move(stored);
  broke_ = std::move(broke);
  failed_ = std::move(failed);
}

void SnapshotLane::EndLife() {
  lane_.EndLife();
  storing_.reset();
  waiting_.clear();
  installer_ = nullptr;
}

void SnapshotLane::Store(const SnapshotToStore& wanted) {
  const auto stream = waiting_.find(wanted.sender.call_id);
  RAFT_CHECK(stream != waiting_.end(), "what is wanted has arrived");
  if (storing_) {
    story_.Count(Sometimes::kSnapshotReplaced);
    Break();
  }
  absl::StatusOr<std::unique_ptr<IncomingSnapshot>> incoming = installer_->Begin();
  if (!incoming.ok()) return failed_();
  storing_ = Storing{.wanted = wanted,
                     .pieces = std::move(stream->second),
                     .piece_mean = kPieceMean * (dice_.Chance(kSlowPerThousand) ? kSlowness : 1),
                     .next = 0,
                     .incoming = *std::move(incoming)};
  waiting_.erase(stream);
  ScheduleStep();
}

void SnapshotLane::ScheduleStep() {
  lane_.After(dice_.About(storing_->piece_mean), [this, call = storing_->wanted.sender.call_id] {
    if (storing_ && storing_->wanted.sender.call_id == call) Step();
  });
}

void SnapshotLane::Step() {
  if (network_.is_storming() && dice_.Chance(kBreaksPerThousand)) {
    story_.Count(Sometimes::kSnapshotBroken);
    return Break();
  }
  if (storing_->next < storing_->pieces->size()) {
    const std::string& piece = (*storing_->pieces)[storing_->next++];
    if (!storing_->incoming->Add(piece).ok()) return failed_();
    return ScheduleStep();
  }
  const absl::StatusOr<SnapshotHeader> header = storing_->incoming->Finish();
  if (!header.ok()) return failed_();
  const Storing done = *std::exchange(storing_, std::nullopt);
  stored_({.sender = done.wanted.sender,
           .number = done.wanted.number,
           .last_included = header->last_included,
           .log_time_ms = header->log_time_ms,
           .configuration = header->configuration});
}

void SnapshotLane::Break() {
  const CallId call = storing_->wanted.sender.call_id;
  storing_.reset();
  broke_(call);
}

}  // namespace raft::simulation
