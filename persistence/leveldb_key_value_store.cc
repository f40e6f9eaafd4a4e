#include "persistence/leveldb_key_value_store.h"

#include <utility>

#include "core/check.h"
#include "persistence/key_value_rules.h"
#include "persistence/snapshot_source.h"
#include "persistence/status_conversion.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

// Small commands may have large answers; a batch ends when they come to this much (trap G6). Where
// a batch ends makes no difference to the state.
constexpr std::size_t kResultBytesMax = 8 << 20;

leveldb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

absl::Status Untrusted(const std::string& path, absl::StatusCode code, const std::string& cause) {
  return absl::Status(code, "cannot trust state " + path + ": " + cause + WayBackFrom(code));
}

// A record that every state has.
absl::StatusOr<std::string> GetRequired(Database& database, std::string_view key,
                                        const char* name) {
  std::string bytes;
  const leveldb::Status read = database.db().Get(Database::Verified(), ToSlice(key), &bytes);
  if (read.ok()) return bytes;
  return Untrusted(database.path(), absl::StatusCode::kDataLoss,
                   std::string("its ") + name + " cannot be read: " + read.ToString());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> LevelDbKeyValueStore::OpenDatabase(
    Disk& disk, const std::string& path, bool create) {
  return Database::Open(disk, path,
                        {.create = create, .point_reads = true, .block_cache_bytes = 4 << 20});
}

absl::Status LevelDbKeyValueStore::Create(Disk& disk, const std::string& path,
                                          const std::string& configuration,
                                          LogTimeMs founding_time_ms) {
  absl::StatusOr<std::unique_ptr<Database>> database = OpenDatabase(disk, path, /*create=*/true);
  if (!database.ok()) return database.status();
  std::string summary;
  const leveldb::Status found =
      (*database)->db().Get(Database::Verified(), ToSlice(kSummaryKey), &summary);
  if (!found.IsNotFound()) return FromLevelDb("read the summary of", path, found);
  EncodeSummary({.applied = {}, .log_time_ms = founding_time_ms, .records_digest = {}}, &summary);
  leveldb::WriteBatch batch;
  batch.Put(ToSlice(kSummaryKey), summary);
  batch.Put(ToSlice(kConfigurationKey), EncodeConfiguration(configuration));
  return (*database)->Write(&batch, /*sync=*/true);
}

absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> LevelDbKeyValueStore::Open(
    Disk& disk, const std::string& path, const std::string& configuration) {
  absl::StatusOr<std::unique_ptr<Database>> database = OpenDatabase(disk, path, /*create=*/false);
  if (!database.ok()) {
    const bool absent = absl::IsNotFound(database.status());
    return Untrusted(path,
                     absent ? absl::StatusCode::kFailedPrecondition : database.status().code(),
                     std::string(database.status().message()));
  }
  std::unique_ptr<LevelDbKeyValueStore> store(
      new LevelDbKeyValueStore(*std::move(database), configuration));
  if (absl::Status status = store->ReadSummary(); !status.ok()) return status;
  if (absl::Status status = store->ReadLogResetPending(); !status.ok()) return status;
  return store;
}

LevelDbKeyValueStore::LevelDbKeyValueStore(std::unique_ptr<Database> database,
                                           std::string configuration)
    : database_(std::move(database)),
      configuration_(std::move(configuration)),
      overlay_(database_.get()),
      executor_(&overlay_) {}

absl::Status LevelDbKeyValueStore::ReadSummary() {
  const std::string& path = database_->path();
  const absl::StatusOr<std::string> summary_bytes = GetRequired(*database_, kSummaryKey, "summary");
  if (!summary_bytes.ok()) return summary_bytes.status();
  const absl::StatusOr<StateSummary> summary = DecodeSummary(*summary_bytes);
  if (!summary.ok()) {
    return Untrusted(path, summary.status().code(),
                     "its summary: " + std::string(summary.status().message()));
  }
  const absl::StatusOr<std::string> configuration_bytes =
      GetRequired(*database_, kConfigurationKey, "configuration");
  if (!configuration_bytes.ok()) return configuration_bytes.status();
  const absl::StatusOr<std::string> configuration = DecodeConfiguration(*configuration_bytes);
  if (!configuration.ok()) {
    return Untrusted(path, configuration.status().code(),
                     "its configuration: " + std::string(configuration.status().message()));
  }
  if (*configuration != configuration_) {
    return Untrusted(path, absl::StatusCode::kFailedPrecondition, "it belongs to another cluster");
  }
  summary_ = *summary;
  return absl::OkStatus();
}

absl::Status LevelDbKeyValueStore::ReadLogResetPending() {
  std::string bytes;
  const leveldb::Status read =
      database_->db().Get(Database::Verified(), ToSlice(kLogResetPendingKey), &bytes);
  if (read.IsNotFound()) return absl::OkStatus();
  const absl::Status mark =
      read.ok() ? DecodeLogResetPending(bytes) : absl::DataLossError(read.ToString());
  if (!mark.ok()) {
    return Untrusted(database_->path(), mark.code(),
                     "its mark of an installed snapshot: " + std::string(mark.message()));
  }
  log_reset_pending_ = true;
  return absl::OkStatus();
}

// A damaged MANIFEST may open with a hole in the middle (traps E13, H4); the log has its chain to
// show that, the state has its digest.
absl::Status LevelDbKeyValueStore::VerifyRecords() {
  const absl::StatusOr<std::string> scanned = ScanDigest();
  if (!scanned.ok()) return scanned.status();
  if (*scanned == digest()) return absl::OkStatus();
  return Untrusted(database_->path(), absl::StatusCode::kDataLoss,
                   "its records do not add up to its digest, so some of them are missing or of "
                   "another time");
}

ApplyOutcome LevelDbKeyValueStore::Apply(std::span<const LogEntryPointer> entries) {
  ApplyOutcome outcome;
  if (!failure_.ok()) {
    outcome.failure = std::string(failure_.message());
    return outcome;
  }
  StateSummary next = summary_;
  std::size_t result_bytes = 0;
  outcome.results.reserve(entries.size());
  for (const LogEntryPointer& entry : entries) {
    RAFT_CHECK(entry->index == next.applied.index.Next(),
               "State Machine Safety: entries are applied in order, each once");
    absl::StatusOr<std::string> result = ApplyEntry(*entry);
    if (!result.ok()) {
      failure_ = result.status();
      break;
    }
    result_bytes += result->size();
    outcome.results.push_back(*std::move(result));
    next.applied = entry->position();
    next.log_time_ms = entry->log_time_ms;
    if (result_bytes >= kResultBytesMax) break;
  }
  if (failure_.ok()) {
    batch_.Clear();
    overlay_.WriteInto(&batch_, &next);
    failure_ = WriteSummary(next, /*sync=*/false);
  }
  overlay_.Clear();
  if (failure_.ok()) {
    summary_ = next;
  } else {
    outcome.results.clear();
    outcome.failure = std::string(failure_.message());
  }
  return outcome;
}

absl::StatusOr<std::string> LevelDbKeyValueStore::ApplyEntry(const LogEntry& entry) {
  if (entry.kind == EntryKind::kNoOp) return std::string();
  absl::Status understood;
  if (entry.kind != EntryKind::kCommand) {
    understood = absl::UnimplementedError("it is of a kind that this server does not know");
  } else if (!command_.ParseFromString(entry.data)) {
    understood = absl::DataLossError("its command cannot be parsed");
  } else {
    understood = CheckUnderstood(command_);
  }
  if (understood.ok()) return executor_.Execute(command_, entry.index.value());
  return absl::Status(understood.code(),
                      "cannot apply the entry at index " + std::to_string(entry.index.value()) +
                          " of term " + std::to_string(entry.term.value()) + " to " +
                          database_->path() + ": " + std::string(understood.message()) +
                          "; skipping it would make this server differ from the others: start a "
                          "program version that understands it");
}

// Writes batch_ with the summary beside it.
absl::Status LevelDbKeyValueStore::WriteSummary(const StateSummary& summary, bool sync) {
  EncodeSummary(summary, &summary_bytes_);
  batch_.Put(ToSlice(kSummaryKey), summary_bytes_);
  return database_->Write(&batch_, sync);
}

absl::Status LevelDbKeyValueStore::Read(const raft::v1::Query& query,
                                        raft::v1::ReadResponse* response) {
  Page page{.items = response->mutable_items()};
  absl::Status status = query.has_scan() ? executor_.Scan(query.scan(), &page)
                                         : executor_.Get(query.get().key(), &page);
  response->set_more(page.more);
  return status;
}

std::string LevelDbKeyValueStore::digest() const {
  return FormatDigest(StateDigest(summary_, configuration_));
}

absl::StatusOr<std::string> LevelDbKeyValueStore::ScanDigest() {
  StateSummary found = summary_;
  found.records_digest = {};
  const absl::Status walked =
      overlay_.Walk("", "", [&](std::string_view, const RecordView& record) {
        found.records_digest += record.hash;
        return true;
      });
  if (!walked.ok()) return walked;
  return FormatDigest(StateDigest(found, configuration_));
}

absl::Status LevelDbKeyValueStore::Checkpoint() {
  if (!failure_.ok()) return failure_;
  batch_.Clear();
  failure_ = WriteSummary(summary_, /*sync=*/true);
  return failure_;
}

absl::StatusOr<std::unique_ptr<SnapshotSource>> LevelDbKeyValueStore::OpenSnapshot() {
  if (!failure_.ok()) return failure_;
  return DatabaseSnapshotSource::Open(database_);
}

absl::Status LevelDbKeyValueStore::CompleteInstall() {
  if (!failure_.ok() || !log_reset_pending_) return failure_;
  batch_.Clear();
  batch_.Delete(ToSlice(kLogResetPendingKey));
  failure_ = WriteSummary(summary_, /*sync=*/true);
  log_reset_pending_ = !failure_.ok();
  return failure_;
}

}  // namespace raft
