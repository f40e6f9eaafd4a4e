// The laws that hold of one server, watched from outside after everything that happens to it.
//
// Ids N1 to N11 are those of the test plan. Sees what a server writes, sends and shows of itself;
// never looks inside. What the core checks of itself after each step (core/invariants.h) is not
// repeated here; N10 is the core's alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/effects.h"
#include "core/raft_status.h"
#include "core/recovered_state.h"
#include "tests/simulation/law_broken.h"
#include "tests/simulation/log_view.h"
#include "tests/simulation/story.h"

namespace raft::simulation {

class ServerLaws {
 public:
  ServerLaws(ServerId self, const RaftOptions& options, Story& story);

  // A new life began with this. N9: it is a state that the disk may have been left in, and holds
  // every promise ever told.
  void Started(const RecoveredState& recovered);

  // The disk was emptied: what is told from now on is another life's word. What the lost one held
  // counted until then; that it did may be noticed later.
  void Wiped();
  void ForgetLostLife() { lost_ = {}; }
  // A life began with an old copy of the disk: it may have forgotten anything.
  void StartedFromOldCopy(const RecoveredState& recovered);
  // Whether this was durable here, in this life or the one that was lost.
  bool HasHeld(LogPosition position) const {
    return durable_.Contains(position) || lost_.Contains(position);
  }

  // The apply lane: the state survives any crash through this entry (a checkpoint, or a snapshot
  // that took its place); and: it is about to be replaced by one that ends here.
  void StateIsDurable(LogIndex through);
  void SwitchBegins(LogPosition to) { switching_to_ = to; }

  // The disk lane: asked for (N1, N2, N6), begun, and done.
  void AskedToWrite(const PersistRequest& request, LogIndex commit_index);
  void WriteBegan(std::span<const PersistRequest> requests);
  void WriteDone();

  // A TimeoutNow of this term arrived: no pre-vote is needed for the next.
  void AskedToCampaign(Term term) { asked_to_campaign_.insert(term.Next()); }

  // N3, promise before word: what leaves claims only what the disk has.
  void RequestLeaves(const PeerRequest& request);
  // `verified`: the last entry the answered AppendEntries vouched for.
  void ResponseLeaves(const PeerResponse& response, ServerId to, LogPosition verified);

  // This leader hands over; what it has handed over before is another hand-over.
  void HandOverBegan() { hand_over_began_ms_.reset(); }
  // An answer comes in. What it is a pre-vote for may be campaigned for.
  void ResponseArrives(ServerId from, const PeerResponse& response);

  // So many ticks come with the turn that begins, more than one if its clock jumps.
  void TurnBegins(std::uint64_t ticks) { ticks_in_turn_ = ticks; }

  // N1, N4, N5, N7, N8, N11, A13, D8, D20, E-7: the server as it shows itself after a turn.
  void Shows(const RaftStatus& status);

  const LogView& written() const { return written_; }
  std::uint64_t checked() const { return checked_; }

 private:
  void Demand(bool holds, const char* law, const std::string& seen);
  // What the disk may have been left in, one step further: a start finishes what a switch of the
  // state began, by moving the base of the log.
  bool IsFinishedInstall(LogView& view, const RecoveredState& recovered) const;
  void CheckRebase(const LogRebase& rebase);
  // N8: a configuration follows from the one before it in the log, by one step of §6.
  void NoteConfigurations(const PersistRequest& request);
  void NoteRecoveredConfigurations(const RecoveredState& recovered);
  // A leader's own change follows one that is committed (D5), in a term in which it has committed
  // something (D1).
  void CheckOwnChange(const RaftStatus& status);
  void CheckBegunChange(const RaftStatus& status);
  void CheckHeardMajority(const RaftStatus& status);
  void CheckPreVotes(const RaftStatus& status);
  // A server is asked to campaign.
  void CheckHandOver();
  void CheckDeadline(const RaftStatus& status);
  void CheckSnapshotAnswer(const InstallSnapshotResponse& answer);
  void DemandOwnVote(Term term, const char* what);
  void CheckLeader(const RaftStatus& status);

  const ServerId self_;
  const RaftOptions options_;
  Story& story_;

  LogView written_;                        // as asked for
  LogView durable_;                        // as done
  LogView lost_;                           // what was durable before the disk was emptied
  std::vector<PersistRequest> in_flight_;  // begun, not done
  std::map<Term, ServerId> votes_;         // in this life, and what is durable of earlier ones
  Promise told_;                           // the highest promise that left in any message
  std::set<Term> asked_to_campaign_;       // terms that leaders asked this server to campaign in
  std::map<LogIndex, ClusterConfiguration> configurations_;  // in the log as asked for
  std::map<Term, std::set<ServerId>> pre_votes_;             // granted, by term
  std::uint64_t ticks_in_turn_ = 0;
  Term pre_voted_for_;                           // the term of the newest pre-vote asked for
  std::optional<LogTimeMs> hand_over_began_ms_;  // of the one that runs; by the leader's log time
  LogIndex state_is_durable_;                    // the state survives any crash through here
  std::optional<LogPosition> switching_to_;
  LogPosition acknowledged_;  // the last entry told to be durable, unless replaced since
  std::optional<RaftStatus> shown_;
  std::uint64_t checked_ = 0;
};

}  // namespace raft::simulation
