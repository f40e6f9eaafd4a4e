// What happened inside the core, said once. The event loop logs and counts these, tests and stories
// read them; the core itself never writes a line (house rule 17).
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "core/types.h"

namespace raft {

enum class RoleName : std::uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

// Lower-case word for logs, metrics and stories: "follower", "pre_candidate", ...
const char* ToString(RoleName role);

// What kind of ballot, and how it ended. A transfer ballot is a vote that the leader asked for.
enum class BallotKind : std::uint8_t { kPreVote, kVote, kTransfer };
enum class BallotOutcome : std::uint8_t { kWon, kLost, kTimeout };

enum class VoteDecision : std::uint8_t {
  kGranted,
  kDeniedStaleTerm,   // the request's term is older than ours (Figure 2, RequestVote step 1)
  kDeniedVotedOther,  // already voted for somebody else in this term (step 2)
  kDeniedLogBehind,   // the candidate's log is not as up-to-date as ours (§5.4.1)
  kDisregarded,       // a leader is near (§6, dissertation §4.2.3)
};

// Why a leader or candidate stopped being one.
enum class StepDownReason : std::uint8_t {
  kNewerTerm,
  kLeaderFound,
  kQuorumLost,
  kDiskStalled,
  kRemoved,  // the committed configuration does not list this leader among its voters
};

struct TermAdopted {
  Term term;
};
struct RoleChanged {
  RoleName role;
  Term term;
};
struct LeaderRecognized {
  ServerId leader;
  Term term;
};
struct LeaderLost {
  Term term;
};
struct SteppedDown {
  StepDownReason reason;
  Term term;
};
struct BallotEnded {
  BallotKind kind;
  BallotOutcome outcome;
  Term term;
};
struct VoteDecided {
  BallotKind kind;
  ServerId candidate;
  VoteDecision decision;
  Term term;
};
struct EntriesTruncated {
  LogIndex first;
  std::uint64_t count;
};
struct AppendMismatched {  // a follower's log did not hold the previous entry
  ServerId peer;
  LogIndex next_index;  // where the leader will try next
};
struct CommitAdvanced {
  LogIndex commit_index;
};
struct StaleResponseDropped {
  ServerId peer;
};
// A peer's message asked for what the protocol cannot produce (a conflict in the committed prefix,
// a second leader in one term): evidence of a broken peer. Log, vote and commit index
// are as before.
struct ImpossibleMessageRefused {
  ServerId peer;
  const char* law;
};

struct LogTrimmed {
  LogIndex first_index;  // the log begins here now
  std::uint64_t count;   // entries that went
};
// A peer lacks entries that were trimmed; a snapshot is on its way to it.
struct SnapshotNeeded {
  ServerId peer;
};
// The log could not wait for a snapshot on its way; another one leaves in its place.
struct SnapshotBegunAnew {
  ServerId peer;
};
// A snapshot of the leader's has replaced this server's state.
struct SnapshotInstalled {
  LogPosition last_included;
};

// Another configuration is in force: appended, taken back by a truncation, or of a snapshot.
struct ConfigurationChanged {
  LogIndex index;
  bool is_joint;
};
// This server was told that it is no member any more.
struct ToldRemoved {
  LogIndex configuration_index;
};
struct TransferBegan {
  ServerId target;
};
// At this index the state here is another than that of a majority of the voters.
struct StateDiverged {
  LogIndex index;
};
// At this index the voters hold different states, and none of them is a majority's.
struct StatesInDoubt {
  LogIndex index;
};

using RaftEvent =
    std::variant<TermAdopted, RoleChanged, LeaderRecognized, LeaderLost, SteppedDown, BallotEnded,
                 VoteDecided, EntriesTruncated, AppendMismatched, CommitAdvanced,
                 StaleResponseDropped, ImpossibleMessageRefused, LogTrimmed, SnapshotNeeded,
                 SnapshotBegunAnew, SnapshotInstalled, ConfigurationChanged, ToldRemoved,
                 TransferBegan, StateDiverged, StatesInDoubt>;

}  // namespace raft
