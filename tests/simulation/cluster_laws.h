// The laws that hold of the whole cluster, and of what its clients are told.
//
// Ids W1 to W12 are those of the test plan; W8 is the simulated
// server's, W11 the border's. Keeps
// the ledger: every entry that any server ever committed, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "tests/simulation/log_view.h"
#include "tests/simulation/story.h"

namespace raft::simulation {

class ClusterLaws {
 public:
  // Whose disks hold a position at this moment.
  using HoldersOf = std::function<std::set<ServerId>(LogPosition)>;
  // Whether these are a majority of the configuration that the server in question goes by.
  using IsMajority = std::function<bool(const std::set<ServerId>&)>;
  ClusterLaws(HoldersOf holders_of, Story& story);

  // W2: an entry's position determines its content and the position before it; by induction two
  // logs that agree on a position agree on everything before it. `log`: with the write carried.
  void Wrote(const PersistRequest& request, const LogView& log);
  // A vote leaves its voter; that it is durable is the voter's law.
  void VoteLeaves(ServerId voter, ServerId candidate, Term term) {
    votes_[{term, candidate}].insert(voter);
  }
  // W1 one leader a term, with the votes of a majority in that term; W3 its log holds all that was
  // committed in earlier terms.
  void BecameLeader(ServerId server, Term term, const LogView& log, const IsMajority& is_majority);
  // W4 no two servers commit different entries at one index; W5 what is committed is durable on a
  // majority; W9 no command is committed twice.
  void Committed(LogIndex after, LogIndex commit_index, Term observed_in, const LogView& log,
                 const IsMajority& is_majority);
  // W4 for the apply lane.
  void HandedToApply(std::span<const LogEntryPointer> entries);
  // W6 equal applied index, equal digest.
  void Applied(ServerId server, LogPosition position, const std::string& digest);

  // W9, W12: what a client was told of its command. `is_unique`: no other client sends the same.
  void Acknowledged(std::string_view command, LogPosition position);
  void Refused(const std::string& command);
  // W10: a read is answered at least at what was acknowledged before it began.
  LogIndex newest_acknowledged() const { return newest_acknowledged_; }
  void ReadAnswered(LogIndex read_index, LogIndex acknowledged_before);

  LogIndex highest_committed() const { return LogIndex(ledger_.size()); }
  Term highest_led_term() const;
  // Whether this command, of which there is only one, was ever committed.
  bool IsCommitted(const std::string& command) const { return commands_.contains(command); }
  std::uint64_t checked() const { return checked_; }

 private:
  struct Committal {
    LogEntryPointer entry;
    Term observed_in;  // at or after the term that committed it
  };
  struct Known {
    LogEntryPointer entry;
    Term term_before;
  };

  void Demand(bool holds, const char* law, const std::function<std::string()>& seen);
  // W7: an index that a snapshot jumped over.
  void CommittedBySnapshot(LogIndex index, const LogView& log);
  void AddToLedger(const LogEntryPointer& entry, Term observed_in, const IsMajority& is_majority);

  const HoldersOf holders_of_;
  Story& story_;
  std::map<Term, ServerId> leaders_;
  std::map<std::pair<Term, ServerId>, std::set<ServerId>> votes_;  // told, by term and candidate
  std::unordered_map<std::uint64_t, Known> known_;                 // by term and index
  std::vector<Committal> ledger_;
  std::unordered_set<std::string> commands_;  // committed, as far as they are unique
  std::unordered_set<std::string> refused_;
  std::unordered_map<std::uint64_t, std::string> digests_;
  LogIndex newest_acknowledged_;
  std::uint64_t checked_ = 0;
};

// Whether a serialised command can be told from every other: it carries a value, and simulated
// clients write no value twice.
bool IsUnique(const LogEntry& entry);

}  // namespace raft::simulation
