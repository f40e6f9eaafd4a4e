// Whether the state here is the cluster's: what this server knows of its own state and of the
// majority's.
//
// Equal logs give equal states; a broken memory, a broken disk or a mistake in the state machine
// may give others, and nothing in the log would ever tell. So every server keeps its newest digests
// at agreed indexes, and compares them with what the leader found a majority of the voters to hold
// (core/state_comparison.h). Only a server itself judges its state: by digests of one index, never
// for lack of one. Knows no roles and no messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/log_entry.h"
#include "core/messages.h"
#include "core/types.h"

namespace raft {

// Whether servers compare their states after this entry: at the multiples of `interval`, and where
// a leader's term begins, so that a new leader of an idle cluster need not wait for the next
// multiple. Requires: `interval` > 0.
bool AreStatesComparedAfter(const LogEntry& entry, std::uint64_t interval);

class StateChecks {
 public:
  // `diverged_index`: the state that a start found was marked as another one than the majority's.
  explicit StateChecks(std::optional<LogIndex> diverged_index) : diverged_index_(diverged_index) {}

  // The state here had this digest. True: it is another one than the majority's, and that is news.
  [[nodiscard]] bool Record(StateCheck check);
  // A majority of the voters had this digest. Returns as Record.
  [[nodiscard]] bool LearnMajority(const StateCheck& majority);
  // Another state has taken the place of the one that was looked at.
  void BeginAnew();

  // Null: not known, or not any more. Good until the next Record or BeginAnew.
  const StateCheck* At(LogIndex index) const;
  const StateCheck* newest() const { return own_.empty() ? nullptr : &own_.back(); }

  // The newest index at which the state was found equal to the majority's; 0: none yet.
  LogIndex verified_index() const { return verified_index_; }
  // The state was found to be another one than the majority's at this index.
  std::optional<LogIndex> diverged_index() const { return diverged_index_; }

 private:
  // Enough for a peer that is some ten thousand entries ahead or behind.
  static constexpr std::size_t kKeptMax = 128;

  bool Compare();

  std::deque<StateCheck> own_;  // rising indexes
  std::optional<StateCheck> majority_;
  LogIndex verified_index_;
  std::optional<LogIndex> diverged_index_;
};

}  // namespace raft
