// The laws of Figure 3, watched over a whole cluster from outside.
//
// Sees what servers ask to be written, what they commit, hand over and send; never looks inside a
// RaftServer. A broken law is a test failure that names it. What one server can check of itself is
// core/invariants.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "core/messages.h"
#include "tests/core_harness/builders.h"
#include "tests/core_harness/test_disk.h"

namespace raft::harness {

class SafetyChecker {
 public:
  // Election Safety: one leader per term. Leader Completeness: its log holds all that was committed
  // in earlier terms.
  void BecameLeader(ServerId server, Term term, const TestDisk& log);

  // Log Matching: an entry's position determines its content and the position before it; by
  // induction two logs that agree on a position agree on everything before it.
  void Wrote(const PersistRequest& write, const TestDisk& log);

  // State Machine Safety: no two servers commit or apply different entries at one index.
  void Committed(LogIndex after, LogIndex commit_index, Term observed_in, const TestDisk& log);
  void HandedOver(const LogEntryPointer& entry);

  // A promise leaves after the disk has it. `verified`: the last entry the answered AppendEntries
  // vouched for. `now`: the term this server has reached in memory.
  void Left(ServerId from, const OutgoingRequest& message, const Promise& durable);
  void Left(const OutgoingResponse& message, LogPosition verified, Term now,
            const TestDisk& durable);

  // The highest index that any server has ever committed.
  LogIndex highest_committed() const { return LogIndex(committed_.size()); }
  const LogEntryPointer& CommittedAt(LogIndex index) const {
    return committed_.at(index.value() - 1).entry;
  }

 private:
  struct CommittedEntry {
    LogEntryPointer entry;
    Term observed_in;  // at or after the term that committed it
  };
  // (term, index) of an entry.
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  struct Known {
    LogEntryPointer entry;
    std::uint64_t term_before;
  };

  std::map<Term, ServerId> leaders_;
  std::map<Key, Known> known_;
  std::vector<CommittedEntry> committed_;
};

}  // namespace raft::harness
