#include "persistence/snapshot_stream.h"

#include <utility>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"

namespace raft {
namespace {

constexpr std::string_view kMagic = "RAFTSNAP";
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kNumberBytes = sizeof(std::uint64_t);
// Magic, version, kind, then length, number and link.
constexpr std::size_t kFrontBytes = kMagic.size() + 2 + 3 * kNumberBytes;
static_assert(kFrontBytes == kSnapshotPieceFrontBytes);
constexpr std::size_t kFrameBytes = kFrontBytes + kNumberBytes;
constexpr std::size_t kDigestDigits = 2 * kDigestBytes;
// Position, log time, number of keys, digest, cluster id, index of the configuration.
constexpr std::size_t kHeadFixedBytes = 5 * kNumberBytes + kDigestDigits + kClusterIdBytes;

absl::Status Damaged(std::uint64_t number, const std::string& cause) {
  return absl::DataLossError("cannot use piece " + std::to_string(number) +
                             " of the snapshot: " + cause);
}

absl::Status NotOurs(std::uint64_t number, const std::string& cause) {
  return absl::InvalidArgumentError("cannot use piece " + std::to_string(number) +
                                    " of the snapshot: " + cause);
}

// One piece as it came, its frame checked as far as one piece can be.
struct Frame {
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  std::uint64_t link = 0;
  std::string_view body;
  std::uint64_t checksum = 0;
};

absl::StatusOr<Frame> OpenFrame(std::string_view bytes, std::uint64_t expected) {
  if (bytes.size() < kFrameBytes) return Damaged(expected, "it is too short");
  const std::string_view covered = bytes.substr(0, bytes.size() - kNumberBytes);
  Frame frame;
  frame.checksum = LoadUint64(bytes.data() + covered.size());
  if (Checksum64(covered) != frame.checksum) return Damaged(expected, "its checksum is wrong");
  ByteReader reader(covered);
  if (reader.Take(kMagic.size()) != kMagic) return NotOurs(expected, "it is none");
  const std::uint8_t version = reader.TakeUint8();
  if (version != kVersion) {
    return NotOurs(expected, "its format version is " + std::to_string(version) +
                                 ", this program knows " + std::to_string(kVersion));
  }
  frame.kind = reader.TakeUint8();
  const std::uint64_t length = reader.TakeUint64();
  frame.number = reader.TakeUint64();
  frame.link = reader.TakeUint64();
  frame.body = reader.rest();
  if (length != bytes.size()) return Damaged(expected, "it says another length than it has");
  return frame;
}

}  // namespace

std::uint64_t SnapshotPieceLength(std::string_view front) {
  return LoadUint64(front.data() + kMagic.size() + 2);
}

std::string SnapshotEncoder::Piece(SnapshotPieceKind kind, std::string_view body) {
  std::string piece;
  piece.reserve(kFrameBytes + body.size());
  piece += kMagic;
  piece.push_back(static_cast<char>(kVersion));
  piece.push_back(static_cast<char>(kind));
  AppendUint64(&piece, kFrameBytes + body.size());
  AppendUint64(&piece, pieces_);
  AppendUint64(&piece, link_);
  piece += body;
  link_ = Checksum64(piece);
  AppendUint64(&piece, link_);
  ++pieces_;
  return piece;
}

std::string SnapshotEncoder::Head(const SnapshotHeader& header, const ClusterId& cluster_id) {
  std::string body;
  AppendUint64(&body, header.last_included.index.value());
  AppendUint64(&body, header.last_included.term.value());
  AppendUint64(&body, static_cast<std::uint64_t>(header.log_time_ms));
  AppendUint64(&body, header.key_count);
  body += header.digest;
  body += cluster_id;
  body.resize(kHeadFixedBytes - kNumberBytes);
  AppendUint64(&body, header.configuration.index.value());
  body += header.configuration.configuration.Encode();
  return Piece(SnapshotPieceKind::kHead, body);
}

std::size_t SnapshotEncoder::BytesWith(const SnapshotRecord& record) const {
  return kFrameBytes + body_.size() + 2 * kNumberBytes + record.key.size() + record.bytes.size();
}

void SnapshotEncoder::Add(const SnapshotRecord& record) {
  AppendUint64(&body_, record.key.size());
  body_ += record.key;
  AppendUint64(&body_, record.bytes.size());
  body_ += record.bytes;
  ++keys_;
}

std::string SnapshotEncoder::TakeRecords() {
  std::string piece = Piece(SnapshotPieceKind::kRecords, body_);
  body_.clear();
  return piece;
}

std::string SnapshotEncoder::End() {
  std::string body;
  AppendUint64(&body, keys_);
  AppendUint64(&body, pieces_);
  return Piece(SnapshotPieceKind::kEnd, body);
}

void SnapshotEncoder::GoTo(const SnapshotPlace& place) {
  pieces_ = place.piece_count;
  link_ = place.link;
  keys_ = place.key_count;
  body_.clear();
}

absl::StatusOr<SnapshotPiece> SnapshotDecoder::Decode(std::string_view bytes) {
  if (is_complete_) return Damaged(pieces_, "it comes after the end");
  const absl::StatusOr<Frame> frame = OpenFrame(bytes, pieces_);
  if (!frame.ok()) return frame.status();
  if (frame->number != pieces_) {
    return Damaged(pieces_, "piece " + std::to_string(frame->number) + " came in its place");
  }
  if (frame->link != link_) return Damaged(pieces_, "it does not link to the piece before");
  const bool is_head = frame->kind == static_cast<std::uint8_t>(SnapshotPieceKind::kHead);
  if (is_head != (pieces_ == 0)) return Damaged(pieces_, "the head is not at the head");
  SnapshotPiece piece;
  piece.kind = static_cast<SnapshotPieceKind>(frame->kind);
  absl::Status decoded;
  switch (piece.kind) {
    case SnapshotPieceKind::kHead:
      decoded = DecodeHead(frame->body);
      break;
    case SnapshotPieceKind::kRecords:
      decoded = DecodeRecords(frame->body, &piece);
      break;
    case SnapshotPieceKind::kEnd:
      decoded = DecodeEnd(frame->body);
      break;
    default:
      decoded = NotOurs(pieces_, "it is of a kind that this program does not know");
  }
  if (!decoded.ok()) return decoded;
  ++pieces_;
  offset_ += bytes.size();
  link_ = frame->checksum;
  return piece;
}

SnapshotPlace SnapshotDecoder::place() const {
  return {.offset = offset_,
          .piece_count = pieces_,
          .link = link_,
          .key_count = keys_,
          .last_key = last_key_};
}

absl::Status SnapshotDecoder::DecodeHead(std::string_view body) {
  ByteReader reader(body);
  header_.last_included.index = LogIndex(reader.TakeUint64());
  header_.last_included.term = Term(reader.TakeUint64());
  header_.log_time_ms = static_cast<LogTimeMs>(reader.TakeUint64());
  header_.key_count = reader.TakeUint64();
  header_.digest = std::string(reader.Take(kDigestDigits));
  cluster_id_ = std::string(reader.Take(kClusterIdBytes));
  header_.configuration.index = LogIndex(reader.TakeUint64());
  if (!reader.ok()) return Damaged(pieces_, "the head is too short");
  std::optional<ClusterConfiguration> configuration = ClusterConfiguration::Decode(reader.rest());
  if (!configuration) return Damaged(pieces_, "the configuration in the head cannot be one");
  header_.configuration.configuration = *std::move(configuration);
  return CheckHeader();
}

absl::Status SnapshotDecoder::CheckHeader() const {
  const LogPosition last = header_.last_included;
  if (last.index == LogIndex(0) || last.term == Term(0)) {
    return Damaged(pieces_, "the head names no entry");
  }
  if (header_.log_time_ms < 0 || header_.log_time_ms > kLogTimeMsMax) {
    return Damaged(pieces_, "the log time of the head is beyond all time");
  }
  if (header_.configuration.index <= last.index) return absl::OkStatus();
  return Damaged(pieces_, "the configuration in the head is newer than the state");
}

absl::Status SnapshotDecoder::DecodeRecords(std::string_view body, SnapshotPiece* piece) {
  ByteReader reader(body);
  while (reader.ok() && !reader.rest().empty()) {
    SnapshotRecord record;
    record.key = reader.Take(reader.TakeUint64());
    record.bytes = reader.Take(reader.TakeUint64());
    piece->records.push_back(record);
  }
  if (!reader.ok()) return Damaged(pieces_, "a record is longer than the piece");
  for (const SnapshotRecord& record : piece->records) {
    if (keys_ > 0 && record.key <= last_key_) return Damaged(pieces_, "its keys do not rise");
    last_key_ = record.key;
    ++keys_;
  }
  if (keys_ <= header_.key_count) return absl::OkStatus();
  return Damaged(pieces_, "there are more keys than the head says");
}

absl::Status SnapshotDecoder::DecodeEnd(std::string_view body) {
  ByteReader reader(body);
  const std::uint64_t keys = reader.TakeUint64();
  const std::uint64_t pieces = reader.TakeUint64();
  if (!reader.ok() || !reader.rest().empty()) return Damaged(pieces_, "its length is wrong");
  if (keys != keys_ || pieces != pieces_ || keys != header_.key_count) {
    return Damaged(pieces_, "head and end disagree about what lies between them");
  }
  is_complete_ = true;
  return absl::OkStatus();
}

}  // namespace raft
