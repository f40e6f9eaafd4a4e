#include "persistence/entry_log.h"

#include <utility>

#include "core/check.h"
#include "leveldb/iterator.h"
#include "persistence/byte_order.h"
#include "persistence/status_conversion.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

std::string_view View(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }
leveldb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

EntryLog::EntryLog(std::unique_ptr<Database> database) : database_(std::move(database)) {}

absl::Status EntryLog::Create(Disk& disk, const std::string& path, const Owner& owner,
                              LogTimeMs founding_time_ms) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(disk, path, {.create = true});
  if (!database.ok()) return database.status();
  std::string bytes;
  const leveldb::Status found =
      (*database)->db().Get(Database::Verified(), ToSlice(kBaseKey), &bytes);
  if (!found.IsNotFound()) return FromLevelDb("read the base of", path, found);
  const BaseRecord base{.owner = owner, .base = {.position = {}, .log_time_ms = founding_time_ms}};
  leveldb::WriteBatch batch;
  batch.Put(ToSlice(kBaseKey), EncodeBaseRecord(base));
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
  std::unique_ptr<EntryLog> log(new EntryLog(*std::move(database)));
  if (absl::Status status = log->ReadBase(owner); !status.ok()) return status;
  if (absl::Status status = log->ReadEntries(); !status.ok()) return status;
  return log;
}

absl::Status EntryLog::ReadBase(const Owner& owner) {
  std::string bytes;
  const leveldb::Status read = database_->db().Get(Database::Verified(), ToSlice(kBaseKey), &bytes);
  if (read.IsNotFound()) return Damaged(LogIndex(0), absl::DataLossError("the base is missing"));
  if (!read.ok()) return FromLevelDb("read the base of", database_->path(), read);
  const absl::StatusOr<BaseRecord> base = DecodeBaseRecord(bytes);
  if (!base.ok()) return Damaged(LogIndex(0), base.status());
  if (base->owner != owner) {
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
  if (change->truncates || !change->entries.empty()) {
    ChainEnd end = change->start;
    Fill(*change, &end);
    failure_ = database_->Write(&batch_, /*sync=*/true);
    if (!failure_.ok()) return failure_;
    end_ = end;
  }
  pending_ = std::move(change->entries);
  return absl::OkStatus();
}

absl::StatusOr<EntryLog::NetChange> EntryLog::Merge(std::span<const PersistRequest> requests) {
  NetChange change{.start = end_, .entries = std::move(pending_)};
  change.entries.clear();
  for (const PersistRequest& request : requests) {
    if (request.truncate_from) {
      if (absl::Status status = TruncateFrom(*request.truncate_from, &change); !status.ok()) {
        return status;
      }
    }
    for (const LogEntryPointer& entry : request.entries) {
      const bool is_first = change.entries.empty();
      const LogPosition last = is_first ? change.start.position : change.entries.back()->position();
      const LogTimeMs last_time =
          is_first ? change.start.log_time_ms : change.entries.back()->log_time_ms;
      RAFT_CHECK(entry->index == last.index.Next(), "Log: entries are appended without a hole");
      RAFT_CHECK(entry->term >= last.term, "Log: terms never fall along the log");
      RAFT_CHECK(entry->log_time_ms >= last_time, "Log: log time never falls along the log");
      change.entries.push_back(entry.get());
    }
  }
  return change;
}

absl::Status EntryLog::TruncateFrom(LogIndex index, NetChange* change) {
  RAFT_CHECK(index > base_.position.index, "Log: nothing at or below the base is truncated");
  while (!change->entries.empty() && change->entries.back()->index >= index) {
    change->entries.pop_back();
  }
  if (index > change->start.position.index) return absl::OkStatus();
  const absl::StatusOr<ChainEnd> end = ReadChainEnd(index - 1);
  if (!end.ok()) return end.status();
  change->start = *end;
  change->truncates = true;
  return absl::OkStatus();
}

absl::StatusOr<ChainEnd> EntryLog::ReadChainEnd(LogIndex index) {
  if (index == base_.position.index) return base_;
  std::string bytes;
  const leveldb::Status read = database_->db().Get(Database::Verified(), EntryKey(index), &bytes);
  if (!read.ok()) return Damaged(index, absl::DataLossError(read.ToString()));
  absl::StatusOr<ChainEnd> end = DecodeChainEnd(bytes);
  if (!end.ok()) return Damaged(index, end.status());
  return end;
}

void EntryLog::Fill(const NetChange& change, ChainEnd* end) {
  batch_.Clear();
  std::string key = EntryKey(LogIndex(0));
  for (const LogEntry* entry : change.entries) {
    StoreUint64(key.data() + 1, entry->index.value());
    EncodeEntryRecord(*entry, end, &record_);
    batch_.Put(key, record_);
  }
  // What was dropped and not overwritten. No key is both put and deleted in one batch.
  const LogIndex last_before = end_.position.index;
  for (LogIndex index = end->position.index.Next(); index <= last_before; index = index.Next()) {
    StoreUint64(key.data() + 1, index.value());
    batch_.Delete(key);
  }
}

}  // namespace raft
