#include "core/raft_log.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace raft {

RaftLog::RaftLog(LogPosition base, LogTimeMs base_log_time_ms,
                 const std::vector<LogEntryPointer>& entries)
    : base_(base), base_log_time_ms_(base_log_time_ms) {
  RAFT_CHECK((base.index == LogIndex(0)) == (base.term == Term(0)),
             "only the place before the first entry has term 0");
  for (const LogEntryPointer& entry : entries) Append(entry);
}

LogPosition RaftLog::last_position() const {
  return slots_.empty() ? base_ : slots_.back().entry->position();
}

LogTimeMs RaftLog::last_log_time_ms() const {
  return slots_.empty() ? base_log_time_ms_ : slots_.back().entry->log_time_ms;
}

std::optional<Term> RaftLog::TermAt(LogIndex index) const {
  if (index == base_.index) return base_.term;
  if (index < base_.index || index > last_index()) return std::nullopt;
  return SlotAt(index).entry->term;
}

LogTimeMs RaftLog::LogTimeAt(LogIndex index) const {
  return index == base_.index ? base_log_time_ms_ : SlotAt(index).entry->log_time_ms;
}

bool RaftLog::Contains(LogPosition position) const {
  return TermAt(position.index) == position.term;
}

const LogEntryPointer& RaftLog::At(LogIndex index) const { return SlotAt(index).entry; }

bool RaftLog::IsOtherAtLeastAsUpToDate(LogPosition other) const {
  const LogPosition mine = last_position();
  if (other.term != mine.term) return other.term > mine.term;
  return other.index >= mine.index;
}

LogIndex RaftLog::FirstIndexOfTermAt(LogIndex index) const {
  const Term term = SlotAt(index).entry->term;
  const auto run = std::lower_bound(runs_.begin(), runs_.end(), term,
                                    [](const TermRun& r, Term t) { return r.term < t; });
  RAFT_CHECK(run != runs_.end() && run->term == term, "every entry belongs to a run of its term");
  RAFT_CHECK(run->first <= index, "a run starts at or before each of its entries");
  return run->first;
}

std::optional<LogIndex> RaftLog::LastIndexOfTerm(Term term) const {
  const auto run = std::lower_bound(runs_.begin(), runs_.end(), term,
                                    [](const TermRun& r, Term t) { return r.term < t; });
  if (run == runs_.end() || run->term != term) return std::nullopt;
  const auto following = std::next(run);
  return following == runs_.end() ? last_index() : following->first - 1;
}

void RaftLog::Append(LogEntryPointer entry) {
  RAFT_CHECK(entry != nullptr, "an entry exists");
  RAFT_CHECK(entry->index == last_index().Next(), "Log Matching: the log has no gaps");
  RAFT_CHECK(entry->term >= last_position().term, "terms never fall along the log");
  RAFT_CHECK(entry->log_time_ms >= last_log_time_ms(), "log time never falls along the log");
  if (runs_.empty() || runs_.back().term != entry->term) {
    runs_.push_back({.term = entry->term, .first = entry->index});
  }
  const std::uint64_t bytes_through = BytesThrough(last_index()) + ChargedBytes(*entry);
  slots_.push_back({.entry = std::move(entry), .bytes_through = bytes_through});
}

void RaftLog::TruncateFrom(LogIndex first) {
  RAFT_CHECK(first > base_.index, "the base is never truncated");
  RAFT_CHECK(first <= last_index(), "only entries that are there are truncated");
  slots_.resize(first - first_index());
  while (!runs_.empty() && runs_.back().first >= first) runs_.pop_back();
}

std::vector<LogEntryPointer> RaftLog::EntriesFrom(LogIndex first, std::uint64_t bytes_max) const {
  RAFT_CHECK(first > base_.index, "what was trimmed cannot be read");
  std::vector<LogEntryPointer> entries;
  if (first > last_index()) return entries;
  const std::uint64_t bytes_before = BytesThrough(first - 1);
  for (LogIndex index = first; index <= last_index(); index = index.Next()) {
    const Slot& slot = SlotAt(index);
    if (!entries.empty() && slot.bytes_through - bytes_before > bytes_max) break;
    entries.push_back(slot.entry);
  }
  return entries;
}

std::uint64_t RaftLog::BytesBetween(LogIndex after, LogIndex last) const {
  RAFT_CHECK(after <= last, "a range has its smaller end first");
  return BytesThrough(last) - BytesThrough(after);
}

const RaftLog::Slot& RaftLog::SlotAt(LogIndex index) const {
  RAFT_CHECK(index > base_.index && index <= last_index(), "the entry is in the log");
  return slots_[index - first_index()];
}

std::uint64_t RaftLog::BytesThrough(LogIndex index) const {
  // Sums restart at the base, so that the numbers stay meaningful after any truncation.
  return index == base_.index ? 0 : SlotAt(index).bytes_through;
}

}  // namespace raft
