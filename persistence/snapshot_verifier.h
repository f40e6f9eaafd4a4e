// Whether the pieces of a stream are a whole snapshot: in order, undamaged, adding up to the
// digest.
//
// For whoever keeps the pieces (a state directory, a file). Pure: holds counts and sums, no
// records.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/checksum.h"
#include "persistence/identity.h"
#include "persistence/snapshot_stream.h"
#include "persistence/state_record.h"

namespace raft {

// One thread at a time.
class SnapshotVerifier {
 public:
  // The next piece, in order, with every record in it verified; points into `bytes`. DATA_LOSS or
  // INVALID_ARGUMENT: these are not the bytes of a snapshot.
  absl::StatusOr<SnapshotPiece> Add(std::string_view bytes);
  // The summary of the whole. DATA_LOSS: the end is missing, or the records do not add up.
  absl::StatusOr<StateSummary> Finish() const;

  // Of the head. Requires: the first piece was added.
  const SnapshotHeader& header() const { return decoder_.header(); }
  const ClusterId& cluster_id() const { return decoder_.cluster_id(); }
  std::uint64_t piece_count() const { return piece_count_; }
  // The end was added.
  bool is_complete() const { return decoder_.is_complete(); }
  // After what was added so far.
  SnapshotPlace place() const { return decoder_.place(); }

 private:
  SnapshotDecoder decoder_;
  std::uint64_t piece_count_ = 0;
  std::uint64_t key_count_ = 0;
  Digest128 records_digest_;
};

}  // namespace raft
