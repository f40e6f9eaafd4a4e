// What a simulated server does about snapshots: the part of SimulatedServer that sends, stores and
// drops them. The steps of an install are the lanes' (apply_lane.h, snapshot_lane.h).
#include <utility>

#include "tests/simulation/simulated_server.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

// A switch of the state takes about so many steps.
constexpr std::uint32_t kStepsOfSwitch = 4;
constexpr std::uint32_t kCutsPerThousand = 300;

}  // namespace

void SimulatedServer::CarryOutSnapshotWork(const Effects& effects) {
  if (effects.switch_state) {
    laws_.SwitchBegins(*effects.switch_state);
    const bool is_aimed_at = world_.plan.Has(Fault::kPowerLostInDiskStep) &&
                             world_.network.is_storming() && dice_.Chance(kCutsPerThousand);
    if (is_aimed_at) machine_->CutPowerAfter(kStepsOfSwitch);
  }
  if (effects.discard_snapshot) {
    world_.story.Count(Sometimes::kSnapshotNotNeeded);
    snapshots_.Discard();
  }
  for (const SnapshotToStore& wanted : effects.snapshots_to_store) {
    // The disk may have failed in the one before.
    if (is_up() && calls_.contains(wanted.sender.call_id)) snapshots_.Store(wanted);
  }
  for (const SnapshotToSend& wanted : effects.snapshots_to_send) {
    if (is_up()) SendSnapshot(wanted);
  }
}

// The offer and all its pieces are one message here; what becomes of the pieces is the receiver's.
void SimulatedServer::SendSnapshot(const SnapshotToSend& wanted) {
  const absl::StatusOr<std::unique_ptr<SnapshotSource>> source = opened_.state->OpenSnapshot();
  if (!source.ok()) return FailedToWrite();
  const absl::StatusOr<SnapshotPieces> pieces = ReadAllPieces(**source);
  if (!pieces.ok()) return FailedToWrite();
  world_.story.Count(Sometimes::kSnapshotSent);
  const InstallSnapshotRequest offer{.number = wanted.number,
                                     .term = wanted.term,
                                     .leader_id = self_,
                                     .last_included = (*source)->header().last_included};
  laws_.RequestLeaves(offer);
  NoteOpenRequest(wanted.to, offer.number);
  world_.story.Tell([&] { return NameOf(self_) + " -> " + NameOf(wanted.to) + " " + Tell(offer); });
  if (!reachable_.contains(wanted.to)) return;  // as for any other message
  world_.network.Send(self_, wanted.to,
                      [this, head = HeadFor(wanted.to), to = wanted.to, offer, pieces = *pieces] {
                        world_.peer(to).RequestArrives(head, offer, pieces);
                      });
}

// The stream behind this call is over without an answer.
void SimulatedServer::EndCall(CallId call) {
  const auto open = calls_.find(call);
  if (open == calls_.end()) return;
  world_.network.Send(self_, open->second.caller, [this, open = open->second] {
    world_.peer(open.caller).NobodyAnswers(open.caller_life, open.number);
  });
  calls_.erase(open);
}

}  // namespace raft::simulation
