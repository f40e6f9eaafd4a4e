#include "tests/stories/event_words.h"

#include <algorithm>

#include "core/check.h"
#include "tests/stories/message.h"
#include "tests/stories/words.h"

namespace raft::stories {
namespace {

using MaybeWords = std::optional<EventWords>;

std::string InTerm(Term term) { return "term " + std::to_string(term.value()); }

const char* ToString(VoteDecision decision) {
  switch (decision) {
    case VoteDecision::kGranted:
      return "granted";
    case VoteDecision::kDeniedStaleTerm:
      return "its term is no newer";
    case VoteDecision::kDeniedVotedOther:
      return "its vote of this term is given";
    case VoteDecision::kDeniedLogBehind:
      return "that log is not as up-to-date";
    case VoteDecision::kDisregarded:
      return "a leader is near";
  }
  CheckFailed(__FILE__, __LINE__, "one of five", "every decision has words");
}

const char* ToString(StepDownReason reason) {
  switch (reason) {
    case StepDownReason::kNewerTerm:
      return "saw a newer term";
    case StepDownReason::kLeaderFound:
      return "found the leader";
    case StepDownReason::kQuorumLost:
      return "heard no majority for an election timeout";
    case StepDownReason::kDiskStalled:
      return "heard nothing from its disk for two election timeouts";
    case StepDownReason::kRemoved:
      return "is no voter of the committed configuration";
  }
  CheckFailed(__FILE__, __LINE__, "one of five", "every reason has words");
}

MaybeWords Tell(const TermAdopted& event) {
  return EventWords{Weight::kDetail, "enters " + InTerm(event.term)};
}
MaybeWords Tell(const RoleChanged& event) {
  const bool leads = event.role == RoleName::kLeader;
  return EventWords{
      leads ? Weight::kTurn : Weight::kNote,
      "becomes " + RoleWord(event.role) + (leads ? " of " : " in ") + InTerm(event.term)};
}
MaybeWords Tell(const LeaderRecognized& event) {
  return EventWords{Weight::kDetail,
                    "knows " + NameOf(event.leader) + " as leader of " + InTerm(event.term)};
}
MaybeWords Tell(const LeaderLost&) { return std::nullopt; }  // Its role or term changes.
MaybeWords Tell(const SteppedDown& event) {
  const bool is_turn = event.reason == StepDownReason::kQuorumLost;
  return EventWords{is_turn ? Weight::kTurn : Weight::kNote,
                    std::string("steps down: ") + ToString(event.reason)};
}
MaybeWords Tell(const BallotEnded& event) {
  if (event.outcome != BallotOutcome::kTimeout) return std::nullopt;  // Its role changes.
  const std::string ballot = event.kind == BallotKind::kPreVote ? "pre-vote" : "election";
  return EventWords{Weight::kNote, "gives up its " + ballot + " for " + InTerm(event.term)};
}
MaybeWords Tell(const VoteDecided& event) {
  const bool is_vote = event.kind == BallotKind::kVote;
  const std::string ballot = is_vote ? "vote" : "pre-vote";
  const std::string of = " in " + InTerm(event.term);
  if (event.decision == VoteDecision::kGranted) {
    return EventWords{Weight::kDetail, "grants " + NameOf(event.candidate) + " its " + ballot + of};
  }
  return EventWords{Weight::kNote, "denies " + NameOf(event.candidate) + " its " + ballot + of +
                                       ": " + ToString(event.decision)};
}
MaybeWords Tell(const EntriesTruncated& event) {
  return EventWords{Weight::kNote,
                    "removes " + std::to_string(event.count) +
                        (event.count == 1 ? " conflicting entry" : " conflicting entries") +
                        " from " + std::to_string(event.first.value()) + " on"};
}
MaybeWords Tell(const AppendMismatched& event) {
  return EventWords{Weight::kNote, "backs up: next for " + NameOf(event.peer) + " is " +
                                       std::to_string(event.next_index.value())};
}
MaybeWords Tell(const CommitAdvanced& event) {
  return EventWords{Weight::kTurn, "commits up to " + std::to_string(event.commit_index.value())};
}
MaybeWords Tell(const StaleResponseDropped& event) {
  return EventWords{Weight::kNote,
                    "drops an answer of " + NameOf(event.peer) + " that it does not wait for"};
}
MaybeWords Tell(const ImpossibleMessageRefused& event) {
  return EventWords{Weight::kTurn, "refuses an impossible message of " + NameOf(event.peer) + " (" +
                                       event.law + ")"};
}

MaybeWords Tell(const LogTrimmed& event) {
  return EventWords{Weight::kNote, "trims its log: it begins at entry " +
                                       std::to_string(event.first_index.value())};
}
MaybeWords Tell(const SnapshotNeeded& event) {
  return EventWords{Weight::kNote,
                    "has trimmed what " + NameOf(event.peer) + " needs: offers a snapshot"};
}
MaybeWords Tell(const SnapshotBegunAnew& event) {
  return EventWords{Weight::kNote, "cannot keep what follows the snapshot for " +
                                       NameOf(event.peer) + ": begins another one"};
}
MaybeWords Tell(const SnapshotInstalled& event) {
  return EventWords{Weight::kTurn,
                    "has installed the snapshot up to " + PlaceOf(event.last_included)};
}
MaybeWords Tell(const ConfigurationChanged& event) {
  return EventWords{Weight::kTurn, std::string(event.is_joint ? "joint" : "settled") +
                                       " configuration of entry " +
                                       std::to_string(event.index.value()) + " is in force"};
}
MaybeWords Tell(const ToldRemoved& event) {
  return EventWords{Weight::kTurn, "is no member since entry " +
                                       std::to_string(event.configuration_index.value())};
}
MaybeWords Tell(const StateDiverged& event) {
  return EventWords{Weight::kTurn, "holds another state than the majority at entry " +
                                       std::to_string(event.index.value())};
}
MaybeWords Tell(const StatesInDoubt& event) {
  return EventWords{Weight::kTurn, "finds no majority for one state at entry " +
                                       std::to_string(event.index.value())};
}
MaybeWords Tell(const TransferBegan& event) {
  return EventWords{Weight::kTurn, "hands over to " + NameOf(event.target)};
}

}  // namespace

std::optional<EventWords> WordsOf(const RaftEvent& event) {
  return std::visit([](const auto& kind) { return Tell(kind); }, event);
}

std::string WordsOf(const PersistRequest& write) {
  std::string words;
  const auto add = [&words](const std::string& part) {
    words += (words.empty() ? "" : "; ") + part;
  };
  if (write.promise) {
    const std::optional<ServerId> vote = write.promise->voted_for;
    add(InTerm(write.promise->current_term) + ", " +
        (vote ? "vote for " + NameOf(*vote) : std::string("no vote")));
  }
  if (write.rebase) {
    const std::string kept = write.rebase->keeps_suffix ? "" : ", anew";
    add("a log that begins after " + PlaceOf(write.rebase->base) + kept);
  }
  if (write.truncate_from) {
    add("a cut from " + std::to_string(write.truncate_from->value()) + " on");
  }
  if (!write.entries.empty()) add(EntriesOf(write.entries));
  return words;
}

const char* ToString(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kNotLeader:
      return "NOT_LEADER";
    case RefusalReason::kNoQuorum:
      return "NO_QUORUM";
    case RefusalReason::kTermMoved:
      return "TERM_MOVED";
    case RefusalReason::kOverloaded:
      return "OVERLOADED";
    case RefusalReason::kLogFull:
      return "LOG_FULL";
    case RefusalReason::kLeadershipLost:
      return "LEADERSHIP_LOST";
    case RefusalReason::kTransferring:
      return "TRANSFERRING";
    case RefusalReason::kStateDiverged:
      return "STATE_DIVERGED";
    case RefusalReason::kTermNotCommitted:
      return "TERM_NOT_COMMITTED";
    case RefusalReason::kConfigurationMoved:
      return "CONFIGURATION_MOVED";
    case RefusalReason::kChangeUnderWay:
      return "CHANGE_UNDER_WAY";
    case RefusalReason::kNoMajorityReachable:
      return "NO_MAJORITY_REACHABLE";
    case RefusalReason::kLearnerBehind:
      return "LEARNER_BEHIND";
    case RefusalReason::kTransferToSelf:
      return "TRANSFER_TO_SELF";
    case RefusalReason::kTargetNotVoter:
      return "TARGET_NOT_VOTER";
    case RefusalReason::kTargetUnreachable:
      return "TARGET_UNREACHABLE";
    case RefusalReason::kTransferUnderWay:
      return "TRANSFER_UNDER_WAY";
  }
  CheckFailed(__FILE__, __LINE__, "one of them", "every reason has a name");
}

std::string RoleWord(RoleName role) {
  std::string word = ToString(role);
  std::replace(word.begin(), word.end(), '_', '-');
  return word;
}

}  // namespace raft::stories
