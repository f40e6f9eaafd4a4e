#include "core/snapshot_install.h"

#include <algorithm>

#include "core/check.h"
#include "core/outbox.h"
#include "core/server_state.h"

namespace raft {

void SnapshotInstall::OnOffer(const InstallSnapshotRequest& request, ReturnAddress sender,
                              ServerState& state, Outbox& outbox) {
  const LogPosition offered = request.last_included;
  if (const char* law = BrokenLaw(offered, state)) {
    Refuse(request.leader_id, law, request.number, sender, state, outbox);
    return;
  }
  if (IsNotNeeded(offered, state)) {
    Answer(request.number, sender, /*success=*/true, offered.index, state, outbox);
    return;
  }
  if (WouldGoBack(offered, state)) {  // the leader will have applied more when it tries again
    Answer(request.number, sender, /*success=*/false, LogIndex(0), state, outbox);
    return;
  }
  if (is_running()) {  // soon done; then it may not be needed any more
    Answer(request.number, sender, /*success=*/false, LogIndex(0), state, outbox);
    return;
  }
  awaited_ = sender;  // The newest offer wins: an older one may be of a leader that is gone.
  state.snapshot_work.discard = false;  // It takes the place of whatever is stored.
  state.snapshot_work.to_store.push_back(
      {.sender = sender, .number = request.number, .last_included = offered});
}

void SnapshotInstall::OnStored(const SnapshotStored& stored, bool leads, ServerState& state,
                               Outbox& outbox) {
  const bool is_awaited = awaited_ && awaited_->call_id == stored.sender.call_id;
  if (!is_awaited) return;  // Replaced by a newer one, and gone from the disk with that.
  RAFT_CHECK(!is_running(), "one snapshot is installed at a time");
  awaited_.reset();
  // More may have been committed since the offer.
  const char* law = BrokenLaw(stored.last_included, state);
  const bool is_news = stored.last_included.index > state.commit_index &&
                       !state.log().Contains(stored.last_included);
  if (law == nullptr && leads && is_news) {
    law = "Leader Completeness: a leader's log holds what a snapshot does";
  }
  if (law != nullptr) {
    state.snapshot_work.discard = true;
    Refuse(stored.sender.peer, law, stored.number, stored.sender, state, outbox);
    return;
  }
  if (IsNotNeeded(stored.last_included, state)) {
    state.snapshot_work.discard = true;
    Answer(stored.number, stored.sender, /*success=*/true, stored.last_included.index, state,
           outbox);
    return;
  }
  if (WouldGoBack(stored.last_included, state)) {  // put aside meanwhile, when it had gone further
    state.snapshot_work.discard = true;
    Answer(stored.number, stored.sender, /*success=*/false, LogIndex(0), state, outbox);
    return;
  }
  if (const char* time_law = BrokenLawOfTime(stored, state)) {
    state.snapshot_work.discard = true;
    Refuse(stored.sender.peer, time_law, stored.number, stored.sender, state, outbox);
    return;
  }
  stored_ = stored;
  stage_ = Stage::kPromising;
  awaited_write_ = PromiseWrite(state);
  SwitchOncePromiseIsDurable(state);
}

// A state of a term that the promise on disk does not know would be refused at the next start.
void SnapshotInstall::SwitchOncePromiseIsDurable(ServerState& state) {
  if (state.persistent.durability().durable_sequence() < awaited_write_) return;
  stage_ = Stage::kSwitching;
  state.snapshot_work.switch_to = stored_.last_included;
}

// The state is ahead of the log now. What the log holds of the snapshot's end and after stays; a
// log that does not hold it, or holds another entry there, is discarded (Figure 13, steps 6 and 7).
void SnapshotInstall::OnSwitched(const StateSwitched& switched, ServerState& state) {
  RAFT_CHECK(stage_ == Stage::kSwitching, "a state is switched once, when it was asked for");
  const LogPosition base = stored_.last_included;
  RAFT_CHECK(switched.last_included == base, "what was stored was switched to");
  state.persistent.MoveBaseTo(base, stored_.log_time_ms, stored_.configuration);
  RAFT_CHECK(state.log().base() == base, "the log begins where the state ends");
  RAFT_CHECK(state.handed_to_apply_index <= base.index, "a state never goes back (N4)");
  if (state.commit_index < base.index) state.AdvanceCommitIndex(base.index);
  state.last_applied = base.index;
  state.handed_to_apply_index = base.index;
  state.state_checks.BeginAnew();
  stage_ = Stage::kMovingBase;
  awaited_write_ = state.persistent.has_unsaved_changes()
                       ? state.persistent.durability().last_sequence().Next()
                       : state.persistent.durability().last_sequence();
  OnWritePersisted(state);  // The base of a log that began there already need not move.
}

void SnapshotInstall::OnWritePersisted(ServerState& state) {
  if (stage_ == Stage::kPromising) return SwitchOncePromiseIsDurable(state);
  if (stage_ != Stage::kMovingBase) return;
  if (state.persistent.durability().durable_sequence() < awaited_write_) return;
  state.snapshot_work.complete = true;
  stage_ = Stage::kCompleting;
}

void SnapshotInstall::OnCompleted(ServerState& state, Outbox& outbox) {
  RAFT_CHECK(stage_ == Stage::kCompleting, "an install is completed once, when it was asked for");
  stage_ = Stage::kNone;
  state.Note(SnapshotInstalled{.last_included = stored_.last_included});
  Answer(stored_.number, stored_.sender, /*success=*/true, stored_.last_included.index, state,
         outbox);
}

PersistSequence SnapshotInstall::PromiseWrite(const ServerState& state) {
  const DurabilityTracker& disk = state.persistent.durability();
  return state.persistent.has_unsaved_promise() ? disk.last_sequence().Next()
                                                : disk.last_promise_sequence();
}

const char* SnapshotInstall::BrokenLaw(LogPosition position, const ServerState& state) {
  const RaftLog& log = state.log();
  if (position.term > state.current_term()) return "no entry is of a term yet to come";
  if (position.index > state.commit_index) {
    const bool falls = position.term < *log.TermAt(state.commit_index);
    return falls ? "terms never fall along the log" : nullptr;
  }
  const bool agrees = position.index < log.base().index || log.Contains(position);
  return agrees ? nullptr : "Leader Completeness: a snapshot contradicts a committed entry";
}

const char* SnapshotInstall::BrokenLawOfTime(const SnapshotStored& stored,
                                             const ServerState& state) {
  const RaftLog& log = state.log();
  const LogPosition end = stored.last_included;
  if (log.Contains(end)) {
    return stored.log_time_ms == log.LogTimeAt(end.index) ? nullptr : "an entry has one log time";
  }
  const bool falls = stored.log_time_ms < log.LogTimeAt(state.commit_index);
  return falls ? "log time never falls along the log" : nullptr;
}

bool SnapshotInstall::IsNotNeeded(LogPosition position, const ServerState& state) {
  if (state.IsQuarantined()) return false;  // The log is here, but what it led to is not.
  return position.index <= state.commit_index || state.log().Contains(position);
}

// A state that is replaced though the log is here must not lack what the old one had.
bool SnapshotInstall::WouldGoBack(LogPosition position, const ServerState& state) {
  return position.index < state.handed_to_apply_index;
}

void SnapshotInstall::Refuse(ServerId leader, const char* law, RequestNumber number,
                             ReturnAddress sender, ServerState& state, Outbox& outbox) {
  state.Note(ImpossibleMessageRefused{.peer = leader, .law = law});
  Answer(number, sender, /*success=*/false, LogIndex(0), state, outbox);
}

// A match is claimed once everything written so far is durable.
void SnapshotInstall::Answer(RequestNumber number, ReturnAddress sender, bool success,
                             LogIndex match, ServerState& state, Outbox& outbox) {
  outbox.Send(OutgoingResponse{.to = sender,
                               .response = InstallSnapshotResponse{.number = number,
                                                                   .term = state.current_term(),
                                                                   .success = success,
                                                                   .match_index = match}});
}

}  // namespace raft
