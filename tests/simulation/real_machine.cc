#include "tests/simulation/real_machine.h"

#include <utility>

#include "core/check.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kMembersHash = 1;
// One step of a thin machine is some operations here: appends, syncs, both promise slots.
constexpr std::uint32_t kOperationsPerStep = 4;

}  // namespace

RealMachine::RealMachine(std::uint64_t seed, ServerId self, bool founds)
    : self_(self), founds_(founds), dice_(seed, 0), disk_(seed) {
  directory_ = *OpenDirectory();
  incarnation_ = directory_->identity().incarnation;
}

absl::StatusOr<std::unique_ptr<DataDirectory>> RealMachine::OpenDirectory() {
  return DataDirectory::Open("/data", self_, founds_ ? kMembersHash : 0, disk_);
}

FoundingMember RealMachine::member() const {
  return {.server_id = self_,
          .peer_address = "simulated:" + std::to_string(self_.value()),
          .incarnation = incarnation_};
}

void RealMachine::Found(FoundingConfiguration founding) {
  const absl::Status founded =
      founds_ ? directory_->AdoptFounding(founding) : directory_->AdoptFoundingAsJoiner(founding);
  RAFT_CHECK(founded.ok(), "a whole disk takes a founding");
  founding_ = std::move(founding);
  directory_.reset();
}

void RealMachine::Wipe() {
  RAFT_CHECK(directory_ == nullptr, "whoever wipes a disk has closed what was on it");
  Repair();
  disk_.Wipe("/data");
  founds_ = false;
  directory_ = *OpenDirectory();
  incarnation_ = directory_->identity().incarnation;
  Found(founding_);
}

absl::StatusOr<OpenedServer> RealMachine::Start() {
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory = OpenDirectory();
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  return directory_->OpenServer();
}

void RealMachine::ProcessEnded() {
  disk_.ProcessExit();
  directory_.reset();
}

void RealMachine::PowerLost() {
  disk_.PowerLoss();
  directory_.reset();
}

void RealMachine::CutPowerAfter(std::uint32_t steps) {
  disk_.CutPowerAfter(dice_.Between(1, steps * kOperationsPerStep));
}

void RealMachine::FailOnce(std::uint32_t after_steps) {
  const DiskOperation operation = dice_.Coin() ? DiskOperation::kWrite : DiskOperation::kSync;
  disk_.Fail(operation, dice_.Between(0, after_steps * kOperationsPerStep), FaultLasts::kOnce);
}

void RealMachine::FailForGood() {
  disk_.Fail(dice_.Coin() ? DiskOperation::kWrite : DiskOperation::kSync, 0, FaultLasts::kForEver);
}

void RealMachine::Repair() {
  disk_.Heal();
  disk_.FreeSpace();
  disk_.CallOffPowerCut();
}

}  // namespace raft::simulation
