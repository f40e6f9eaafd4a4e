#include "core/compaction.h"

#include <algorithm>

#include "core/check.h"

namespace raft {

void Compaction::BeforeEffects(const std::vector<LogIndex>& needed_after, ServerState& state) {
  if (checkpoint_is_under_way_ || state.snapshot_install.is_running()) return;
  if (state.IsQuarantined()) return;  // The state cannot stand for what would go.
  const RaftLog& log = state.log();
  const RaftOptions& options = state.options;
  // Cheap, and mostly the end of it.
  const bool is_small = log.bytes() < options.compaction_bytes &&
                        log.last_index() - log.base().index < options.compaction_entries;
  if (is_small) return;
  const LogIndex goal = Dispensable(needed_after, state);
  const bool is_worth_it = log.BytesBetween(log.base().index, goal) >= options.compaction_bytes ||
                           goal - log.base().index >= options.compaction_entries;
  if (!is_worth_it) return;
  state.snapshot_work.checkpoint = true;
  checkpoint_is_under_way_ = true;
}

void Compaction::OnCheckpointed(LogIndex through, const std::vector<LogIndex>& needed_after,
                                ServerState& state) {
  RAFT_CHECK(checkpoint_is_under_way_, "a checkpoint is made when it was asked for");
  RAFT_CHECK(through <= state.handed_to_apply_index, "only what was handed over is applied");
  checkpoint_is_under_way_ = false;
  checkpointed_index_ = std::max(checkpointed_index_, through);
  if (state.IsQuarantined()) return;
  const LogIndex old_base = state.log().base().index;
  const LogIndex base = std::min(through, Dispensable(needed_after, state));
  if (base <= old_base) return;
  state.persistent.MoveBaseTo({.index = base, .term = *state.log().TermAt(base)},
                              state.log().LogTimeAt(base), IndexedConfiguration{});
  state.Note(LogTrimmed{.first_index = base.Next(), .count = base - old_base});
}

LogIndex Compaction::Dispensable(const std::vector<LogIndex>& needed_after,
                                 const ServerState& state) {
  const RaftLog& log = state.log();
  const RaftOptions& options = state.options;
  const LogIndex before_tail = log.TailWithin(options.tail_bytes, options.tail_entries) - 1;
  LogIndex last = std::min(state.last_applied, before_tail);
  // Whoever needs more than twice the tail is slower than the cluster writes: the log cannot wait
  // for it, and a transfer that it would have followed begins anew (Role::OnLogTrimmed).
  const LogIndex oldest_kept = log.TailWithin(2 * options.tail_bytes, 2 * options.tail_entries) - 1;
  for (const LogIndex after : needed_after) {
    if (after >= oldest_kept) last = std::min(last, after);
  }
  return std::max(last, log.base().index);
}

}  // namespace raft
