// The replicated log in memory: entries after a base position, Log Matching and the up-to-date
// rule.
//
// Figure 2: log[]; §5.3, §5.4.1. Knows entries and positions; nothing of disks, leaders or commit.
// Invariants: the entry at index i has index i; terms and log times never fall along the log.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/log_entry.h"
#include "core/types.h"

namespace raft {

class RaftLog {
 public:
  // `entries` follow `base` without a gap. `base_log_time_ms` is the log time at the base.
  RaftLog(LogPosition base, LogTimeMs base_log_time_ms,
          const std::vector<LogEntryPointer>& entries);

  LogPosition base() const { return base_; }
  LogIndex first_index() const { return base_.index.Next(); }
  LogIndex last_index() const { return base_.index + slots_.size(); }
  LogPosition last_position() const;
  // Log time of the last entry, or at the base.
  LogTimeMs last_log_time_ms() const;

  // The term at `index`, the base included; none for what was trimmed or is not there yet. Never 0
  // for "unknown" (trap B10); {0, 0} is a real position of term 0.
  std::optional<Term> TermAt(LogIndex index) const;
  // The log time at `index`. Requires: base().index <= index <= last_index().
  LogTimeMs LogTimeAt(LogIndex index) const;
  // Whether the log holds exactly this position (Figure 2, AppendEntries step 2).
  bool Contains(LogPosition position) const;
  // Requires: first_index() <= index <= last_index().
  const LogEntryPointer& At(LogIndex index) const;

  // Whether a log that ends at `other` is at least as up-to-date as this one (§5.4.1): the later
  // last term wins, then the longer log.
  bool IsOtherAtLeastAsUpToDate(LogPosition other) const;

  // First index of the run of entries that share the term of `index`, as far as it was not trimmed.
  // Requires: At(index) exists.
  LogIndex FirstIndexOfTermAt(LogIndex index) const;
  // Last index that holds an entry of `term`, the base included; none if there is none.
  std::optional<LogIndex> LastIndexOfTerm(Term term) const;

  // Adds at the end. Requires: entry->index follows last_index(), term and log time do not fall.
  void Append(LogEntryPointer entry);
  // Removes the entries from `first` on. Requires: first_index() <= first <= last_index().
  void TruncateFrom(LogIndex first);
  // Forgets the entries up to and including `base`, which becomes the base. Requires: base().index
  // <= base <= last_index().
  void TrimThrough(LogIndex base);
  // Starts anew after a position that a snapshot ends at. Requires: not behind the present base.
  void ResetTo(LogPosition base, LogTimeMs base_log_time_ms);

  // Entries from `first` on: as many as fit into `bytes_max` charged bytes, in order and without a
  // hole, at least one (trap B11). Empty when first is past the end.
  std::vector<LogEntryPointer> EntriesFrom(LogIndex first, std::uint64_t bytes_max) const;

  // Charged bytes of the entries after `after` up to and including `last`. Requires: both in
  // [base, last_index()], after <= last.
  std::uint64_t BytesBetween(LogIndex after, LogIndex last) const;
  std::uint64_t bytes() const { return BytesBetween(base_.index, last_index()); }
  // Where the tail begins: the first index of the longest end of the log within both limits;
  // last_index() + 1 when not even the last entry fits.
  LogIndex TailWithin(std::uint64_t bytes_max, std::uint64_t entries_max) const;

 private:
  struct Slot {
    LogEntryPointer entry;
    std::uint64_t bytes_through;  // charged bytes up to and including this one, since the start
  };
  // Consecutive entries of one term. Few: one per leadership.
  struct TermRun {
    Term term;
    LogIndex first;
  };

  const Slot& SlotAt(LogIndex index) const;
  std::uint64_t BytesThrough(LogIndex index) const;

  LogPosition base_;
  LogTimeMs base_log_time_ms_;
  std::uint64_t bytes_through_base_ = 0;
  std::deque<Slot> slots_;
  std::vector<TermRun> runs_;
};

}  // namespace raft
