// Figure 2's State box: what every server keeps, whatever its role.
//
// PersistentState notices its own changes, so that no handler can forget to persist them;
// RaftServer::TakeEffects turns the marks into one write. ServerState is the thin thing that roles
// share. Knows no messages and no roles.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/configuration_history.h"
#include "core/durability_tracker.h"
#include "core/effects.h"
#include "core/election_timer.h"
#include "core/leadership_transfer.h"
#include "core/raft_log.h"
#include "core/raft_options.h"
#include "core/random_source.h"
#include "core/recovered_state.h"
#include "core/snapshot_install.h"
#include "core/state_checks.h"
#include "core/types.h"

namespace raft {

// currentTerm, votedFor, log[]: "updated on stable storage before responding to RPCs".
class PersistentState {
 public:
  // `applied`: the configuration that the state machine holds; newer ones are found in the log.
  PersistentState(const Promise& promise, RaftLog log, const IndexedConfiguration& applied);

  Term current_term() const { return promise_.current_term; }
  std::optional<ServerId> voted_for() const { return promise_.voted_for; }
  const RaftLog& log() const { return log_; }
  const DurabilityTracker& durability() const { return durability_; }
  // The newest configuration in the log, committed or not, is in force (§6).
  const ConfigurationHistory& configurations() const { return configurations_; }

  // Moves to a newer term and forgets the vote (§5.1). Requires: term > current_term().
  void AdoptTerm(Term term);
  // Gives this term's one vote. Requires: no vote for anybody else in this term.
  void GrantVote(ServerId candidate);
  void Append(LogEntryPointer entry);
  // Removes the entries from `first` on, in memory now, on disk with the next write.
  void TruncateFrom(LogIndex first);

  // The log begins after `base` from now on: what is before lies durably in the state machine. If
  // the log holds this very entry, what follows it stays; otherwise nothing of it does (Figure 13,
  // steps 6 and 7), and the configuration is what it was `at_base`. A base at or behind the present
  // one changes nothing.
  void MoveBaseTo(LogPosition base, LogTimeMs log_time_ms, const IndexedConfiguration& at_base);
  // Everything up to `index` is committed and will never be truncated.
  void Commit(LogIndex index) { configurations_.Commit(index); }

  // Whether anything changed that no write carries yet.
  bool has_unsaved_changes() const;
  bool has_unsaved_promise() const { return promise_changed_; }

  // The write that makes all marked changes durable. Requires: has_unsaved_changes().
  PersistRequest TakePersistRequest();
  void CompletePersist(PersistSequence sequence) { durability_.Complete(sequence); }

 private:
  Promise promise_;
  RaftLog log_;
  ConfigurationHistory configurations_;
  DurabilityTracker durability_;
  bool promise_changed_ = false;
  std::optional<LogRebase> rebase_;        // the log on disk still begins earlier
  std::optional<LogIndex> truncate_from_;  // the disk still holds entries from here on
  LogIndex handed_to_disk_index_;          // last entry some write carries
};

// What snapshots ask of the world, until effects are taken.
struct SnapshotWork {
  std::vector<SnapshotToSend> to_send;
  std::vector<SnapshotToStore> to_store;
  bool discard = false;
  bool mark_diverged = false;
  bool checkpoint = false;
  std::optional<LogPosition> switch_to;
  bool complete = false;
};

// What roles share. One per server; outlives every role.
struct ServerState {
  ServerState(ServerId self_id, const ClusterConfiguration& members, const RaftOptions& limits,
              std::uint64_t random_seed, const RecoveredState& recovered);
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  const RaftLog& log() const { return persistent.log(); }
  Term current_term() const { return persistent.current_term(); }
  // The configuration in force, and the index of its entry.
  const ClusterConfiguration& configuration() const {
    return *persistent.configurations().newest().configuration;
  }
  LogIndex configuration_index() const { return persistent.configurations().newest().index; }
  // Whether the configuration in force can never be truncated.
  bool IsConfigurationCommitted() const { return configuration_index() <= commit_index; }
  // Whether this server may campaign. One that the newest configuration leaves out is needed all
  // the same until that is committed: it may be the only one that has it (dissertation §4.2.2).
  bool MayCampaign() const {
    return persistent.configurations().MayVote(self, incarnation) && !removed_at;
  }

  // A number no other request of this process has.
  RequestNumber TakeRequestNumber();
  // The number the next request will get.
  RequestNumber next_request_number() const { return next_request_number_; }

  // Raises the commit index. Requires: not below the present one, not past the log.
  void AdvanceCommitIndex(LogIndex index);

  // The state here is another one than that of a majority of the voters: nothing is applied to it
  // and no client is answered from it until a snapshot has taken its place.
  bool IsQuarantined() const { return state_checks.diverged_index().has_value(); }
  // The digest of the state here, and of the majority's, at an index: compared once both are known.
  void RecordDigest(StateCheck own);
  void LearnMajorityState(const StateCheck& majority);

  // Records an event for whoever listens.
  void Note(RaftEvent event) { events.push_back(event); }

  const ServerId self;
  const std::uint64_t incarnation;  // RecoveredState::incarnation
  const RaftOptions options;

  PersistentState persistent;
  LogIndex commit_index;           // Figure 2, volatile state on all servers
  LogIndex last_applied;           // the state machine holds everything up to here
  LogIndex handed_to_apply_index;  // the apply lane was given everything up to here
  std::uint64_t ticks = 0;         // since this process started
  RandomSource random;
  ElectionTimer election_timer;
  std::vector<RaftEvent> events;
  SnapshotWork snapshot_work;
  SnapshotInstall snapshot_install;
  StateChecks state_checks;
  LeadershipTransfer transfer;
  // A committed configuration of this index lists this server no more, as far as it was told. A
  // leader that has it in its configuration proves the opposite.
  std::optional<LogIndex> removed_at;

 private:
  void Quarantine();

  RequestNumber next_request_number_{1};
};

}  // namespace raft
