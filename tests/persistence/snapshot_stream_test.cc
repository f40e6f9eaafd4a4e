// The stream of a snapshot: what is written comes back, and no damage of any kind is taken for it.
#include "persistence/snapshot_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using ::testing::HasSubstr;
using testing::WithBitFlipped;

constexpr char kCluster[] = "sixteen bytes id";

SnapshotHeader Header(std::uint64_t key_count) {
  return {.last_included = {.index = LogIndex(70), .term = Term(3)},
          .log_time_ms = 1'700'000'000'123,
          .key_count = key_count,
          .digest = "0123456789abcdef0123456789abcdef",
          .configuration = {.index = LogIndex(60),
                            .configuration = ClusterConfiguration({ServerId(1), ServerId(2)})}};
}

// Head, one piece for each group of keys, end. The record of a key is "value of " and the key.
std::vector<std::string> Pieces(const std::vector<std::vector<std::string>>& groups) {
  SnapshotEncoder encoder;
  std::uint64_t key_count = 0;
  for (const auto& group : groups) key_count += group.size();
  std::vector<std::string> pieces = {encoder.Head(Header(key_count), kCluster)};
  for (const auto& group : groups) {
    for (const std::string& key : group) encoder.Add({.key = key, .bytes = "value of " + key});
    pieces.push_back(encoder.TakeRecords());
  }
  pieces.push_back(encoder.End());
  return pieces;
}

std::vector<std::string> SmallPieces() { return Pieces({{"a", "b"}, {"c"}, {"d", "e", "f"}}); }

// OK only if every piece is taken and the last of them is the end.
absl::Status Receive(const std::vector<std::string>& pieces) {
  SnapshotDecoder decoder;
  for (const std::string& piece : pieces) {
    if (const auto decoded = decoder.Decode(piece); !decoded.ok()) return decoded.status();
  }
  return decoder.is_complete() ? absl::OkStatus() : absl::DataLossError("the end is missing");
}

bool IsDamageOrNotOurs(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
}

// Changes the bytes and gives the piece the checksum that belongs to them, as a program would that
// writes something else on purpose.
std::string Resealed(std::string piece, std::size_t byte, char value) {
  piece.resize(piece.size() - 8);
  piece[byte] = value;
  AppendUint64(&piece, Checksum64(piece));
  return piece;
}

TEST(SnapshotStreamTest, ReturnsWhatWasWritten) {
  const std::vector<std::string> pieces = SmallPieces();
  SnapshotDecoder decoder;
  std::vector<std::string> records;
  for (const std::string& piece : pieces) {
    const absl::StatusOr<SnapshotPiece> decoded = decoder.Decode(piece);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    for (const SnapshotRecord& record : decoded->records) {
      records.push_back(std::string(record.key) + ": " + std::string(record.bytes));
    }
  }
  EXPECT_TRUE(decoder.is_complete());
  EXPECT_EQ(decoder.header(), Header(6));
  EXPECT_EQ(decoder.cluster_id(), kCluster);
  EXPECT_EQ(records, (std::vector<std::string>{"a: value of a", "b: value of b", "c: value of c",
                                               "d: value of d", "e: value of e", "f: value of f"}));
}

TEST(SnapshotStreamTest, AnEmptyStateIsAHeadAndAnEnd) { EXPECT_TRUE(Receive(Pieces({})).ok()); }

TEST(SnapshotStreamTest, KeysAndValuesMayBeAnyBytes) {
  SnapshotEncoder encoder;
  const std::string zeros(3, '\0');
  const std::string head = encoder.Head(Header(2), kCluster);
  encoder.Add({.key = "", .bytes = ""});
  encoder.Add({.key = zeros, .bytes = std::string(1 << 20, '\xff')});
  EXPECT_TRUE(Receive({head, encoder.TakeRecords(), encoder.End()}).ok());
}

TEST(SnapshotStreamTest, NoBitFlipIsTakenForAPiece) {
  const std::vector<std::string> good = SmallPieces();
  ASSERT_TRUE(Receive(good).ok());
  for (std::size_t piece = 0; piece < good.size(); ++piece) {
    for (std::size_t bit = 0; bit < good[piece].size() * 8; ++bit) {
      std::vector<std::string> pieces = good;
      pieces[piece] = WithBitFlipped(good[piece], bit / 8, static_cast<unsigned>(bit));
      ASSERT_TRUE(IsDamageOrNotOurs(Receive(pieces))) << "piece " << piece << ", bit " << bit;
    }
  }
}

TEST(SnapshotStreamTest, NoCutPieceIsTakenForAWholeOne) {
  const std::vector<std::string> good = SmallPieces();
  for (std::size_t piece = 0; piece < good.size(); ++piece) {
    for (std::size_t size = 0; size < good[piece].size(); ++size) {
      std::vector<std::string> pieces = good;
      pieces[piece].resize(size);
      ASSERT_TRUE(IsDamageOrNotOurs(Receive(pieces))) << "piece " << piece << ", size " << size;
    }
  }
}

