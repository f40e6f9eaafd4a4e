#include "persistence/log_record.h"

#include <memory>
#include <utility>

#include "core/cluster_configuration.h"
#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "persistence/sealed_record.h"

namespace raft {
namespace {

constexpr std::uint8_t kEntryVersion = 1;
constexpr std::uint8_t kBaseVersion = 1;
constexpr char kEntryKeyPrefix = 'e';
// Version, kind, index, term, log time, link.
constexpr std::size_t kEntryHeaderBytes = 2 + 4 * sizeof(std::uint64_t);

struct DecodedEntry {
  LogEntry entry;          // without its data
  std::uint64_t link = 0;  // to its predecessor
  std::uint64_t checksum = 0;
  std::string_view data;
};

absl::Status Rot(const std::string& cause) { return absl::DataLossError(cause); }

absl::StatusOr<DecodedEntry> DecodeAlone(std::string_view bytes) {
  const absl::StatusOr<std::string_view> body = Unseal(bytes, kEntryVersion);
  if (!body.ok()) return body.status();
  ByteReader reader(*body);
  DecodedEntry decoded;
  const std::uint8_t kind = reader.TakeUint8();
  decoded.entry.index = LogIndex(reader.TakeUint64());
  decoded.entry.term = Term(reader.TakeUint64());
  decoded.entry.log_time_ms = static_cast<LogTimeMs>(reader.TakeUint64());
  decoded.link = reader.TakeUint64();
  decoded.data = reader.rest();
  decoded.checksum = LoadUint64(bytes.data() + bytes.size() - sizeof(std::uint64_t));
  if (!reader.ok()) return Rot("the record is too short");
  if (kind < static_cast<std::uint8_t>(EntryKind::kCommand) ||
      kind > static_cast<std::uint8_t>(EntryKind::kConfiguration)) {
    return absl::FailedPreconditionError("the entry is of kind " + std::to_string(kind) +
                                         ", which this program does not know");
  }
  decoded.entry.kind = static_cast<EntryKind>(kind);
  return decoded;
}

ChainEnd EndAt(const DecodedEntry& decoded) {
  return {.position = decoded.entry.position(),
          .link = decoded.checksum,
          .log_time_ms = decoded.entry.log_time_ms};
}

absl::Status CheckFollows(const DecodedEntry& decoded, const ChainEnd& end) {
  const LogEntry& entry = decoded.entry;
  if (entry.index != end.position.index.Next()) {
    return Rot("it holds index " + std::to_string(entry.index.value()) + " where " +
               std::to_string(end.position.index.value() + 1) + " belongs");
  }
  if (decoded.link != end.link) return Rot("it does not link to its predecessor");
  if (entry.term == Term(0) || entry.term < end.position.term) {
    return Rot("its term " + std::to_string(entry.term.value()) + " is below its predecessor's " +
               std::to_string(end.position.term.value()));
  }
  if (entry.log_time_ms < end.log_time_ms) return Rot("its log time is before its predecessor's");
  return absl::OkStatus();
}

}  // namespace

std::string EntryKey(LogIndex index) {
  std::string key(1, kEntryKeyPrefix);
  AppendUint64(&key, index.value());
  return key;
}

std::optional<LogIndex> IndexOfKey(std::string_view key) {
  if (key.size() != 1 + sizeof(std::uint64_t) || key[0] != kEntryKeyPrefix) return std::nullopt;
  return LogIndex(LoadUint64(key.data() + 1));
}

ChainEnd ResetBase(LogPosition position, LogTimeMs log_time_ms) {
  std::string bytes;
  AppendUint64(&bytes, position.index.value());
  AppendUint64(&bytes, position.term.value());
  return {.position = position, .link = Checksum64(bytes), .log_time_ms = log_time_ms};
}

std::string EncodeBaseRecord(const BaseRecord& record) {
  std::string bytes(1, static_cast<char>(kBaseVersion));
  bytes += record.owner.cluster_id;
  bytes.resize(1 + kClusterIdBytes);
  AppendUint64(&bytes, record.owner.server_id.value());
  AppendUint64(&bytes, record.owner.incarnation);
  AppendUint64(&bytes, record.base.position.index.value());
  AppendUint64(&bytes, record.base.position.term.value());
  AppendUint64(&bytes, static_cast<std::uint64_t>(record.base.log_time_ms));
  AppendUint64(&bytes, record.base.link);
  Seal(&bytes);
  return bytes;
}

absl::StatusOr<BaseRecord> DecodeBaseRecord(std::string_view bytes) {
  const absl::StatusOr<std::string_view> body = Unseal(bytes, kBaseVersion);
  if (!body.ok()) return body.status();
  ByteReader reader(*body);
  BaseRecord record;
  record.owner.cluster_id = std::string(reader.Take(kClusterIdBytes));
  record.owner.server_id = ServerId(reader.TakeUint64());
  record.owner.incarnation = reader.TakeUint64();
  record.base.position.index = LogIndex(reader.TakeUint64());
  record.base.position.term = Term(reader.TakeUint64());
  record.base.log_time_ms = static_cast<LogTimeMs>(reader.TakeUint64());
  record.base.link = reader.TakeUint64();
  if (!reader.ok() || !reader.rest().empty()) return Rot("the record has a wrong length");
  return record;
}

void EncodeEntryRecord(const LogEntry& entry, ChainEnd* end, std::string* bytes) {
  char header[kEntryHeaderBytes];
  header[0] = static_cast<char>(kEntryVersion);
  header[1] = static_cast<char>(entry.kind);
  StoreUint64(header + 2, entry.index.value());
  StoreUint64(header + 10, entry.term.value());
  StoreUint64(header + 18, static_cast<std::uint64_t>(entry.log_time_ms));
  StoreUint64(header + 26, end->link);
  bytes->assign(header, sizeof(header));
  bytes->append(entry.data);
  const std::uint64_t checksum = Seal(bytes);
  *end = {.position = entry.position(), .link = checksum, .log_time_ms = entry.log_time_ms};
}

absl::StatusOr<LogEntryPointer> DecodeEntryRecord(std::string_view bytes, ChainEnd* end) {
  absl::StatusOr<DecodedEntry> decoded = DecodeAlone(bytes);
  if (!decoded.ok()) return decoded.status();
  if (absl::Status status = CheckFollows(*decoded, *end); !status.ok()) return status;
  if (decoded->entry.kind == EntryKind::kConfiguration &&
      !ClusterConfiguration::Decode(decoded->data)) {
    return Rot("it brings a configuration that no server writes");
  }
  *end = EndAt(*decoded);
  decoded->entry.data = std::string(decoded->data);
  return std::make_shared<const LogEntry>(std::move(decoded->entry));
}

absl::StatusOr<ChainEnd> DecodeChainEnd(std::string_view bytes) {
  const absl::StatusOr<DecodedEntry> decoded = DecodeAlone(bytes);
  if (!decoded.ok()) return decoded.status();
  return EndAt(*decoded);
}

}  // namespace raft
