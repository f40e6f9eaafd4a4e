#include "persistence/snapshot_verifier.h"

#include <string>

namespace raft {

absl::StatusOr<SnapshotPiece> SnapshotVerifier::Add(std::string_view bytes) {
  absl::StatusOr<SnapshotPiece> piece = decoder_.Decode(bytes);
  if (!piece.ok()) return piece;
  for (const SnapshotRecord& record : piece->records) {
    const absl::StatusOr<RecordView> decoded = DecodeRecord(record.key, record.bytes);
    if (!decoded.ok()) {
      return absl::InvalidArgumentError("cannot use the snapshot: " +
                                        std::string(decoded.status().message()));
    }
    records_digest_ += decoded->hash;
    ++key_count_;
  }
  ++piece_count_;
  return piece;
}

absl::StatusOr<StateSummary> SnapshotVerifier::Finish() const {
  if (!is_complete()) return absl::DataLossError("cannot use the snapshot: its end is missing");
  const StateSummary summary{.applied = header().last_included,
                             .log_time_ms = header().log_time_ms,
                             .key_count = key_count_,
                             .records_digest = records_digest_};
  if (FormatDigest(StateDigest(summary, header().configuration)) == header().digest) return summary;
  return absl::DataLossError(
      "cannot use the snapshot: its records do not add up to the digest in its head");
}

}  // namespace raft
