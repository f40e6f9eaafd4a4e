#include "persistence/snapshot_source.h"

#include <utility>

#include "persistence/state_record.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

std::string_view View(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }
leveldb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

DatabaseSnapshotSource::DatabaseSnapshotSource(std::shared_ptr<Database> database)
    : database_(std::move(database)), pinned_(database_->db().GetSnapshot()) {}

DatabaseSnapshotSource::~DatabaseSnapshotSource() {
  record_.reset();
  database_->db().ReleaseSnapshot(pinned_);
}

absl::StatusOr<std::unique_ptr<DatabaseSnapshotSource>> DatabaseSnapshotSource::Open(
    std::shared_ptr<Database> database) {
  std::unique_ptr<DatabaseSnapshotSource> source(new DatabaseSnapshotSource(std::move(database)));
  if (absl::Status status = source->ReadHeader(); !status.ok()) return status;
  leveldb::ReadOptions options = Database::Verified(/*whole_table=*/true);
  options.snapshot = source->pinned_;
  source->record_.reset(source->database_->db().NewIterator(options));
  source->record_->Seek(std::string(1, kRecordPrefix));
  return source;
}

absl::Status DatabaseSnapshotSource::ReadHeader() {
  const absl::StatusOr<std::string> summary_bytes = Get(kSummaryKey, "summary");
  if (!summary_bytes.ok()) return summary_bytes.status();
  const absl::StatusOr<StateSummary> summary = DecodeSummary(*summary_bytes);
  if (!summary.ok()) return Untrusted("its summary: " + std::string(summary.status().message()));
  const absl::StatusOr<std::string> membership_bytes = Get(kMembershipKey, "configuration");
  if (!membership_bytes.ok()) return membership_bytes.status();
  absl::StatusOr<StateMembership> membership = DecodeMembership(*membership_bytes);
  if (!membership.ok()) {
    return Untrusted("its configuration: " + std::string(membership.status().message()));
  }
  header_ = {.last_included = summary->applied,
             .log_time_ms = summary->log_time_ms,
             .key_count = summary->key_count,
             .digest = FormatDigest(StateDigest(*summary, membership->configuration)),
             .configuration = std::move(membership->configuration)};
  cluster_id_ = std::move(membership->cluster_id);
  return absl::OkStatus();
}

absl::StatusOr<std::string> DatabaseSnapshotSource::Get(std::string_view key, const char* name) {
  leveldb::ReadOptions options = Database::Verified();
  options.snapshot = pinned_;
  std::string bytes;
  const leveldb::Status read = database_->db().Get(options, ToSlice(key), &bytes);
  if (read.ok()) return bytes;
  return Untrusted(std::string("its ") + name + " cannot be read: " + read.ToString());
}

absl::StatusOr<std::string> DatabaseSnapshotSource::NextPiece(std::size_t bytes_max) {
  switch (next_) {
    case Next::kHead:
      next_ = Next::kRecords;
      return encoder_.Head(header_, cluster_id_);
    case Next::kRecords:
      if (absl::Status status = AddRecords(bytes_max); !status.ok()) return status;
      if (encoder_.has_records()) return encoder_.TakeRecords();
      next_ = Next::kNothing;
      if (absl::Status status = CheckCount(); !status.ok()) return status;
      return encoder_.End();
    case Next::kNothing:
      break;
  }
  return std::string();
}

absl::Status DatabaseSnapshotSource::GoTo(const SnapshotPlace& place) {
  encoder_.GoTo(place);
  next_ = place.piece_count == 0 ? Next::kHead : Next::kRecords;
  keys_told_ = keys_read_ = place.key_count;
  const std::string last = std::string(1, kRecordPrefix) + place.last_key;
  record_->Seek(last);
  const bool is_after_a_key = place.key_count > 0;
  if (is_after_a_key && record_->Valid() && View(record_->key()) == last) {
    record_->Next();
    return absl::OkStatus();
  }
  if (!record_->status().ok()) return Untrusted(record_->status().ToString());
  if (!is_after_a_key) return absl::OkStatus();
  return absl::InvalidArgumentError("cannot go on with the snapshot of state " + database_->path() +
                                    ": it does not hold the key before that place");
}

// What a receiver told of the beginning is no evidence against this disk.
absl::Status DatabaseSnapshotSource::CheckCount() const {
  if (keys_read_ == header_.key_count) return absl::OkStatus();
  if (keys_told_ == 0) {
    return Untrusted("it holds " + std::to_string(keys_read_) + " keys where its summary says " +
                     std::to_string(header_.key_count));
  }
  return absl::InvalidArgumentError(
      "cannot go on with the snapshot of state " + database_->path() + ": with the " +
      std::to_string(keys_told_) + " keys that were said to lie before that place it would hold " +
      std::to_string(keys_read_) + " of " + std::to_string(header_.key_count));
}

// Whoever receives a rotten record can only give up; here it is known whose disk it is.
absl::Status DatabaseSnapshotSource::AddRecords(std::size_t bytes_max) {
  for (; record_->Valid() && record_->key()[0] == kRecordPrefix; record_->Next()) {
    const SnapshotRecord record{.key = View(record_->key()).substr(1),
                                .bytes = View(record_->value())};
    if (encoder_.has_records() && encoder_.BytesWith(record) > bytes_max) return absl::OkStatus();
    if (const auto decoded = DecodeRecord(record.key, record.bytes); !decoded.ok()) {
      return Untrusted(std::string(decoded.status().message()));
    }
    encoder_.Add(record);
    ++keys_read_;
  }
  if (record_->status().ok()) return absl::OkStatus();
  return Untrusted(record_->status().ToString());
}

absl::Status DatabaseSnapshotSource::Untrusted(const std::string& cause) const {
  return absl::DataLossError("cannot read a snapshot of state " + database_->path() + ": " + cause +
                             kWayBack);
}

}  // namespace raft
