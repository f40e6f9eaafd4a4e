#include "tests/simulation/thin_machine.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
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
    std::vector<LogEntryPointer>& entries = disk_.entries;
    if (request.truncate_from && request.truncate_from->value() <= entries.size()) {
      entries.resize(request.truncate_from->value() - 1);
    }
    for (const LogEntryPointer& entry : request.entries) {
      RAFT_CHECK(entry->index.value() == entries.size() + 1, "a write leaves no gap in the log");
      entries.push_back(entry);
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

ThinMachine::ThinMachine(std::uint64_t seed, LogTimeMs founding_time_ms) : dice_(seed, 0) {
  disk_.founding_time_ms = founding_time_ms;
}

absl::StatusOr<OpenedServer> ThinMachine::Start() {
  disk_.has_lost_power = false;
  if (disk_.fails_for_good) return Broken("the promise");
  OpenedServer opened;
  opened.recovered.promise = disk_.promise;
  opened.recovered.entries = disk_.entries;
  opened.recovered.applied = disk_.applied;
  opened.recovered.log_time_ms = disk_.founding_time_ms;
  opened.storage = std::make_unique<ThinStorage>(disk_, dice_);
  opened.state = std::make_unique<ThinStore>(disk_, dice_);
  return opened;
}

void ThinMachine::ProcessEnded() { disk_.steps_to_power_cut = 0; }

// The state's writes are not synced one by one, so any end of them may be gone.
void ThinMachine::PowerLost() {
  const std::uint64_t kept =
      dice_.Between(static_cast<std::uint32_t>(disk_.checkpointed.index.value()),
                    static_cast<std::uint32_t>(disk_.applied.index.value()));
  disk_.applied = kept == 0 ? LogPosition{} : disk_.entries[kept - 1]->position();
  disk_.steps_to_power_cut = 0;
}

void ThinMachine::Repair() {
  disk_.steps_to_power_cut = 0;
  disk_.steps_to_failure = 0;
  disk_.fails_for_good = false;
}

}  // namespace raft::simulation
