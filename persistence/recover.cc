#include "persistence/recover.h"

#include <algorithm>
#include <tuple>

namespace raft {
namespace {

using Survivors = std::span<const std::unique_ptr<InspectedDirectory>>;

std::string Text(LogPosition position) {
  return "index " + std::to_string(position.index.value()) + " of term " +
         std::to_string(position.term.value());
}

absl::Status Refused(const std::string& reason) {
  return absl::FailedPreconditionError("cannot plan a recovery: " + reason);
}

// The position that the log has at this index; none: it ends before. What lies below the base is
// only in the state.
std::optional<LogPosition> PositionAt(const InspectedDirectory& survivor, LogIndex index) {
  const DirectoryReport& report = survivor.report();
  if (index < report.base.index || index > report.last.index) return std::nullopt;
  if (index == report.base.index) return report.base;
  return survivor.entries()[index - report.base.index - 1]->position();
}

// Whether the survivor holds everything up to a position that is known to be committed.
bool Holds(const InspectedDirectory& survivor, LogPosition committed) {
  // What its log begins after is committed too, so it goes through that position.
  if (committed.index < survivor.report().base.index) return true;
  return PositionAt(survivor, committed.index) == committed;
}

absl::Status CheckEach(Survivors survivors) {
  if (survivors.empty()) {
    return absl::InvalidArgumentError("cannot plan a recovery: no directory was given");
  }
  const ClusterId& cluster_id = survivors[0]->report().identity.founding.cluster_id;
  for (std::size_t position = 0; position < survivors.size(); ++position) {
    const DirectoryReport& report = survivors[position]->report();
    if (report.identity.is_forming()) {
      return Refused(report.path + " belongs to no cluster yet; leave it out");
    }
    if (report.identity.founding.cluster_id != cluster_id) {
      return Refused(report.path + " belongs to cluster " +
                     FormatClusterId(report.identity.founding.cluster_id) + ", and " +
                     survivors[0]->report().path + " to " + FormatClusterId(cluster_id) +
                     "; give directories of one cluster only");
    }
    for (const auto& earlier : survivors.first(position)) {
      if (earlier->report().identity.server_id != report.identity.server_id) continue;
      return absl::InvalidArgumentError("cannot plan a recovery: " + report.path + " and " +
                                        earlier->report().path + " are both of server " +
                                        std::to_string(report.identity.server_id.value()) +
                                        "; give the newer one only");
    }
  }
  return absl::OkStatus();
}

// Two states that hold the same entries are the same state, or one of them cannot be trusted. Of
// one that is marked that is known.
absl::Status CheckStates(Survivors survivors) {
  for (const auto& one : survivors) {
    for (const auto& other : survivors) {
      const DirectoryReport& a = one->report();
      const DirectoryReport& b = other->report();
      if (a.state_is_diverged || b.state_is_diverged) continue;
      if (a.applied.index != b.applied.index || (a.applied == b.applied && a.digest == b.digest)) {
        continue;
      }
      return Refused(a.path + " and " + b.path + " hold different states at " + Text(a.applied) +
                     ", so one of them is wrong; recover from the one you trust alone");
    }
  }
  return absl::OkStatus();
}

LogPosition KnownCommitted(Survivors survivors) {
  LogPosition furthest;
  for (const auto& survivor : survivors) {
    const LogPosition applied = survivor->report().applied;
    if (applied.index >= furthest.index) furthest = applied;
  }
  return furthest;
}

Term HighestTerm(Survivors survivors) {
  Term highest;
  for (const auto& survivor : survivors) {
    highest = std::max(highest, survivor->report().promise.current_term);
  }
  return highest;
}

// By last term, last index and what was applied; of equals the lower id.
bool IsBetter(const DirectoryReport& a, const DirectoryReport& b) {
  const auto rank = [](const DirectoryReport& report) {
    return std::tuple(report.last.term, report.last.index, report.applied.index);
  };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return a.identity.server_id < b.identity.server_id;
}

// The most up to date may lack what another one knows to be committed: a leader that was deposed
// before any majority heard of it leaves such a log. So only those that hold all of it compete, and
// a wrong state is no better than none as long as there is another.
std::optional<std::size_t> Choose(Survivors survivors, LogPosition known_committed) {
  const bool all_are_marked =
      std::all_of(survivors.begin(), survivors.end(),
                  [](const auto& survivor) { return survivor->report().state_is_diverged; });
  std::optional<std::size_t> chosen;
  for (std::size_t position = 0; position < survivors.size(); ++position) {
    if (!Holds(*survivors[position], known_committed)) continue;
    const DirectoryReport& report = survivors[position]->report();
    if (report.state_is_diverged && !all_are_marked) continue;
    if (!chosen || IsBetter(report, survivors[*chosen]->report())) chosen = position;
  }
  return chosen;
}

// Whoever applied the furthest holds it, so nobody is chosen only where their states are wrong.
absl::Status NobodyChosen(Survivors survivors, LogPosition known_committed) {
  std::string marked;
  for (const auto& survivor : survivors) {
    if (!survivor->report().state_is_diverged) continue;
    marked += (marked.empty() ? "" : ", ") + survivor->report().path;
  }
  return Refused("only a state that was found to be another than the majority's holds " +
                 Text(known_committed) + ", which is known to be committed: " + marked +
                 "; leave it out and lose what the others lack, or recover from it alone and keep "
                 "a wrong state");
}

std::optional<LogIndex> FirstGivenUp(const InspectedDirectory& survivor,
                                     const InspectedDirectory& chosen) {
  for (const LogEntryPointer& entry : survivor.entries()) {
    if (entry->index <= chosen.report().base.index) continue;
    if (PositionAt(chosen, entry->index) != entry->position()) return entry->index;
  }
  return std::nullopt;
}

// Everything that was applied anywhere was committed, so the chosen one must hold it too.
absl::Status CheckChosen(Survivors survivors, const InspectedDirectory& chosen) {
  for (const auto& survivor : survivors) {
    const DirectoryReport& report = survivor->report();
    if (Holds(chosen, report.applied)) continue;
    return Refused(report.path + " has applied " + Text(report.applied) + ", and " +
                   chosen.report().path +
                   ", which has applied more, does not hold it; one of "
                   "them is wrong: recover from the one you trust alone");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RecoveryPlan> PlanRecovery(Survivors survivors) {
  if (absl::Status status = CheckEach(survivors); !status.ok()) return status;
  if (absl::Status status = CheckStates(survivors); !status.ok()) return status;
  RecoveryPlan plan;
  plan.known_committed = KnownCommitted(survivors);
  plan.highest_term = HighestTerm(survivors);
  const std::optional<std::size_t> best = Choose(survivors, plan.known_committed);
  if (!best) return NobodyChosen(survivors, plan.known_committed);
  plan.chosen = *best;
  const InspectedDirectory& chosen = *survivors[plan.chosen];
  if (absl::Status status = CheckChosen(survivors, chosen); !status.ok()) return status;
  plan.chosen_last = chosen.report().last;
  plan.later_terms_are_missing = plan.highest_term > plan.chosen_last.term;
  for (std::size_t position = 0; position < survivors.size(); ++position) {
    plan.survivors.push_back(
        {.position = position,
         .is_chosen = position == plan.chosen,
         .holds_known_committed = Holds(*survivors[position], plan.known_committed),
         .given_up_from = FirstGivenUp(*survivors[position], chosen)});
  }
  return plan;
}

absl::StatusOr<NewClusterReport> RecoverInto(InspectedDirectory& chosen, const RecoveryPlan& plan,
                                             const NewServer& server, Disk& disk) {
  constexpr std::size_t kPieceBytes = 1 << 20;
  const DirectoryReport& report = chosen.report();
  OldCluster old{.founding = report.identity.founding,
                 .next_piece = nullptr,
                 .base = report.base,
                 .base_log_time_ms = report.base_log_time_ms,
                 .entries = chosen.entries(),
                 .highest_term = plan.highest_term};
  std::unique_ptr<SnapshotSource> source;
  if (report.applied.index > LogIndex(0)) {
    absl::StatusOr<std::unique_ptr<SnapshotSource>> opened = chosen.OpenSnapshot();
    if (!opened.ok()) return opened.status();
    source = *std::move(opened);
    old.next_piece = [&source] { return source->NextPiece(kPieceBytes); };
  }
  return BeginNewCluster(old, server, disk);
}

}  // namespace raft
