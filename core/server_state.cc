#include "core/server_state.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace raft {

namespace {

ClusterConfiguration ConfigurationIn(const LogEntry& entry) {
  std::optional<ClusterConfiguration> configuration = ClusterConfiguration::Decode(entry.data);
  RAFT_CHECK(configuration.has_value(), "the border lets only sound configurations pass");
  return *std::move(configuration);
}

}  // namespace

PersistentState::PersistentState(const Promise& promise, RaftLog log,
                                 const IndexedConfiguration& applied)
    : promise_(promise),
      log_(std::move(log)),
      configurations_(applied),
      durability_(log_.last_index()),
      handed_to_disk_index_(log_.last_index()) {
  RAFT_CHECK(log_.last_position().term <= promise_.current_term,
             "no entry is of a term this server has not seen (N4)");
  for (LogIndex index = log_.first_index(); index <= log_.last_index(); index = index.Next()) {
    const LogEntry& entry = *log_.At(index);
    if (entry.kind != EntryKind::kConfiguration || index <= applied.index) continue;
    configurations_.Append(index, ConfigurationIn(entry));
  }
}

void PersistentState::AdoptTerm(Term term) {
  RAFT_CHECK(term > promise_.current_term, "the current term never falls (N1)");
  promise_ = {.current_term = term, .voted_for = std::nullopt};
  promise_changed_ = true;
}

void PersistentState::GrantVote(ServerId candidate) {
  RAFT_CHECK(candidate != ServerId(0), "a candidate has an id");
  RAFT_CHECK(!promise_.voted_for || *promise_.voted_for == candidate,
             "Election Safety: one vote per term (N2)");
  if (promise_.voted_for == candidate) return;
  promise_.voted_for = candidate;
  promise_changed_ = true;
}

void PersistentState::Append(LogEntryPointer entry) {
  RAFT_CHECK(entry->term <= promise_.current_term, "no entry is of a term yet to come (N4)");
  if (entry->kind == EntryKind::kConfiguration) {
    configurations_.Append(entry->index, ConfigurationIn(*entry));
  }
  log_.Append(std::move(entry));
}

void PersistentState::TruncateFrom(LogIndex first) {
  log_.TruncateFrom(first);
  configurations_.TruncateFrom(first);
  durability_.Truncate(first);
  if (first > handed_to_disk_index_) return;  // the disk has not heard of these entries
  truncate_from_ = truncate_from_ ? std::min(*truncate_from_, first) : first;
  handed_to_disk_index_ = first - 1;
}

void PersistentState::MoveBaseTo(LogPosition base, LogTimeMs log_time_ms,
                                 const IndexedConfiguration& at_base) {
  if (base.index <= log_.base().index) return;
  const bool is_in_log = log_.Contains(base);
  const bool is_on_disk = is_in_log && base.index <= durability_.durable_index();
  if (is_in_log) {
    log_.TrimThrough(base.index);
  } else {
    log_.ResetTo(base, log_time_ms);
    configurations_.ResetTo(at_base);
  }
  const bool keeps_suffix = is_on_disk && (!rebase_ || rebase_->keeps_suffix);
  rebase_ = LogRebase{.base = base, .log_time_ms = log_time_ms, .keeps_suffix = keeps_suffix};
  if (is_on_disk) return;
  // The log on disk starts anew, and what memory kept of it is written once more.
  durability_.ResetTo(base.index);
  truncate_from_.reset();
  handed_to_disk_index_ = base.index;
}

bool PersistentState::has_unsaved_changes() const {
  return promise_changed_ || rebase_ || truncate_from_ || handed_to_disk_index_ < log_.last_index();
}

PersistRequest PersistentState::TakePersistRequest() {
  RAFT_CHECK(has_unsaved_changes(), "a write carries something");
  PersistRequest request;
  request.sequence = durability_.HandOut(log_.last_index(), promise_changed_);
  if (promise_changed_) request.promise = promise_;
  request.rebase = std::exchange(rebase_, std::nullopt);
  request.truncate_from = truncate_from_;
  request.entries.reserve(log_.last_index() - handed_to_disk_index_);
  for (LogIndex index = handed_to_disk_index_.Next(); index <= log_.last_index();
       index = index.Next()) {
    request.entries.push_back(log_.At(index));
  }
  promise_changed_ = false;
  truncate_from_.reset();
  handed_to_disk_index_ = log_.last_index();
  return request;
}

ServerState::ServerState(ServerId self_id, const ClusterConfiguration& members,
                         const RaftOptions& limits, std::uint64_t random_seed,
                         const RecoveredState& recovered)
    : self(self_id),
      incarnation(recovered.incarnation),
      options(limits),
      persistent(recovered.promise,
                 RaftLog(recovered.base, recovered.log_time_ms, recovered.entries),
                 {.index = recovered.configuration_index, .configuration = members}),
      commit_index(recovered.applied.index),
      last_applied(recovered.applied.index),
      handed_to_apply_index(recovered.applied.index),
      random(random_seed),
      election_timer(options, random),
      state_checks(recovered.state_is_diverged ? std::optional(recovered.applied.index)
                                               : std::nullopt) {
  RAFT_CHECK(self != ServerId(0), "a server has an id");
  RAFT_CHECK(options.election_timeout_ticks_min > 2 * options.heartbeat_ticks,
             "a heartbeat comes at least twice per election timeout");
  RAFT_CHECK(log().Contains(recovered.applied),
             "what was applied is in the log (State Machine Safety, N4)");
  RAFT_CHECK(recovered.configuration_index <= recovered.applied.index,
             "the state machine holds the configuration it names");
  if (IsQuarantined()) Note(StateDiverged{.index = *state_checks.diverged_index()});
}

void ServerState::RecordDigest(StateCheck own) {
  RAFT_CHECK(own.index <= handed_to_apply_index, "only what was handed over is applied");
  // A verdict now would reach the state that is about to take this one's place.
  if (snapshot_install.is_running()) return;
  if (state_checks.Record(std::move(own))) Quarantine();
}

void ServerState::LearnMajorityState(const StateCheck& majority) {
  if (snapshot_install.is_running()) return;  // as above
  if (state_checks.LearnMajority(majority)) Quarantine();
}

void ServerState::Quarantine() {
  RAFT_CHECK(IsQuarantined(), "a state is put aside for a reason");
  snapshot_work.mark_diverged = true;
  Note(StateDiverged{.index = *state_checks.diverged_index()});
}

RequestNumber ServerState::TakeRequestNumber() {
  const RequestNumber number = next_request_number_;
  next_request_number_ = number.Next();
  return number;
}

void ServerState::AdvanceCommitIndex(LogIndex index) {
  RAFT_CHECK(index >= commit_index, "the commit index never falls (N4)");
  RAFT_CHECK(index <= log().last_index(), "only what is in the log is committed (N4)");
  if (index == commit_index) return;
  commit_index = index;
  persistent.Commit(index);
  Note(CommitAdvanced{.commit_index = index});
}

}  // namespace raft
