#include "tests/simulation/thin_machine.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "tests/simulation/thin_installer.h"
#include "tests/simulation/thin_store.h"

namespace raft::simulation {
namespace {

absl::Status Broken(const char* what) {
  return absl::UnavailableError(std::string("cannot write ") + what + ": the disk is broken");
}

class ThinStorage final : public Storage {
 public:
  ThinStorage(ThinDisk& disk, Dice& dice) : disk_(disk), dice_(dice) {}

  absl::Status Persist(std::span<const PersistRequest> requests) override {
    if (!failure_.ok()) return failure_;
    failure_ = WritePromise(requests);
    if (failure_.ok()) failure_ = WriteLog(requests);
    return failure_;
  }

 private:
  absl::Status WritePromise(std::span<const PersistRequest> requests) {
    const auto newest = std::find_if(requests.rbegin(), requests.rend(), [](const auto& request) {
      return request.promise.has_value();
    });
    if (newest == requests.rend()) return absl::OkStatus();
    bool done_by_half = false;
    const bool done = disk_.Step(dice_, &done_by_half);
    if (done || done_by_half) disk_.promise = *newest->promise;
    return done ? absl::OkStatus() : Broken("the promise");
  }

  // One atomic batch: all of it or nothing.
  absl::Status WriteLog(std::span<const PersistRequest> requests) {
    bool done_by_half = false;
    const bool done = disk_.Step(dice_, &done_by_half);
    if (done || done_by_half) {
      for (const PersistRequest& request : requests) Carry(request);
    }
    return done ? absl::OkStatus() : Broken("the log");
  }

  void Carry(const PersistRequest& request) {
    if (request.rebase) {
      disk_.MoveBase(request.rebase->base, request.rebase->log_time_ms,
                     request.rebase->keeps_suffix);
    }
    if (request.truncate_from && *request.truncate_from <= disk_.last_index()) {
      disk_.entries.resize(*request.truncate_from - disk_.base.index - 1);
    }
    for (const LogEntryPointer& entry : request.entries) {
      RAFT_CHECK(entry->index == disk_.last_index().Next(), "a write leaves no gap in the log");
      disk_.entries.push_back(entry);
    }
  }

  ThinDisk& disk_;
  Dice& dice_;
  absl::Status failure_;
};

}  // namespace

bool ThinDisk::Step(Dice& dice, bool* done_by_half) {
  *done_by_half = false;
  if (has_lost_power) return false;
  const bool power_goes = steps_to_power_cut > 0 && --steps_to_power_cut == 0;
  const bool write_fails = (steps_to_failure > 0 && --steps_to_failure == 0) || fails_for_good;
  if (!power_goes && !write_fails) return true;
  // A failed or interrupted write may be found all the same after a restart (trap E7).
  *done_by_half = dice.Coin();
  has_lost_power = power_goes;
  return false;
}

void ThinDisk::MoveBase(LogPosition to, LogTimeMs log_time_ms, bool keeps_suffix) {
  if (keeps_suffix) {
    RAFT_CHECK(to.index <= last_index(), "what is kept follows an entry of the log");
    entries.erase(entries.begin(),
                  entries.begin() + static_cast<std::ptrdiff_t>(to.index - base.index));
  } else {
    entries.clear();
  }
  base = to;
  base_log_time_ms = log_time_ms;
}

ThinMachine::ThinMachine(std::uint64_t seed, LogTimeMs founding_time_ms,
                         ClusterConfiguration founding)
    : dice_(seed, 0),
      founding_time_ms_(founding_time_ms),
      founding_(std::move(founding)),
      disk_(EmptyDisk(founding_time_ms_, founding_)) {}

ThinDisk ThinMachine::EmptyDisk(LogTimeMs founding_time_ms, const ClusterConfiguration& founding) {
  ThinDisk disk;
  disk.base_log_time_ms = founding_time_ms;
  disk.checkpoint.log_time_ms = founding_time_ms;
  disk.checkpoint.configuration.configuration = founding;
  return disk;
}

void ThinMachine::Wipe() {
  disk_ = EmptyDisk(founding_time_ms_, founding_);
  copy_.reset();
  ++incarnation_;
}

bool ThinMachine::PutCopyBack() {
  if (!copy_) return false;
  disk_ = *std::exchange(copy_, std::nullopt);
  Repair();
  return true;
}

absl::StatusOr<OpenedServer> ThinMachine::Start() {
  disk_.has_lost_power = false;
  if (disk_.fails_for_good) return Broken("the promise");
  FinishInstall();
  OpenedServer opened;
  opened.recovered.incarnation = incarnation_;
  opened.recovered.promise = disk_.promise;
  opened.recovered.base = disk_.base;
  opened.recovered.log_time_ms = disk_.base_log_time_ms;
  opened.recovered.entries = disk_.entries;
  opened.recovered.applied = disk_.applied;
  opened.recovered.state_is_diverged = disk_.state_is_diverged;
  opened.storage = std::make_unique<ThinStorage>(disk_, dice_);
  opened.state = std::make_unique<ThinStore>(disk_, dice_);
  opened.configuration = opened.state->configuration().configuration;
  opened.recovered.configuration_index = opened.state->configuration().index;
  opened.installer = std::make_unique<ThinInstaller>(disk_, dice_);
  return opened;
}

// As a start of raftd does (persistence/README.md, what a start accepts).
void ThinMachine::FinishInstall() {
  disk_.received.reset();
  if (!std::exchange(disk_.log_must_follow, false)) return;
  const LogPosition end = disk_.applied;
  if (end.index <= disk_.base.index) return;
  const bool is_in_log = end.index <= disk_.last_index() && disk_.At(end.index)->position() == end;
  disk_.MoveBase(end, disk_.checkpoint.log_time_ms, is_in_log);
}

void ThinMachine::ProcessEnded() { disk_.steps_to_power_cut = 0; }

// The state's writes are not synced one by one, so any end of them may be gone.
void ThinMachine::PowerLost() {
  const LogIndex kept(
      dice_.Between(static_cast<std::uint32_t>(disk_.checkpoint.applied.index.value()),
                    static_cast<std::uint32_t>(disk_.applied.index.value())));
  disk_.applied = kept == LogIndex(0) ? LogPosition{} : disk_.PositionAt(kept);
  disk_.steps_to_power_cut = 0;
}

void ThinMachine::Repair() {
  disk_.steps_to_power_cut = 0;
  disk_.steps_to_failure = 0;
  disk_.fails_for_good = false;
}

}  // namespace raft::simulation
