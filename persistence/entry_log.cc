#include "persistence/entry_log.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "leveldb/iterator.h"
#include "persistence/byte_order.h"
#include "persistence/status_conversion.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

// So many deletes ride along in each write, and cost it some tens of microseconds. More than the
// entries that a write brings on average, so the leftovers of one trim are gone before the next.
constexpr std::size_t kLeftoversPerWrite = 1000;
// Nobody waits for a commit yet.
constexpr std::size_t kLeftoversPerWriteAtStart = 50'000;

std::string_view View(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }
leveldb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

EntryLog::EntryLog(Disk& disk, std::unique_ptr<Database> database, const Owner& owner)
    : database_(std::move(database)), owner_(owner), reclaimer_(disk, database_.get()) {}

absl::Status EntryLog::Create(Disk& disk, const std::string& path, const Owner& owner,
                              LogTimeMs founding_time_ms) {
  return Create(disk, path, owner, ChainEnd{.position = {}, .log_time_ms = founding_time_ms});
}

absl::Status EntryLog::Create(Disk& disk, const std::string& path, const Owner& owner,
                              const ChainEnd& base) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(disk, path, {.create = true});
  if (!database.ok()) return database.status();
  std::string bytes;
  const leveldb::Status found =
      (*database)->db().Get(Database::Verified(), ToSlice(kBaseKey), &bytes);
  if (!found.IsNotFound()) return FromLevelDb("read the base of", path, found);
  leveldb::WriteBatch batch;
  batch.Put(ToSlice(kBaseKey), EncodeBaseRecord({.owner = owner, .base = base}));
  return (*database)->Write(&batch, /*sync=*/true);
}

absl::StatusOr<std::unique_ptr<EntryLog>> EntryLog::Open(Disk& disk, const std::string& path,
                                                         const Owner& owner) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(disk, path, {});
  if (!database.ok()) {
    const absl::StatusCode code = absl::IsNotFound(database.status())
                                      ? absl::StatusCode::kFailedPrecondition
                                      : database.status().code();
    return absl::Status(code, std::string(database.status().message()) + WayBackFrom(code));
  }
  std::unique_ptr<EntryLog> log(new EntryLog(disk, *std::move(database), owner));
  if (absl::Status status = log->ReadBase(); !status.ok()) return status;
  if (absl::Status status = log->ReadEntries(); !status.ok()) return status;
  if (absl::Status status = log->DeleteLeftovers(); !status.ok()) return status;
  return log;
}

absl::Status EntryLog::ReadBase() {
  std::string bytes;
  const leveldb::Status read = database_->db().Get(Database::Verified(), ToSlice(kBaseKey), &bytes);
  if (read.IsNotFound()) return Damaged(LogIndex(0), absl::DataLossError("the base is missing"));
  if (!read.ok()) return FromLevelDb("read the base of", database_->path(), read);
  const absl::StatusOr<BaseRecord> base = DecodeBaseRecord(bytes);
  if (!base.ok()) return Damaged(LogIndex(0), base.status());
  if (base->owner != owner_) {
    return absl::FailedPreconditionError("cannot use log " + database_->path() +
                                         ": it belongs to another server, incarnation or cluster" +
                                         kWayBack);
  }
  base_ = base->base;
  end_ = base_;
  return absl::OkStatus();
}

absl::Status EntryLog::ReadEntries() {
  const std::unique_ptr<leveldb::Iterator> record(
      database_->db().NewIterator(Database::Verified(/*whole_table=*/true)));
  for (record->SeekToFirst(); record->Valid(); record->Next()) {
    if (View(record->key()) == kBaseKey) continue;
    const std::optional<LogIndex> stored = IndexOfKey(View(record->key()));
    if (stored && *stored <= base_.position.index) {
      LeaveOver(*stored, *stored);
      continue;
    }
    const LogIndex expected = end_.position.index.Next();
    absl::StatusOr<LogEntryPointer> entry = DecodeEntryRecord(View(record->value()), &end_);
    if (!entry.ok()) return Damaged(expected, entry.status());
    if (View(record->key()) != EntryKey(expected)) {
      return Damaged(expected, absl::DataLossError("it is stored under a key of another"));
    }
    recovered_entries_.push_back(*std::move(entry));
  }
  if (record->status().ok()) return absl::OkStatus();
  return Damaged(end_.position.index.Next(), absl::DataLossError(record->status().ToString()));
}

