#include "persistence/incoming_state.h"

#include <utility>

#include "persistence/leveldb_key_value_store.h"

namespace raft {
namespace {

leveldb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

// Whoever hears of damage asks for another transfer; what this disk did wrong must not look so.
absl::Status OfThisDisk(const absl::Status& status) {
  const bool looks_like_the_senders = absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
  return looks_like_the_senders ? absl::InternalError(status.message()) : status;
}

absl::Status Refused(const std::string& cause) {
  return absl::InvalidArgumentError("cannot use the snapshot: " + cause);
}

}  // namespace

IncomingState::IncomingState(Disk& disk, std::shared_ptr<StateDirectories> states,
                             SnapshotClusters clusters, std::string name)
    : disk_(disk),
      env_(disk.env()),
      states_(std::move(states)),
      clusters_(std::move(clusters)),
      name_(std::move(name)) {}

absl::StatusOr<std::unique_ptr<IncomingState>> IncomingState::Create(
    Disk& disk, std::shared_ptr<StateDirectories> states, SnapshotClusters clusters) {
  std::string name = states->NewName();
  std::unique_ptr<IncomingState> incoming(
      new IncomingState(disk, std::move(states), std::move(clusters), std::move(name)));
  absl::StatusOr<std::unique_ptr<Database>> database = LevelDbKeyValueStore::OpenDatabase(
      disk, incoming->states_->PathOf(incoming->name_), /*create=*/true);
  if (!database.ok()) return OfThisDisk(database.status());
  incoming->database_ = *std::move(database);
  incoming->states_->Watch(incoming->name_, incoming->database_->UntilClosed());
  return incoming;
}

IncomingState::~IncomingState() {
  database_.reset();
  // What cannot be removed now goes at the next Begin, or at the next start.
  if (!is_finished_) RemoveDatabase(env_, states_->PathOf(name_)).IgnoreError();
}

absl::Status IncomingState::Add(std::string_view bytes) {
  if (!failure_.ok()) return failure_;
  const absl::StatusOr<SnapshotPiece> piece = verifier_.Add(bytes);
  failure_ = piece.ok() ? Store(*piece) : piece.status();
  return failure_;
}

absl::Status IncomingState::Store(const SnapshotPiece& piece) {
  if (piece.kind == SnapshotPieceKind::kHead && verifier_.cluster_id() != clusters_.from) {
    return Refused("it is of another cluster, " + FormatClusterId(verifier_.cluster_id()) +
                   ", and not of " + FormatClusterId(clusters_.from));
  }
  if (piece.records.empty()) return absl::OkStatus();
  leveldb::WriteBatch batch;
  std::string key;
  for (const SnapshotRecord& record : piece.records) {
    key.assign(1, kRecordPrefix);
    key += record.key;
    batch.Put(key, ToSlice(record.bytes));
  }
  return OfThisDisk(database_->Write(&batch, /*sync=*/false));
}

std::optional<SnapshotPlace> IncomingState::place() const {
  if (!failure_.ok() || verifier_.piece_count() == 0 || verifier_.is_complete()) {
    return std::nullopt;
  }
  return verifier_.place();
}

absl::StatusOr<SnapshotHeader> IncomingState::Finish() {
  if (!failure_.ok()) return failure_;
  const absl::StatusOr<StateSummary> summary = verifier_.Finish();
  if (!summary.ok()) return failure_ = summary.status();
  failure_ = OfThisDisk(WriteSummary(*summary));
  if (failure_.ok()) failure_ = OfThisDisk(ReadBack());
  if (!failure_.ok()) return failure_;
  is_finished_ = true;
  states_->SetWaiting(name_);
  return verifier_.header();
}

// A synced write makes everything before it durable too (syncing_env.h).
absl::Status IncomingState::WriteSummary(const StateSummary& summary) {
  leveldb::WriteBatch batch;
  std::string bytes;
  EncodeSummary(summary, &bytes);
  batch.Put(ToSlice(kSummaryKey), bytes);
  batch.Put(ToSlice(kMembershipKey),
            EncodeMembership(
                {.cluster_id = clusters_.into, .configuration = verifier_.header().configuration}));
  batch.Put(ToSlice(kLogResetPendingKey), EncodeMark());
  return database_->Write(&batch, /*sync=*/true);
}

// As a start will read it, while the state that it is to replace is still there.
absl::Status IncomingState::ReadBack() {
  database_.reset();
  const absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state =
      LevelDbKeyValueStore::Open(disk_, states_->PathOf(name_), clusters_.into);
  if (!state.ok()) return state.status();
  states_->Watch(name_, (*state)->UntilClosed());
  return (*state)->VerifyRecords();
}

}  // namespace raft
