#include "tests/simulation/cluster_laws.h"

#include <utility>

#include "raft/v1/key_value.pb.h"
#include "tests/simulation/law_broken.h"

namespace raft::simulation {
namespace {

bool AreSame(const LogEntry& one, const LogEntry& other) {
  if (&one == &other) return true;
  return one.position() == other.position() && one.kind == other.kind &&
         one.log_time_ms == other.log_time_ms && one.data == other.data;
}

std::uint64_t KeyOf(LogPosition position) {
  return (position.term.value() << 32) | position.index.value();
}

std::string Text(LogPosition position) {
  return std::to_string(position.index.value()) + "@" + std::to_string(position.term.value());
}

}  // namespace

bool IsUnique(const LogEntry& entry) {
  if (entry.kind != EntryKind::kCommand) return false;
  raft::v1::Command command;
  return command.ParseFromString(entry.data) && !command.has_delete_();
}

ClusterLaws::ClusterLaws(HoldersOf holders_of, Story& story)
    : holders_of_(std::move(holders_of)), story_(story) {}

void ClusterLaws::Demand(bool holds, const char* law, const std::function<std::string()>& seen) {
  ++checked_;
  if (!holds) throw LawBroken(law, seen());
}

void ClusterLaws::Wrote(const PersistRequest& request, const LogView& log) {
  for (const LogEntryPointer& entry : request.entries) {
    const Term term_before = log.PositionAt(entry->index - 1).term;
    const auto [known, is_new] =
        known_.emplace(KeyOf(entry->position()), Known{entry, term_before});
    Demand(AreSame(*known->second.entry, *entry) && known->second.term_before == term_before,
           "W2 log matching", [&] {
             return "two logs hold entry " + Text(entry->position()) +
                    " and differ there or before it";
           });
  }
}

void ClusterLaws::BecameLeader(ServerId server, Term term, const LogView& log,
                               const IsMajority& is_majority) {
  story_.Count(Sometimes::kLeaderElected);
  ++story_.counters.leader_changes;
  const auto [leader, is_first] = leaders_.emplace(term, server);
  Demand(is_first || leader->second == server, "W1 election safety", [&] {
    return "servers " + std::to_string(leader->second.value()) + " and " +
           std::to_string(server.value()) + " lead in term " + std::to_string(term.value());
  });
  std::set<ServerId> voters = votes_[{term, server}];
  voters.insert(server);
  Demand(is_majority(voters), "W1 elected by a majority", [&] {
    return "server " + std::to_string(server.value()) + " leads in term " +
           std::to_string(term.value()) + " with " + std::to_string(voters.size()) + " votes";
  });
  // The newest entry that an earlier term committed vouches for all before it (W2).
  for (auto committed = ledger_.rbegin(); committed != ledger_.rend(); ++committed) {
    if (committed->observed_in >= term) continue;
    Demand(log.Contains(committed->entry->position()), "W3 leader completeness", [&] {
      return "server " + std::to_string(server.value()) + " leads in term " +
             std::to_string(term.value()) + " without entry " + Text(committed->entry->position());
    });
    return;
  }
}

void ClusterLaws::Committed(LogIndex after, LogIndex commit_index, Term observed_in,
                            const LogView& log, const IsMajority& is_majority) {
  for (LogIndex index = after.Next(); index <= commit_index; index = index.Next()) {
    const LogEntryPointer& entry = log.entries.at(index.value() - 1);
    if (entry == nullptr) {
      CommittedBySnapshot(index, log);
      continue;
    }
    if (index > highest_committed()) AddToLedger(entry, observed_in, is_majority);
    Demand(AreSame(*ledger_[index.value() - 1].entry, *entry), "W4 state machine safety", [&] {
      return "entries " + Text(entry->position()) + " and " +
             Text(ledger_[index.value() - 1].entry->position()) + " are both committed";
    });
  }
}

void ClusterLaws::CommittedBySnapshot(LogIndex index, const LogView& log) {
  const bool is_known = index <= highest_committed();
  const LogPosition here = log.PositionAt(index);
  Demand(is_known &&
             (here.index == LogIndex(0) || here == ledger_[index.value() - 1].entry->position()),
         "W7 a snapshot holds what is committed", [&] {
           return "index " + std::to_string(index.value()) + " came in a snapshot that ends at " +
                  Text(log.base);
         });
}

void ClusterLaws::AddToLedger(const LogEntryPointer& entry, Term observed_in,
                              const IsMajority& is_majority) {
  ledger_.push_back({.entry = entry, .observed_in = observed_in});
  if (entry->term < observed_in) story_.Count(Sometimes::kCommittedEntriesOfAnEarlierTerm);
  Demand(is_majority(holders_of_(entry->position())), "W5 committed is durable on a majority",
         [&] { return "entry " + Text(entry->position()) + " is committed and is not"; });
  if (!IsUnique(*entry)) return;
  Demand(commands_.insert(entry->data).second, "W9 nothing happens twice", [&] {
    return "the command of entry " + Text(entry->position()) + " was committed before";
  });
  Demand(!refused_.contains(entry->data), "W12 refused never happens",
         [&] { return "the command of entry " + Text(entry->position()) + " was refused"; });
}

void ClusterLaws::HandedToApply(std::span<const LogEntryPointer> entries) {
  for (const LogEntryPointer& entry : entries) {
    const bool is_known = entry->index <= highest_committed() &&
                          AreSame(*ledger_[entry->index.value() - 1].entry, *entry);
    Demand(is_known, "W4 only committed entries are applied",
           [&] { return "entry " + Text(entry->position()) + " is handed to apply"; });
  }
}

void ClusterLaws::Applied(ServerId server, LogPosition position, const std::string& digest) {
  const auto [known, is_first] = digests_.emplace(position.index.value(), digest);
  Demand(is_first || known->second == digest, "W6 equal index, equal state", [&] {
    return "server " + std::to_string(server.value()) + " holds another state at " +
           Text(position) + " than a server before it";
  });
}

void ClusterLaws::Acknowledged(std::string_view command, LogPosition position) {
  const bool is_there = position.index <= highest_committed() &&
                        ledger_[position.index.value() - 1].entry->position() == position &&
                        ledger_[position.index.value() - 1].entry->data == command;
  Demand(is_there, "W12 acknowledged has happened",
         [&] { return "a command was acknowledged at " + Text(position) + " and is not there"; });
  newest_acknowledged_ = std::max(newest_acknowledged_, position.index);
}

void ClusterLaws::Refused(const std::string& command) {
  refused_.insert(command);
  Demand(!commands_.contains(command), "W12 refused never happens",
         [&] { return std::string("a committed command was refused"); });
}

void ClusterLaws::ReadAnswered(LogIndex read_index, LogIndex acknowledged_before) {
  story_.Count(Sometimes::kReadAnswered);
  Demand(read_index >= acknowledged_before, "W10 no stale read", [&] {
    return "answered at " + std::to_string(read_index.value()) + " a read that began after " +
           std::to_string(acknowledged_before.value()) + " was acknowledged";
  });
}

Term ClusterLaws::highest_led_term() const {
  return leaders_.empty() ? Term(0) : leaders_.rbegin()->first;
}

}  // namespace raft::simulation