absl::Status EntryLog::DeleteLeftovers() {
  if (leftovers_.empty()) return absl::OkStatus();
  while (!leftovers_.empty()) {
    batch_.Clear();
    FillWithLeftovers(kLeftoversPerWriteAtStart);
    if (absl::Status status = database_->Write(&batch_, /*sync=*/true); !status.ok()) return status;
  }
  ReclaimSpace();
  return absl::OkStatus();
}

absl::Status EntryLog::Damaged(LogIndex index, const absl::Status& cause) const {
  const std::string place =
      index == LogIndex(0) ? "the base" : "the entry at index " + std::to_string(index.value());
  return absl::Status(cause.code(), "cannot trust log " + database_->path() + " at " + place +
                                        ": " + std::string(cause.message()) + kWayBack);
}

absl::Status EntryLog::Write(std::span<const PersistRequest> requests) {
  if (!failure_.ok()) return failure_;
  absl::StatusOr<NetChange> change = Merge(requests);
  if (!change.ok()) return failure_ = change.status();
  if (!change->is_empty()) failure_ = CarryOut(&*change);
  pending_ = std::move(change->entries);
  return failure_;
}

absl::StatusOr<EntryLog::NetChange> EntryLog::Merge(std::span<const PersistRequest> requests) {
  NetChange change{.base = base_, .start = end_, .entries = std::move(pending_)};
  change.entries.clear();
  for (const PersistRequest& request : requests) {
    if (request.rebase) {
      if (absl::Status status = Rebase(*request.rebase, &change); !status.ok()) return status;
    }
    if (request.truncate_from) {
      if (absl::Status status = TruncateFrom(*request.truncate_from, &change); !status.ok()) {
        return status;
      }
    }
    for (const LogEntryPointer& entry : request.entries) AppendEntry(*entry, &change);
  }
  return change;
}

absl::Status EntryLog::Rebase(const LogRebase& rebase, NetChange* change) {
  RAFT_CHECK(rebase.base.index >= change->base.position.index, "Log: the base never moves back");
  if (rebase.keeps_suffix) {
    if (absl::Status status = Trim(rebase.base, change); !status.ok()) return status;
    RAFT_CHECK(change->base.position == rebase.base, "Log: it is trimmed to an entry of its own");
    RAFT_CHECK(change->base.log_time_ms == rebase.log_time_ms,
               "Log: the time of the new base is that of the entry");
  } else {
    change->entries.clear();
    change->base = ResetBase(rebase.base, rebase.log_time_ms);
    change->start = change->base;
    change->truncates = true;
  }
  change->rebases = true;
  return absl::OkStatus();
}

absl::Status EntryLog::Trim(LogPosition base, NetChange* change) {
  if (base.index > change->start.position.index) {
    // Fill comes past it and then knows its link.
    const std::uint64_t count = base.index - change->start.position.index;
    RAFT_CHECK(count <= change->entries.size(), "Log: it is trimmed to an entry that it has");
    const LogEntry& entry = *change->entries[count - 1];
    change->base = {.position = entry.position(), .link = 0, .log_time_ms = entry.log_time_ms};
    return absl::OkStatus();
  }
  const absl::StatusOr<ChainEnd> end = ReadChainEnd(base.index, *change);
  if (!end.ok()) return end.status();
  change->base = *end;
  return absl::OkStatus();
}

absl::Status EntryLog::TruncateFrom(LogIndex index, NetChange* change) {
  RAFT_CHECK(index > change->base.position.index, "Log: nothing at or below the base is truncated");
  while (!change->entries.empty() && change->entries.back()->index >= index) {
    change->entries.pop_back();
  }
  if (index > change->start.position.index) return absl::OkStatus();
  const absl::StatusOr<ChainEnd> end = ReadChainEnd(index - 1, *change);
  if (!end.ok()) return end.status();
  change->start = *end;
  change->truncates = true;
  return absl::OkStatus();
}

void EntryLog::AppendEntry(const LogEntry& entry, NetChange* change) {
  const bool is_first = change->entries.empty();
  const LogPosition last = is_first ? change->start.position : change->entries.back()->position();
  const LogTimeMs last_time =
      is_first ? change->start.log_time_ms : change->entries.back()->log_time_ms;
  RAFT_CHECK(entry.index == last.index.Next(), "Log: entries are appended without a hole");
  RAFT_CHECK(entry.term >= last.term, "Log: terms never fall along the log");
  RAFT_CHECK(entry.log_time_ms >= last_time, "Log: log time never falls along the log");
  change->entries.push_back(&entry);
}

