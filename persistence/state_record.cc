#include "persistence/state_record.h"

#include <memory_resource>
#include <utility>

#include "persistence/byte_order.h"
#include "persistence/sealed_record.h"

namespace raft {
namespace {

constexpr std::uint8_t kRecordVersion = 1;
constexpr std::uint8_t kSummaryVersion = 1;
constexpr std::uint8_t kMembershipVersion = 2;
constexpr std::uint8_t kMarkVersion = 1;
// Created, modified, version.
constexpr std::size_t kNumberBytes = 3 * sizeof(std::uint64_t);
constexpr std::size_t kHeaderBytes = 1 + kDigestBytes + kNumberBytes;

// The numbers of a record are part of its hash as they lie in it; the length of the key tells where
// key and value meet.
Digest128 HashOfRecord(std::string_view key, std::string_view numbers, std::string_view value) {
  constexpr std::size_t kShortKeyBytes = 128;
  char head[kNumberBytes + sizeof(std::uint64_t) + kShortKeyBytes];
  std::memcpy(head, numbers.data(), kNumberBytes);
  StoreUint64(head + kNumberBytes, key.size());
  constexpr std::size_t kFixed = kNumberBytes + sizeof(std::uint64_t);
  if (key.size() <= kShortKeyBytes) {
    std::memcpy(head + kFixed, key.data(), key.size());
    return HashOf({head, kFixed + key.size()}, value);
  }
  std::string long_head(head, kFixed);
  long_head += key;
  return HashOf(long_head, value);
}

}  // namespace

template <typename String>
Digest128 AppendRecord(std::string_view key, const RecordView& record, String* bytes) {
  char header[kHeaderBytes];
  header[0] = static_cast<char>(kRecordVersion);
  char* const numbers = header + 1 + kDigestBytes;
  StoreUint64(numbers, record.created_revision);
  StoreUint64(numbers + 8, record.modified_revision);
  StoreUint64(numbers + 16, record.version);
  const Digest128 hash = HashOfRecord(key, {numbers, kNumberBytes}, record.value);
  StoreDigest(header + 1, hash);
  bytes->reserve(bytes->size() + kHeaderBytes + record.value.size());
  bytes->append(header, kHeaderBytes);
  bytes->append(record.value);
  return hash;
}

template Digest128 AppendRecord(std::string_view, const RecordView&, std::string*);
template Digest128 AppendRecord(std::string_view, const RecordView&, std::pmr::string*);

absl::StatusOr<RecordView> DecodeRecord(std::string_view key, std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return absl::DataLossError("the record is too short");
  RecordView record;
  record.hash = LoadDigest(bytes.data() + 1);
  const char* const numbers = bytes.data() + 1 + kDigestBytes;
  record.created_revision = LoadUint64(numbers);
  record.modified_revision = LoadUint64(numbers + 8);
  record.version = LoadUint64(numbers + 16);
  record.value = bytes.substr(kHeaderBytes);
  if (static_cast<std::uint8_t>(bytes[0]) != kRecordVersion) {
    return absl::FailedPreconditionError(
        "the record is of a format version that this program "
        "does not know, or damaged");
  }
  if (HashOfRecord(key, {numbers, kNumberBytes}, record.value) != record.hash) {
    return absl::DataLossError("the hash of the record is not that of its contents");
  }
  return record;
}

void EncodeSummary(const StateSummary& summary, std::string* bytes) {
  bytes->assign(1, static_cast<char>(kSummaryVersion));
  AppendUint64(bytes, summary.applied.index.value());
  AppendUint64(bytes, summary.applied.term.value());
  AppendUint64(bytes, static_cast<std::uint64_t>(summary.log_time_ms));
  AppendUint64(bytes, summary.key_count);
  char digest[kDigestBytes];
  StoreDigest(digest, summary.records_digest);
  bytes->append(digest, kDigestBytes);
  Seal(bytes);
}

absl::StatusOr<StateSummary> DecodeSummary(std::string_view bytes) {
  const absl::StatusOr<std::string_view> body = Unseal(bytes, kSummaryVersion);
  if (!body.ok()) return body.status();
  ByteReader reader(*body);
  StateSummary summary;
  summary.applied.index = LogIndex(reader.TakeUint64());
  summary.applied.term = Term(reader.TakeUint64());
  summary.log_time_ms = static_cast<LogTimeMs>(reader.TakeUint64());
  summary.key_count = reader.TakeUint64();
  const std::string_view digest = reader.Take(kDigestBytes);
  if (!reader.ok() || !reader.rest().empty()) {
    return absl::DataLossError("the record has a wrong length");
  }
  summary.records_digest = LoadDigest(digest.data());
  return summary;
}

std::string EncodeMembership(const StateMembership& membership) {
  std::string bytes(1, static_cast<char>(kMembershipVersion));
  bytes += membership.cluster_id;
  bytes.resize(1 + kClusterIdBytes);
  AppendUint64(&bytes, membership.configuration.index.value());
  bytes += membership.configuration.configuration.Encode();
  Seal(&bytes);
  return bytes;
}

absl::StatusOr<StateMembership> DecodeMembership(std::string_view bytes) {
  const absl::StatusOr<std::string_view> body = Unseal(bytes, kMembershipVersion);
  if (!body.ok()) return body.status();
  ByteReader reader(*body);
  StateMembership membership;
  membership.cluster_id = std::string(reader.Take(kClusterIdBytes));
  membership.configuration.index = LogIndex(reader.TakeUint64());
  std::optional<ClusterConfiguration> configuration = ClusterConfiguration::Decode(reader.rest());
  if (!reader.ok() || !configuration) {
    return absl::DataLossError("no server writes such a configuration");
  }
  membership.configuration.configuration = *std::move(configuration);
  return membership;
}

std::string EncodeMark() {
  std::string bytes(1, static_cast<char>(kMarkVersion));
  Seal(&bytes);
  return bytes;
}

absl::Status DecodeMark(std::string_view bytes) { return Unseal(bytes, kMarkVersion).status(); }

Digest128 StateDigest(const StateSummary& summary, const IndexedConfiguration& configuration) {
  std::string indexed;
  AppendUint64(&indexed, configuration.index.value());
  indexed += configuration.configuration.Encode();
  std::string log_time;
  AppendUint64(&log_time, static_cast<std::uint64_t>(summary.log_time_ms));
  Digest128 digest = summary.records_digest;
  digest += HashOf("configuration", indexed);
  digest += HashOf("log time", log_time);
  return digest;
}

}  // namespace raft
