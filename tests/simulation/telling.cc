#include "tests/simulation/telling.h"

#include <variant>

namespace raft::simulation {
namespace {

template <typename... Kinds>
struct Overloaded : Kinds... {
  using Kinds::operator()...;
};

std::string Text(auto number) { return std::to_string(number.value()); }
std::string Text(LogPosition position) { return Text(position.index) + "@" + Text(position.term); }

std::string Text(VoteDecision decision) {
  switch (decision) {
    case VoteDecision::kGranted:
      return "granted";
    case VoteDecision::kDeniedStaleTerm:
      return "denied, stale term";
    case VoteDecision::kDeniedVotedOther:
      return "denied, voted for another";
    case VoteDecision::kDeniedLogBehind:
      return "denied, log behind";
    case VoteDecision::kDisregarded:
      return "disregarded, a leader is near";
  }
  return "";
}

}  // namespace

std::string NameOf(ServerId server) {
  return server == ServerId(0) ? "the clients" : "server " + Text(server);
}

std::string Tell(const RecoveredState& recovered) {
  return "term " + Text(recovered.promise.current_term) + ", vote " +
         (recovered.promise.voted_for ? Text(*recovered.promise.voted_for) : "nobody") +
         ", a log that ends at " +
         Text(recovered.entries.empty() ? recovered.base : recovered.entries.back()->position()) +
         ", applied " + Text(recovered.applied.index);
}

std::string Tell(const RaftEvent& event) {
  return std::visit(
      Overloaded{
          [](const TermAdopted& e) { return "adopts term " + Text(e.term); },
          [](const RoleChanged& e) {
            return std::string("becomes ") + ToString(e.role) + " in term " + Text(e.term);
          },
          [](const LeaderRecognized& e) {
            return "recognizes " + NameOf(e.leader) + " as leader of term " + Text(e.term);
          },
          [](const LeaderLost& e) { return "knows no leader in term " + Text(e.term); },
          [](const SteppedDown& e) { return "steps down in term " + Text(e.term); },
          [](const BallotEnded& e) {
            constexpr const char* kOutcomes[] = {"won", "lost", "timed out"};
            return std::string(e.kind == BallotKind::kPreVote ? "pre-vote" : "vote") + " of term " +
                   Text(e.term) + " " + kOutcomes[static_cast<int>(e.outcome)];
          },
          [](const VoteDecided& e) {
            return std::string(e.kind == BallotKind::kVote ? "vote" : "pre-vote") + " for " +
                   NameOf(e.candidate) + " in term " + Text(e.term) + ": " + Text(e.decision);
          },
          [](const EntriesTruncated& e) {
            return "cuts " + std::to_string(e.count) + " entries from index " + Text(e.first);
          },
          [](const AppendMismatched& e) {
            return "backs up to index " + Text(e.next_index) + " for " + NameOf(e.peer);
          },
          [](const CommitAdvanced& e) { return "commits up to " + Text(e.commit_index); },
          [](const StaleResponseDropped& e) { return "drops a stale answer of " + NameOf(e.peer); },
          [](const LogTrimmed& e) {
            return "trims " + std::to_string(e.count) + " entries; its log begins at index " +
                   Text(e.first_index);
          },
          [](const SnapshotNeeded& e) { return "sends a snapshot to " + NameOf(e.peer); },
          [](const SnapshotBegunAnew& e) {
            return "begins the snapshot for " + NameOf(e.peer) + " anew";
          },
          [](const SnapshotInstalled& e) {
            return "has installed a snapshot that ends at " + Text(e.last_included);
          },
          [](const ConfigurationChanged& e) {
            return std::string("uses the ") + (e.is_joint ? "joint" : "settled") +
                   " configuration of entry " + Text(e.index);
          },
          [](const ToldRemoved& e) {
            return "is no member since entry " + Text(e.configuration_index);
          },
          [](const StateDiverged& e) {
            return "puts its state aside: it is the odd one at index " + Text(e.index);
          },
          [](const StatesInDoubt& e) {
            return "finds no majority for any state at index " + Text(e.index);
          },
          [](const TransferBegan& e) { return "hands over to " + NameOf(e.target); },
          [](const ImpossibleMessageRefused& e) {
            return "refuses " + NameOf(e.peer) + ": " + e.law;
          }},
      event);
}

std::string Tell(const PeerRequest& request) {
  return std::visit(Overloaded{[](const PreVoteRequest& r) {
                                 return "PreVote #" + Text(r.number) + " term " + Text(r.term) +
                                        " log " + Text(r.last_log);
                               },
                               [](const RequestVoteRequest& r) {
                                 return "RequestVote #" + Text(r.number) + " term " + Text(r.term) +
                                        " log " + Text(r.last_log);
                               },
                               [](const AppendEntriesRequest& r) {
                                 return "AppendEntries #" + Text(r.number) + " term " +
                                        Text(r.term) + " after " + Text(r.previous) + " entries " +
                                        std::to_string(r.entries.size()) + " commit " +
                                        Text(r.leader_commit);
                               },
                               [](const InstallSnapshotRequest& r) {
                                 return "InstallSnapshot #" + Text(r.number) + " term " +
                                        Text(r.term) + " up to " + Text(r.last_included);
                               },
                               [](const TimeoutNowRequest& r) {
                                 return "TimeoutNow #" + Text(r.number) + " term " + Text(r.term);
                               }},
                    request);
}

std::string Tell(const PeerResponse& response) {
  return std::visit(
      Overloaded{[](const PreVoteResponse& r) {
                   return "pre-vote #" + Text(r.number) + " term " + Text(r.term) +
                          (r.vote_granted ? " granted" : " denied");
                 },
                 [](const RequestVoteResponse& r) {
                   return "vote #" + Text(r.number) + " term " + Text(r.term) +
                          (r.vote_granted ? " granted" : " denied");
                 },
                 [](const AppendEntriesResponse& r) {
                   std::string text = "appended #" + Text(r.number) + " term " + Text(r.term);
                   if (r.success) return text + " match " + Text(r.match_index);
                   if (!r.conflict) return text + " refused";
                   return text + " conflict at " + Text(r.conflict->index) + " term " +
                          (r.conflict->term ? Text(*r.conflict->term) : "none");
                 },
                 [](const InstallSnapshotResponse& r) {
                   return "snapshot #" + Text(r.number) + " term " + Text(r.term) +
                          (r.success ? " match " + Text(r.match_index) : " refused");
                 },
                 [](const TimeoutNowResponse& r) {
                   return "timeout-now #" + Text(r.number) + " term " + Text(r.term) + " heard";
                 }},
      response);
}

void CountSometimes(const RaftEvent& event, Story& story) {
  if (const auto* ballot = std::get_if<BallotEnded>(&event)) {
    if (ballot->kind == BallotKind::kPreVote) return;
    if (ballot->outcome == BallotOutcome::kLost) story.Count(Sometimes::kElectionLost);
    if (ballot->outcome == BallotOutcome::kTimeout) story.Count(Sometimes::kElectionTimedOut);
  } else if (const auto* down = std::get_if<SteppedDown>(&event)) {
    if (down->reason == StepDownReason::kRemoved) story.Count(Sometimes::kLeaderRemoved);
    if (down->reason == StepDownReason::kQuorumLost) story.Count(Sometimes::kLeaderLostItsQuorum);
    if (down->reason == StepDownReason::kDiskStalled) story.Count(Sometimes::kLeaderWhoseDiskHung);
    if (down->reason == StepDownReason::kNewerTerm) story.Count(Sometimes::kLeaderMetNewerTerm);
  } else if (const auto* vote = std::get_if<VoteDecided>(&event)) {
    if (vote->decision == VoteDecision::kDisregarded) story.Count(Sometimes::kVoteDisregarded);
  } else if (const auto* changed = std::get_if<ConfigurationChanged>(&event)) {
    story.Count(changed->is_joint ? Sometimes::kJointConfiguration : Sometimes::kMembersChanged);
  } else if (std::holds_alternative<ToldRemoved>(event)) {
    story.Count(Sometimes::kServerToldRemoved);
  } else if (std::holds_alternative<StateDiverged>(event)) {
    story.Count(Sometimes::kStatePutAside);
  } else if (std::holds_alternative<EntriesTruncated>(event)) {
    story.Count(Sometimes::kConflictTruncated);
  } else if (std::holds_alternative<AppendMismatched>(event)) {
    story.Count(Sometimes::kFollowerBackedUpByTerms);
  } else if (std::holds_alternative<LogTrimmed>(event)) {
    story.Count(Sometimes::kLogTrimmed);
  } else if (std::holds_alternative<SnapshotBegunAnew>(event)) {
    story.Count(Sometimes::kSnapshotBegunAnew);
  } else if (std::holds_alternative<SnapshotInstalled>(event)) {
    story.Count(Sometimes::kSnapshotInstalled);
  } else if (std::holds_alternative<StaleResponseDropped>(event)) {
    story.Count(Sometimes::kStaleResponseDropped);
  }
}

}  // namespace raft::simulation