// Of the base, or of an entry that is stored and kept.
absl::StatusOr<ChainEnd> EntryLog::ReadChainEnd(LogIndex index, const NetChange& kept) {
  if (index == kept.base.position.index) return kept.base;
  if (index == kept.start.position.index) return kept.start;
  std::string bytes;
  const leveldb::Status read = database_->db().Get(Database::Verified(), EntryKey(index), &bytes);
  if (!read.ok()) return Damaged(index, absl::DataLossError(read.ToString()));
  absl::StatusOr<ChainEnd> end = DecodeChainEnd(bytes);
  if (!end.ok()) return Damaged(index, end.status());
  if (end->position.index != index) {
    return Damaged(index, absl::DataLossError("it is stored under a key of another"));
  }
  return end;
}

absl::Status EntryLog::CarryOut(NetChange* change) {
  ChainEnd end = change->start;
  Fill(change, &end);
  // Faster than they come, so that they do not pile up under a flood of small entries.
  bool deletes = FillWithLeftovers(std::max(kLeftoversPerWrite, 2 * change->entries.size()));
  if (absl::Status status = database_->Write(&batch_, /*sync=*/true); !status.ok()) return status;
  if (change->rebases) {
    // After a reset the base may lie beyond everything that was ever stored.
    LeaveOver(base_.position.index.Next(),
              std::min(change->base.position.index, end_.position.index));
    base_ = change->base;
  }
  end_ = end;
  // With nothing to append there may be no other write for long.
  if (change->rebases && change->entries.empty()) {
    batch_.Clear();
    deletes = FillWithLeftovers(kLeftoversPerWrite) || deletes;
    absl::Status status = database_->Write(&batch_, /*sync=*/true);
    if (!status.ok()) return status;
  }
  if (deletes && leftovers_.empty()) ReclaimSpace();
  return absl::OkStatus();
}

// Leaves the batch with the entries, the base and the deletion of what was dropped; `end`, the end
// of what is kept, moves to the end of the log, and the base gets its link.
void EntryLog::Fill(NetChange* change, ChainEnd* end) {
  batch_.Clear();
  const LogIndex base = change->base.position.index;
  std::string key = EntryKey(LogIndex(0));
  for (const LogEntry* entry : change->entries) {
    StoreUint64(key.data() + 1, entry->index.value());
    EncodeEntryRecord(*entry, end, &record_);
    // What is trimmed before it was ever stored only lends its link.
    if (entry->index == base) change->base = *end;
    if (entry->index > base) batch_.Put(key, record_);
  }
  if (change->rebases) {
    batch_.Put(ToSlice(kBaseKey), EncodeBaseRecord({.owner = owner_, .base = change->base}));
  }
  // What was dropped and not overwritten. No key is both put and deleted in one batch.
  const LogIndex last_before = end_.position.index;
  for (LogIndex index = end->position.index.Next(); index <= last_before; index = index.Next()) {
    StoreUint64(key.data() + 1, index.value());
    batch_.Delete(key);
  }
}

// Only what was left over by an earlier, durable write: without that base the log would have a
// hole. False: there was nothing.
bool EntryLog::FillWithLeftovers(std::size_t count_max) {
  std::size_t count = 0;
  for (; count < count_max && !leftovers_.empty(); ++count) {
    IndexRange& range = leftovers_.front();
    batch_.Delete(EntryKey(range.first));
    if (range.first == range.last) {
      leftovers_.pop_front();
    } else {
      range.first = range.first.Next();
    }
  }
  return count > 0;
}

void EntryLog::LeaveOver(LogIndex first, LogIndex last) {
  if (first > last) return;
  if (!leftovers_.empty() && leftovers_.back().last.Next() == first) {
    leftovers_.back().last = last;
  } else {
    leftovers_.push_back({.first = first, .last = last});
  }
}

void EntryLog::ReclaimSpace() {
  reclaimer_.Reclaim(EntryKey(LogIndex(0)), EntryKey(base_.position.index.Next()));
}

}  // namespace raft