TEST(SnapshotStreamTest, NoMissingDoubledOrSwappedPieceGoesUnnoticed) {
  const std::vector<std::string> good = SmallPieces();
  for (std::size_t first = 0; first < good.size(); ++first) {
    std::vector<std::string> pieces = good;
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(first));
    EXPECT_TRUE(IsDamageOrNotOurs(Receive(pieces))) << "without piece " << first;
    for (std::size_t second = 0; second <= good.size(); ++second) {
      pieces = good;
      pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(second), good[first]);
      EXPECT_TRUE(IsDamageOrNotOurs(Receive(pieces))) << first << " again before " << second;
      if (second == first || second == good.size()) continue;
      pieces = good;
      std::swap(pieces[first], pieces[second]);
      EXPECT_TRUE(IsDamageOrNotOurs(Receive(pieces))) << first << " and " << second << " swapped";
    }
  }
}

TEST(SnapshotStreamTest, APieceOfAnotherSnapshotDoesNotFit) {
  const std::vector<std::string> good = SmallPieces();
  const std::vector<std::string> other = Pieces({{"a", "c"}, {"c2"}, {"d", "e", "g"}});
  for (std::size_t piece = 1; piece < good.size(); ++piece) {
    std::vector<std::string> pieces = good;
    pieces[piece] = other[piece];
    EXPECT_TRUE(absl::IsDataLoss(Receive(pieces))) << piece;
  }
}

TEST(SnapshotStreamTest, AnotherFormatVersionIsRefusedByName) {
  const absl::Status status = Receive({Resealed(SmallPieces()[0], 8, 1)});
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version is 1"));
}

TEST(SnapshotStreamTest, AnUnknownKindOfPieceIsRefused) {
  std::vector<std::string> pieces = SmallPieces();
  pieces[1] = Resealed(pieces[1], 9, 9);
  EXPECT_TRUE(absl::IsInvalidArgument(Receive(pieces)));
}

TEST(SnapshotStreamTest, KeysThatDoNotRiseAreRefused) {
  EXPECT_TRUE(absl::IsDataLoss(Receive(Pieces({{"b", "a"}}))));
  EXPECT_TRUE(absl::IsDataLoss(Receive(Pieces({{"a", "a"}}))));
  EXPECT_TRUE(absl::IsDataLoss(Receive(Pieces({{"b"}, {"a"}}))));
}

TEST(SnapshotStreamTest, MoreOrFewerKeysThanTheHeadSaysAreRefused) {
  for (const std::uint64_t said : {1, 3}) {
    SnapshotEncoder encoder;
    const std::string head = encoder.Head(Header(said), kCluster);
    encoder.Add({.key = "a", .bytes = ""});
    encoder.Add({.key = "b", .bytes = ""});
    EXPECT_TRUE(absl::IsDataLoss(Receive({head, encoder.TakeRecords(), encoder.End()}))) << said;
  }
}

// A head with this text in the place of its configuration.
absl::Status ReceiveHeadWith(const std::string& configuration, std::uint64_t configuration_index) {
  SnapshotEncoder encoder;
  SnapshotHeader header = Header(0);
  header.configuration.index = LogIndex(configuration_index);
  std::string head = encoder.Head(header, kCluster);
  const std::string text = header.configuration.configuration.Encode();
  head.resize(head.size() - 8 - text.size());
  head += configuration;
  constexpr std::size_t kLength = 10;
  StoreUint64(head.data() + kLength, head.size() + 8);
  AppendUint64(&head, Checksum64(head));
  SnapshotDecoder decoder;
  return decoder.Decode(head).status();
}

TEST(SnapshotStreamTest, AConfigurationThatCannotBeOneIsRefused) {
  const std::string good = Header(0).configuration.configuration.Encode();
  EXPECT_TRUE(ReceiveHeadWith(good, 60).ok()) << ReceiveHeadWith(good, 60);
  EXPECT_TRUE(ReceiveHeadWith(good, 0).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    const absl::Status status = ReceiveHeadWith(good.substr(0, size), 60);
    if (!status.ok()) continue;
    EXPECT_TRUE(ClusterConfiguration::Decode(good.substr(0, size)).has_value()) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(ReceiveHeadWith("", 60)));
  EXPECT_TRUE(absl::IsDataLoss(ReceiveHeadWith("nonsense", 60)));
  EXPECT_TRUE(absl::IsDataLoss(ReceiveHeadWith(good + " ", 60)));
}

TEST(SnapshotStreamTest, AConfigurationNewerThanTheStateIsRefused) {
  const std::string good = Header(0).configuration.configuration.Encode();
  EXPECT_TRUE(ReceiveHeadWith(good, 70).ok());
  const absl::Status status = ReceiveHeadWith(good, 71);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer than the state"));
}

// Lengths that come from outside are never trusted with memory.
TEST(SnapshotStreamTest, AHugeLengthOfARecordIsRefused) {
  std::vector<std::string> pieces = SmallPieces();
  constexpr std::size_t kFirstLength = 34;
  pieces[1] = Resealed(pieces[1], kFirstLength, '\x7f');
  EXPECT_TRUE(absl::IsDataLoss(Receive(pieces)));
}

}  // namespace
}  // namespace raft
