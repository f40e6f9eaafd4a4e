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
                                          const FoundingConfiguration& founding) {
  absl::StatusOr<std::unique_ptr<Database>> database = OpenDatabase(disk, path, /*create=*/true);
  if (!database.ok()) return database.status();
  std::string summary;
  const leveldb::Status found =
      (*database)->db().Get(Database::Verified(), ToSlice(kSummaryKey), &summary);
  if (!found.IsNotFound()) return FromLevelDb("read the summary of", path, found);
  EncodeSummary({.applied = {}, .log_time_ms = founding.log_time_ms, .records_digest = {}},
                &summary);
  leveldb::WriteBatch batch;
  batch.Put(ToSlice(kSummaryKey), summary);
  batch.Put(ToSlice(kMembershipKey),
            EncodeMembership({.cluster_id = founding.cluster_id,
                              .configuration = {.index = LogIndex(0),
                                                .configuration = ConfigurationOf(founding)}}));
  return (*database)->Write(&batch, /*sync=*/true);
}

absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> LevelDbKeyValueStore::Open(
    Disk& disk, const std::string& path, const ClusterId& cluster_id) {
  absl::StatusOr<std::unique_ptr<Database>> database = OpenDatabase(disk, path, /*create=*/false);
  if (!database.ok()) {
    const bool absent = absl::IsNotFound(database.status());
    return Untrusted(path,
                     absent ? absl::StatusCode::kFailedPrecondition : database.status().code(),
                     std::string(database.status().message()));
  }
  std::unique_ptr<LevelDbKeyValueStore> store(
      new LevelDbKeyValueStore(*std::move(database), cluster_id));
  if (absl::Status status = store->ReadSummary(); !status.ok()) return status;
  if (absl::Status status = store->ReadMembership(); !status.ok()) return status;
  const absl::StatusOr<bool> pending =
      store->HasMark(kLogResetPendingKey, "mark of an installed snapshot");
  if (!pending.ok()) return pending.status();
  const absl::StatusOr<bool> diverged = store->HasMark(kDivergedKey, "mark of a diverged state");
  if (!diverged.ok()) return diverged.status();
  store->log_reset_pending_ = *pending;
  store->diverged_ = *diverged;
  return store;
}

LevelDbKeyValueStore::LevelDbKeyValueStore(std::unique_ptr<Database> database, ClusterId cluster_id)
    : database_(std::move(database)),
      cluster_id_(std::move(cluster_id)),
      overlay_(database_.get()),
      executor_(&overlay_) {}

absl::Status LevelDbKeyValueStore::ReadSummary() {
  const absl::StatusOr<std::string> bytes = GetRequired(*database_, kSummaryKey, "summary");
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<StateSummary> summary = DecodeSummary(*bytes);
  if (!summary.ok()) {
    return Untrusted(database_->path(), summary.status().code(),
                     "its summary: " + std::string(summary.status().message()));
  }
  summary_ = *summary;
  return absl::OkStatus();
}

absl::Status LevelDbKeyValueStore::ReadMembership() {
  const absl::StatusOr<std::string> bytes =
      GetRequired(*database_, kMembershipKey, "configuration");
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<StateMembership> membership = DecodeMembership(*bytes);
  if (!membership.ok()) {
    return Untrusted(database_->path(), membership.status().code(),
                     "its configuration: " + std::string(membership.status().message()));
  }
  if (membership->cluster_id != cluster_id_) {
    return Untrusted(database_->path(), absl::StatusCode::kFailedPrecondition,
                     "it belongs to another cluster");
  }
  configuration_ = std::move(membership->configuration);
  return absl::OkStatus();
}

absl::StatusOr<bool> LevelDbKeyValueStore::HasMark(std::string_view key, const char* name) {
  std::string bytes;
  const leveldb::Status read = database_->db().Get(Database::Verified(), ToSlice(key), &bytes);
  if (read.IsNotFound()) return false;
  const absl::Status mark = read.ok() ? DecodeMark(bytes) : absl::DataLossError(read.ToString());
  if (mark.ok()) return true;
  return Untrusted(database_->path(), mark.code(),
                   std::string("its ") + name + ": " + std::string(mark.message()));
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
  if (failure_.ok()) failure_ = WriteBatch(&next);
  overlay_.Clear();
  new_configuration_.reset();
  if (!failure_.ok()) {
    outcome.results.clear();
    outcome.failure = std::string(failure_.message());
  }
  return outcome;
}

// What the entries of a batch have changed, and what is known of the whole: all or nothing.
absl::Status LevelDbKeyValueStore::WriteBatch(StateSummary* next) {
  batch_.Clear();
  overlay_.WriteInto(&batch_, next);
  if (new_configuration_) {
    batch_.Put(ToSlice(kMembershipKey),
               EncodeMembership({.cluster_id = cluster_id_, .configuration = *new_configuration_}));
  }
  if (absl::Status status = WriteSummary(*next, /*sync=*/false); !status.ok()) return status;
  summary_ = *next;
  if (new_configuration_) configuration_ = *std::exchange(new_configuration_, std::nullopt);
  return absl::OkStatus();
}

absl::StatusOr<std::string> LevelDbKeyValueStore::ApplyEntry(const LogEntry& entry) {
  absl::Status understood =
      absl::UnimplementedError("it is of a kind that this server does not know");
  switch (entry.kind) {
    case EntryKind::kNoOp:
      return std::string();
    case EntryKind::kConfiguration:
      if (auto configuration = ClusterConfiguration::Decode(entry.data)) {
        new_configuration_ = {.index = entry.index, .configuration = *std::move(configuration)};
        return std::string();
      }
      understood = absl::DataLossError("its configuration cannot be one");
      break;
    case EntryKind::kCommand:
      understood = ParseCommand(entry);
      if (understood.ok()) return executor_.Execute(command_, entry.index.value());
      break;
  }
  return absl::Status(understood.code(),
                      "cannot apply the entry at index " + std::to_string(entry.index.value()) +
                          " of term " + std::to_string(entry.term.value()) + " to " +
                          database_->path() + ": " + std::string(understood.message()) +
                          "; skipping it would make this server differ from the others: start a "
                          "program version that understands it");
}

absl::Status LevelDbKeyValueStore::ParseCommand(const LogEntry& entry) {
  if (command_.ParseFromString(entry.data)) return CheckUnderstood(command_);
  return absl::DataLossError("its command cannot be parsed");
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

absl::Status LevelDbKeyValueStore::MarkDiverged() {
  if (!failure_.ok() || diverged_) return failure_;
  batch_.Clear();
  batch_.Put(ToSlice(kDivergedKey), EncodeMark());
  failure_ = WriteSummary(summary_, /*sync=*/true);
  diverged_ = failure_.ok();
  return failure_;
}

}  // namespace raft
