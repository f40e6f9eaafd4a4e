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
  if (run == runs_.end() || run->term != term) {
    const bool is_of_base = term == base_.term && base_.index > LogIndex(0);
    return is_of_base ? std::optional(base_.index) : std::nullopt;
  }
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

void RaftLog::TrimThrough(LogIndex base) {
  RAFT_CHECK(base >= base_.index, "the base never falls");
  RAFT_CHECK(base <= last_index(), "only entries that are there are trimmed");
  if (base == base_.index) return;
  const Slot& last_trimmed = SlotAt(base);
  bytes_through_base_ = last_trimmed.bytes_through;
  base_log_time_ms_ = last_trimmed.entry->log_time_ms;
  const LogPosition new_base = last_trimmed.entry->position();
  slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(base - base_.index));
  base_ = new_base;
  // The run of the first entry kept begins there now; those before it go.
  while (runs_.size() > 1 && runs_[1].first <= first_index()) runs_.erase(runs_.begin());
  if (slots_.empty()) {
    runs_.clear();
  } else {
    runs_.front().first = first_index();
  }
}

void RaftLog::ResetTo(LogPosition base, LogTimeMs base_log_time_ms) {
  RAFT_CHECK(base.index >= base_.index, "the base never falls");
  RAFT_CHECK(base.term >= base_.term, "terms never fall along the log");
  base_ = base;
  base_log_time_ms_ = base_log_time_ms;
  bytes_through_base_ = 0;
  slots_.clear();
  runs_.clear();
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

LogIndex RaftLog::TailWithin(std::uint64_t bytes_max, std::uint64_t entries_max) const {
  const std::uint64_t bytes_last = BytesThrough(last_index());
  // Bytes rise along the log: the first slot that leaves no more than `bytes_max` behind it.
  const auto tail = std::partition_point(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return bytes_last - slot.bytes_through + ChargedBytes(*slot.entry) > bytes_max;
  });
  const auto by_bytes = first_index() + static_cast<std::uint64_t>(tail - slots_.begin());
  const std::uint64_t kept_entries = std::min<std::uint64_t>(entries_max, slots_.size());
  return std::max(by_bytes, last_index().Next() - kept_entries);
}

const RaftLog::Slot& RaftLog::SlotAt(LogIndex index) const {
  RAFT_CHECK(index > base_.index && index <= last_index(), "the entry is in the log");
  return slots_[index - first_index()];
}

std::uint64_t RaftLog::BytesThrough(LogIndex index) const {
  return index == base_.index ? bytes_through_base_ : SlotAt(index).bytes_through;
}

}  // namespace raft
