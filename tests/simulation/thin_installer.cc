#include "tests/simulation/thin_installer.h"

#include "core/check.h"
#include "tests/simulation/thin_store.h"

namespace raft::simulation {
namespace {

absl::Status BrokenDisk() { return absl::UnavailableError("the disk is broken"); }

class ThinIncoming final : public IncomingSnapshot {
 public:
  ThinIncoming(ThinDisk& disk, Dice& dice) : disk_(disk), dice_(dice) {}

  absl::Status Add(std::string_view piece) override {
    bool done_by_half = false;
    if (!disk_.Step(dice_, &done_by_half)) return BrokenDisk();
    raft::v1::KeyValue item;
    const bool parsed = item.ParseFromArray(piece.data(), static_cast<int>(piece.size()));
    RAFT_CHECK(parsed, "a simulated network keeps bytes as they are");
    if (!has_begun_) {
      Begin(item);
    } else {
      state_.items[item.key()] = item;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SnapshotHeader> Finish() override {
    if (!has_begun_ || state_.items.size() != key_count_) {
      return absl::DataLossError("the snapshot is not whole");
    }
    bool done_by_half = false;
    if (!disk_.Step(dice_, &done_by_half)) return BrokenDisk();
    disk_.received = state_;
    return SnapshotHeader{.last_included = state_.applied,
                          .log_time_ms = state_.log_time_ms,
                          .key_count = key_count_,
                          .digest = {},
                          .configuration = state_.configuration};
  }

 private:
  // The first piece carries numbers in the place of an item's, and the configuration.
  void Begin(const raft::v1::KeyValue& numbers) {
    has_begun_ = true;
    state_.applied = {.index = LogIndex(numbers.created_revision()),
                      .term = Term(numbers.modified_revision())};
    key_count_ = numbers.version();
    state_.log_time_ms = static_cast<LogTimeMs>(std::stoll(numbers.key()));
    std::size_t digits = 0;
    state_.records_hash = std::stoull(numbers.value(), &digits);
    std::string_view rest = std::string_view(numbers.value()).substr(digits + 1);
    const std::size_t space = rest.find(' ');
    state_.configuration.index = LogIndex(std::stoull(std::string(rest.substr(0, space))));
    state_.configuration.configuration =
        ClusterConfiguration::Decode(rest.substr(space + 1)).value();
  }

  ThinDisk& disk_;
  Dice& dice_;
  ThinState state_;
  bool has_begun_ = false;
  std::uint64_t key_count_ = 0;
};

}  // namespace

ThinSource::ThinSource(ThinState state, std::string digest)
    : state_(std::move(state)),
      header_{.last_included = state_.applied,
              .log_time_ms = state_.log_time_ms,
              .key_count = state_.items.size(),
              .digest = std::move(digest),
              .configuration = state_.configuration},
      next_(state_.items.begin()) {}

absl::StatusOr<std::string> ThinSource::NextPiece(std::size_t) {
  if (!std::exchange(has_begun_, true)) {
    raft::v1::KeyValue numbers;
    numbers.set_created_revision(state_.applied.index.value());
    numbers.set_modified_revision(state_.applied.term.value());
    numbers.set_version(state_.items.size());
    numbers.set_key(std::to_string(state_.log_time_ms));
    numbers.set_value(std::to_string(state_.records_hash) + " " +
                      std::to_string(state_.configuration.index.value()) + " " +
                      state_.configuration.configuration.Encode());
    return numbers.SerializeAsString();
  }
  if (next_ == state_.items.end()) return std::string();
  return (next_++)->second.SerializeAsString();
}

absl::StatusOr<std::unique_ptr<IncomingSnapshot>> ThinInstaller::Begin() {
  disk_.received.reset();
  return std::unique_ptr<IncomingSnapshot>(std::make_unique<ThinIncoming>(disk_, dice_));
}

// One atomic step: the pointer names the one state or the other.
absl::StatusOr<std::unique_ptr<KeyValueStore>> ThinInstaller::Switch() {
  RAFT_CHECK(disk_.received.has_value(), "what is switched to was stored");
  bool done_by_half = false;
  const bool done = disk_.Step(dice_, &done_by_half);
  if (done || done_by_half) {
    disk_.checkpoint = *std::exchange(disk_.received, std::nullopt);
    disk_.applied = disk_.checkpoint.applied;
    disk_.log_must_follow = true;
    disk_.distortion = 0;
    disk_.state_is_diverged = false;
  }
  if (!done) return BrokenDisk();
  return std::unique_ptr<KeyValueStore>(std::make_unique<ThinStore>(disk_, dice_));
}

}  // namespace raft::simulation
