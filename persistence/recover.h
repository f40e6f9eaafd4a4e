// A majority is lost for good: what the survivors' directories still hold, and a new cluster of one
// server made out of the best of them.
//
// Raft alone cannot say what was committed once a majority is gone. This says what is certain, what
// is not, and takes the survivor that is sure to hold everything that any of them knows to be
// committed; one whose state is known to be wrong only when there is no other. Reads directories,
// never changes one. Offline.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "persistence/disk.h"
#include "persistence/inspect.h"
#include "persistence/new_cluster.h"

namespace raft {

// One survivor beside the chosen one.
struct SurvivorStanding {
  std::size_t position = 0;  // in what was given
  bool is_chosen = false;
  bool holds_known_committed = false;  // its log reaches it and agrees there
  // The first index at which its log holds another entry than the chosen one's, or holds one where
  // that has none: what it has from there on is given up.
  std::optional<LogIndex> given_up_from;
};

struct RecoveryPlan {
  std::size_t chosen = 0;  // in what was given
  Term highest_term;       // promised or logged by any of them
  // Known for certain: the furthest that any survivor has applied.
  LogPosition known_committed;
  // What the chosen log holds beyond: recovery commits it, though it may never have been. Equal to
  // known_committed: nothing.
  LogPosition chosen_last;
  // A leader of a later term than chosen_last's was voted for: entries of its may have been
  // acknowledged that no survivor holds.
  bool later_terms_are_missing = false;
  std::vector<SurvivorStanding> survivors;  // in the order given
};

// Compares and chooses: among those that hold known_committed the most up to date (§5.4.1: last
// term, then last index), then the one that applied most, then the lowest id. One whose state is
// marked as diverged is chosen only if all are. INVALID_ARGUMENT: none given, or one server twice.
// FAILED_PRECONDITION: of different clusters, forming, two that applied the same entries hold
// different states, or only a marked one holds known_committed; says what to do.
absl::StatusOr<RecoveryPlan> PlanRecovery(
    std::span<const std::unique_ptr<InspectedDirectory>> survivors);

// Makes `server.directory` out of the chosen survivor: its log and state, and one more entry of a
// term above plan.highest_term that makes this server the only member. Errors as RestoreSnapshot's;
// the directory of a survivor is never changed.
absl::StatusOr<NewClusterReport> RecoverInto(InspectedDirectory& chosen, const RecoveryPlan& plan,
                                             const NewServer& server, Disk& disk = LocalDisk());

}  // namespace raft
