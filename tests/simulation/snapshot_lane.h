// One server's bulk thread: writes the snapshot that arrives beside the live state, piece by piece.
//
// The rules are raftd's: a stream waits until the core wants it; one is stored at a time, and a
// newer one takes the place of an older; a stream that breaks leaves nothing that counts. Pieces
// arrive with the offer, as one message; what may break is the writing of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/effects.h"
#include "core/inputs.h"
#include "persistence/snapshot.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/lane.h"
#include "tests/simulation/network.h"
#include "tests/simulation/story.h"

namespace raft::simulation {

using SnapshotPieces = std::shared_ptr<const std::vector<std::string>>;

// Everything a source has to say.
absl::StatusOr<SnapshotPieces> ReadAllPieces(SnapshotSource& source);

class SnapshotLane {
 public:
  SnapshotLane(VirtualTime& time, Dice& dice, const Network& network, Story& story)
      : dice_(dice), network_(network), story_(story), lane_(time) {}

  // A life begins. `broke`: this stream is over and its sender is to be told that nobody answers;
  // `failed`: the disk failed and the process must end.
  void Begin(SnapshotInstaller& installer, std::function<void(SnapshotStored)> stored,
             std::function<void(CallId)> broke, std::function<void()> failed);
  void EndLife();

  // A stream arrived and waits for the core's word.
  void Arrived(CallId call, SnapshotPieces pieces) { waiting_[call] = std::move(pieces); }
  // The core answered it without wanting it, or it is over.
  void Forget(CallId call) { waiting_.erase(call); }
  void Store(const SnapshotToStore& wanted);
  void Discard() { installer_->Discard(); }

  Lane& lane() { return lane_; }
  bool is_storing() const { return storing_.has_value(); }

 private:
  struct Storing {
    SnapshotToStore wanted;
    SnapshotPieces pieces;
    Moment piece_mean = 0;
    std::size_t next = 0;
    std::unique_ptr<IncomingSnapshot> incoming;
  };

  void ScheduleStep();
  void Step();
  void Break();

  Dice& dice_;
  const Network& network_;
  Story& story_;
  Lane lane_;
  SnapshotInstaller* installer_ = nullptr;
  std::function<void(SnapshotStored)> stored_;
  std::function<void(CallId)> broke_;
  std::function<void()> failed_;
  std::map<CallId, SnapshotPieces> waiting_;
  std::optional<Storing> storing_;
};

}  // namespace raft::simulation
