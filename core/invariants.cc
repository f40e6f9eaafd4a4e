#include "core/invariants.h"

#include "core/check.h"

namespace raft {

void Invariants::Check(const ServerState& state, const Role& role) {
  CheckOneState(state, role);
  const Memory now{
      .promise = {.current_term = state.current_term(), .voted_for = state.persistent.voted_for()},
      .committed = {.index = state.commit_index, .term = *state.log().TermAt(state.commit_index)},
      .handed_to_apply_index = state.handed_to_apply_index,
      .base_index = state.log().base().index,
      .last_position = state.log().last_position(),
      .durable_sequence = state.persistent.durability().durable_sequence(),
      .role = role.name(),
      .is_quarantined = state.IsQuarantined()};
  if (has_previous_) CheckBetweenStates(now, state);
  previous_ = now;
  has_previous_ = true;
}

void Invariants::CheckOneState(const ServerState& state, const Role& role) const {
  const RaftLog& log = state.log();
  const LogIndex durable = state.persistent.durability().durable_index();
  RAFT_CHECK(log.base().index <= state.last_applied, "nothing unapplied was trimmed (N4)");
  RAFT_CHECK(state.last_applied <= state.handed_to_apply_index, "applied was handed over (N4)");
  RAFT_CHECK(state.handed_to_apply_index <= state.commit_index, "only committed is applied (N4)");
  RAFT_CHECK(state.handed_to_apply_index <= durable, "only what is durable here is applied");
  RAFT_CHECK(state.commit_index <= log.last_index(), "only what is in the log is committed (N4)");
  RAFT_CHECK(durable <= log.last_index(), "only what is in the log is durable");
  RAFT_CHECK(log.last_position().term <= state.current_term(), "no entry is of a later term (N4)");

  RAFT_CHECK(state.configuration_index() <= log.last_index(),
             "the configuration in force is in the log or the state (N8)");
  const bool campaigns =
      role.name() == RoleName::kCandidate || role.name() == RoleName::kPreCandidate;
  RAFT_CHECK_IMPLIES(campaigns, state.MayCampaign(), "only a voter campaigns (trap D9)");

  const bool campaigns_or_leads =
      role.name() == RoleName::kCandidate || role.name() == RoleName::kLeader;
  RAFT_CHECK_IMPLIES(campaigns_or_leads, state.persistent.voted_for() == state.self,
                     "a candidate or leader voted for itself");
  RAFT_CHECK_IMPLIES(role.name() != RoleName::kLeader, state.election_timer.is_running(),
                     "whoever does not lead waits for a leader (N10)");
  RAFT_CHECK_IMPLIES(role.name() == RoleName::kLeader, role.leader() == state.self,
                     "a leader knows that it leads");
}

void Invariants::CheckBetweenStates(const Memory& now, const ServerState& state) const {
  RAFT_CHECK(now.promise.current_term >= previous_.promise.current_term,
             "the current term never falls (N1)");
  const bool same_term = now.promise.current_term == previous_.promise.current_term;
  RAFT_CHECK_IMPLIES(same_term && previous_.promise.voted_for,
                     now.promise.voted_for == previous_.promise.voted_for,
                     "Election Safety: within a term the vote is set at most once (N2)");
  RAFT_CHECK(now.committed.index >= previous_.committed.index, "the commit index never falls (N4)");
  RAFT_CHECK(now.handed_to_apply_index >= previous_.handed_to_apply_index,
             "nothing is handed to apply twice (N4)");
  RAFT_CHECK_IMPLIES(previous_.is_quarantined && now.is_quarantined,
                     now.handed_to_apply_index == previous_.handed_to_apply_index,
                     "nothing is applied to a state that is not the cluster's");
  RAFT_CHECK(now.durable_sequence >= previous_.durable_sequence, "the disk lane is FIFO");

  const bool led_throughout =
      same_term && previous_.role == RoleName::kLeader && now.role == RoleName::kLeader;
  RAFT_CHECK_IMPLIES(led_throughout, state.log().Contains(previous_.last_position),
                     "Leader Append-Only: a leader never cuts its own log (N5)");
  RAFT_CHECK(now.base_index >= previous_.base_index, "the beginning of the log never goes back");
  // What was committed stays: the newest committed entry vouches for those before it (N6). What was
  // trimmed since is in the state machine.
  RAFT_CHECK(
      previous_.committed.index < now.base_index || state.log().Contains(previous_.committed),
      "no committed entry is ever removed or replaced (N6)");
}

}  // namespace raft
