// Snapshots of thin machines: the state as a message, piece by piece, and the place where one that
// arrives waits until it becomes the live state.
//
// Keeps the contract of persistence/snapshot.h step by step, so that a crash between the steps
// leaves what a real disk would.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "persistence/snapshot.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/thin_machine.h"

namespace raft::simulation {

class ThinSource final : public SnapshotSource {
 public:
  ThinSource(ThinState state, std::string digest);

  const SnapshotHeader& header() const override { return header_; }
  // The first piece says what the snapshot is; each later one is a record.
  absl::StatusOr<std::string> NextPiece(std::size_t bytes_max) override;

 private:
  const ThinState state_;
  const SnapshotHeader header_;
  bool has_begun_ = false;
  std::map<std::string, raft::v1::KeyValue>::const_iterator next_;
};

class ThinInstaller final : public SnapshotInstaller {
 public:
  // Both outlive this.
  ThinInstaller(ThinDisk& disk, Dice& dice) : disk_(disk), dice_(dice) {}

  absl::StatusOr<std::unique_ptr<IncomingSnapshot>> Begin() override;
  absl::StatusOr<std::unique_ptr<KeyValueStore>> Switch() override;
  void Discard() override { disk_.received.reset(); }

 private:
  ThinDisk& disk_;
  Dice& dice_;
};

}  // namespace raft::simulation
