// What a server stands on and a crash cannot take: its disk, and what may happen to it.
//
// Start opens what is left of the last life; everything else here happens to the machine, not to
// the process. Two kinds: thin_machine.h keeps promise, log and state in plain memory and is fast;
// real_machine.h runs raftd's own storage code over a simulated disk. Knows nothing of time: who
// writes decides how long it takes.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/types.h"
#include "persistence/data_directory.h"
#include "tests/simulation/dice.h"

namespace raft::simulation {

class Machine {
 public:
  virtual ~Machine() = default;

  // Opens promise, log and state as the last life left them. An error is what raftd would say
  // before it refuses to start. Requires: nothing of an earlier life is still open.
  virtual absl::StatusOr<OpenedServer> Start() = 0;

  // How a life ends; whatever it opened changes nothing on the disk from here on, and is destroyed
  // next.
  // kill -9: what was written stays, synced or not.
  virtual void ProcessEnded() = 0;
  // The plug was pulled: unsynced suffixes are gone.
  virtual void PowerLost() = 0;

  // The power goes inside one of the next `steps` steps of writing: that one is done by half, later
  // ones not at all, and all of them fail.
  virtual void CutPowerAfter(std::uint32_t steps) = 0;
  virtual bool has_lost_power() const = 0;

  // One of the next writes fails; after FailForGood every one does, until Repair, which also calls
  // off whatever is yet to come.
  virtual void FailOnce(std::uint32_t after_steps) = 0;
  virtual void FailForGood() = 0;
  virtual void FillUp() = 0;
  virtual void Repair() = 0;

  // Which life of its data directory this is; never 0. Another one after each Wipe.
  virtual std::uint64_t incarnation() const = 0;
  // The disk is emptied: what starts on it next knows nothing, and is to be added to the cluster
  // like any new server. Requires: nothing is open on it.
  virtual void Wipe() = 0;
  // Somebody copies the disk, as a backup would; and puts the copy in the place of what came since,
  // within the same life. False: there is no copy. Requires of the second: nothing is open on it.
  virtual void KeepCopy() = 0;
  virtual bool PutCopyBack() = 0;

  // The state on this machine becomes another one than its log leads to, as by a broken memory or a
  // mistake in the state machine: every digest of it is another from now on. Clients' answers stay
  // right, so that they can be judged. Until a snapshot takes its place.
  virtual void DistortState() = 0;
  virtual bool is_state_distorted() const = 0;
};

}  // namespace raft::simulation
