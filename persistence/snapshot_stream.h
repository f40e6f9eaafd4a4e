// A state as a stream of pieces, on its way to another server or to a backup file.
//
// A head says what it is of, pieces of records follow in the order of their keys, an end says how
// many there were. Each piece carries a checksum, its number and the checksum of the piece before
// it: a lost, doubled, swapped or rotten one is noticed at once (traps C8, C21). README.md of this
// room has the layout. Pure: knows bytes, no disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "persistence/identity.h"
#include "persistence/snapshot.h"

namespace raft {

enum class SnapshotPieceKind : std::uint8_t { kHead = 1, kRecords = 2, kEnd = 3 };

// Every piece begins with so many bytes, which say how long it is; for whoever finds pieces one
// after the other. The length is as good as the bytes: only the whole piece can be verified.
inline constexpr std::size_t kSnapshotPieceFrontBytes = 34;
std::uint64_t SnapshotPieceLength(std::string_view front);

// One record of the state, stored in `bytes` as in its database (state_record.h).
struct SnapshotRecord {
  std::string_view key;
  std::string_view bytes;
};

// One thread at a time. Head first, then records and pieces of them, then End.
class SnapshotEncoder {
 public:
  // `cluster_id`: whose state it is.
  std::string Head(const SnapshotHeader& header, const ClusterId& cluster_id);

  // Adds a record to the piece under way. Requires: its key lies after all earlier ones.
  void Add(const SnapshotRecord& record);
  bool has_records() const { return !body_.empty(); }
  // How long the piece under way would be with this record too.
  std::size_t BytesWith(const SnapshotRecord& record) const;
  // The piece under way, with what was added since the last one.
  std::string TakeRecords();

  std::string End();

  // The next piece will be the one at `place`; what is under way is dropped. Then keys lie after
  // place.last_key.
  void GoTo(const SnapshotPlace& place);

 private:
  std::string Piece(SnapshotPieceKind kind, std::string_view body);

  std::uint64_t pieces_ = 0;
  std::uint64_t link_ = 0;
  std::uint64_t keys_ = 0;
  std::string body_;
};

// What one piece says; points into its bytes.
struct SnapshotPiece {
  SnapshotPieceKind kind = SnapshotPieceKind::kHead;
  std::vector<SnapshotRecord> records;  // of a piece of records, keys rising
};

// One thread at a time.
class SnapshotDecoder {
 public:
  // The next piece, in order. DATA_LOSS: damaged, or not the piece that belongs here.
  // INVALID_ARGUMENT: no piece of a snapshot, or of a format version that this program does not
  // know. What records hold is not looked at.
  absl::StatusOr<SnapshotPiece> Decode(std::string_view bytes);

  // Of the head. Requires: it was decoded.
  const SnapshotHeader& header() const { return header_; }
  // Whose state it is; 16 bytes. Requires: the head was decoded.
  const ClusterId& cluster_id() const { return cluster_id_; }
  // The end was decoded, and the counts are right.
  bool is_complete() const { return is_complete_; }
  // After what was decoded so far.
  SnapshotPlace place() const;

 private:
  absl::Status DecodeHead(std::string_view body);
  absl::Status CheckHeader() const;
  absl::Status DecodeRecords(std::string_view body, SnapshotPiece* piece);
  absl::Status DecodeEnd(std::string_view body);

  SnapshotHeader header_;
  ClusterId cluster_id_;
  std::uint64_t offset_ = 0;
  std::uint64_t pieces_ = 0;
  std::uint64_t link_ = 0;
  std::uint64_t keys_ = 0;
  std::string last_key_;
  bool is_complete_ = false;
};

}  // namespace raft
