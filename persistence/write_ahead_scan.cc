#include "persistence/write_ahead_scan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace raft {
namespace {

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;  // checksum 4, length 2, type 1; little-endian
constexpr std::uint8_t kFullType = 1;
constexpr std::uint8_t kFirstType = 2;
constexpr std::uint8_t kLastType = 4;
// What a power loss zeroes, it zeroes from the start of a sector on.
constexpr std::size_t kSectorBytes = 512;
// Every record that begins here begins with the sequence number of its write batch.
constexpr std::size_t kSequenceBytes = 8;
// A record found behind a broken one counts only if it is a plausible successor.
constexpr std::uint64_t kSequenceGapMax = 10'000'000;

constexpr std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = MakeCrcTable();

// CRC-32C, masked as LevelDB stores it.
std::uint32_t MaskedCrc(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xff];
  }
  crc ^= 0xffffffffU;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::uint64_t LoadLittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t place = bytes.size(); place-- > 0;) {
    value = (value << 8) | static_cast<std::uint8_t>(bytes[place]);
  }
  return value;
}

struct PhysicalRecord {
  std::uint8_t type = 0;
  std::string_view payload;

  bool begins() const { return type == kFullType || type == kFirstType; }
};

// The whole, undamaged record at `offset`, if there is one.
std::optional<PhysicalRecord> RecordAt(std::string_view file, std::size_t offset) {
  const std::size_t block_end = std::min(file.size(), (offset / kBlockBytes + 1) * kBlockBytes);
  if (offset + kHeaderBytes > block_end) return std::nullopt;
  const auto length = static_cast<std::size_t>(LoadLittleEndian(file.substr(offset + 4, 2)));
  const auto type = static_cast<std::uint8_t>(file[offset + 6]);
  if (type < kFullType || type > kLastType) return std::nullopt;
  if (offset + kHeaderBytes + length > block_end) return std::nullopt;
  const std::string_view covered = file.substr(offset + 6, 1 + length);
  if (MaskedCrc(covered) != LoadLittleEndian(file.substr(offset, 4))) return std::nullopt;
  return PhysicalRecord{.type = type, .payload = covered.substr(1)};
}

std::optional<std::uint64_t> SequenceOf(const PhysicalRecord& record) {
  if (!record.begins() || record.payload.size() < kSequenceBytes) return std::nullopt;
  return LoadLittleEndian(record.payload.substr(0, kSequenceBytes));
}

// A write that came after the broken place: it could begin only once the broken one was synced.
bool WriteBeginsAfter(std::string_view file, std::size_t broken, std::uint64_t last_sequence) {
  for (std::size_t offset = broken + 1; offset < file.size(); ++offset) {
    const std::optional<PhysicalRecord> record = RecordAt(file, offset);
    const std::optional<std::uint64_t> sequence = record ? SequenceOf(*record) : std::nullopt;
    if (sequence && *sequence > last_sequence && *sequence - last_sequence < kSequenceGapMax) {
      return true;
    }
  }
  return false;
}

// Walks over whole records from the start of the file to the first place where there is none, or
// to its end; tells `visit` of each.
template <typename Visitor>
std::size_t FindEndOfWholeRecords(std::string_view file, Visitor visit) {
  std::size_t offset = 0;
  while (offset < file.size()) {
    const std::size_t left_in_block = kBlockBytes - offset % kBlockBytes;
    if (left_in_block < kHeaderBytes) {  // too small for a header: padding
      offset += left_in_block;
      continue;
    }
    const std::optional<PhysicalRecord> record = RecordAt(file, offset);
    if (!record) return offset;
    visit(*record);
    offset += kHeaderBytes + record->payload.size();
  }
  return file.size();
}

WriteAheadFinding ScanFile(const std::string& path, std::string_view file) {
  std::uint64_t last_sequence = 0;
  const std::size_t end = FindEndOfWholeRecords(file, [&](const PhysicalRecord& record) {
    last_sequence = SequenceOf(record).value_or(last_sequence);
  });
  WriteAheadFinding finding{.path = path, .offset = end};
  if (end == file.size()) return finding;
  finding.tail =
      WriteBeginsAfter(file, end, last_sequence) ? WriteAheadTail::kSuspect : WriteAheadTail::kTorn;
  return finding;
}

// Whether the record at `offset`, which is not whole, turns into zeros up to the end of the file:
// at its own start, or at that of a sector.
bool IsZeroed(std::string_view file, std::size_t offset) {
  const std::size_t last_data = file.find_last_not_of('\0');
  const std::size_t zeros_begin = last_data == std::string_view::npos ? 0 : last_data + 1;
  if (zeros_begin <= offset) return true;
  const std::size_t sector = (zeros_begin + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
  if (offset + kHeaderBytes > file.size()) return false;
  const auto length = static_cast<std::size_t>(LoadLittleEndian(file.substr(offset + 4, 2)));
  return sector < std::min(file.size(), offset + kHeaderBytes + length);
}

// Write-ahead files by rising number; LevelDB pads the numbers with zeros to six digits.
std::vector<std::string> WriteAheadFiles(Disk& disk, const std::string& database_path) {
  std::vector<std::string> files;
  for (const DirectoryMember& member : disk.List(database_path)) {
    if (member.name.ends_with(".log")) files.push_back(database_path + "/" + member.name);
  }
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return files;
}

absl::Status TakeBackZeroedTail(Disk& disk, const std::string& path) {
  const absl::StatusOr<std::string> file = disk.ReadFile(path);
  if (!file.ok()) return file.status();
  const std::size_t end = FindEndOfWholeRecords(*file, [](const PhysicalRecord&) {});
  if (end == file->size() || !IsZeroed(*file, end)) return absl::OkStatus();
  const absl::StatusOr<std::unique_ptr<DiskFile>> opened = disk.OpenFile(path, OldContents::kKept);
  if (!opened.ok()) return opened.status();
  return (*opened)->TruncateAndSync(end);
}

}  // namespace

absl::StatusOr<WriteAheadFinding> ScanWriteAhead(Disk& disk, const std::string& database_path) {
  const std::vector<std::string> paths = WriteAheadFiles(disk, database_path);
  if (paths.empty()) {
    return absl::DataLossError("cannot trust database " + database_path +
                               ": its write-ahead file is missing");
  }
  WriteAheadFinding last;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> file = disk.ReadFile(path);
    if (!file.ok()) return file.status();
    // A later file with contents was begun after everything in the earlier one was durable.
    if (last.tail == WriteAheadTail::kTorn && !file->empty()) last.tail = WriteAheadTail::kSuspect;
    if (last.tail == WriteAheadTail::kSuspect) return last;
    if (last.tail == WriteAheadTail::kTorn) continue;
    last = ScanFile(path, *file);
  }
  return last;
}

absl::Status TakeBackZeroedTails(Disk& disk, const std::string& database_path) {
  for (const DirectoryMember& member : disk.List(database_path)) {
    if (!member.name.ends_with(".log") && !member.name.starts_with("MANIFEST-")) continue;
    absl::Status status = TakeBackZeroedTail(disk, database_path + "/" + member.name);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace raft
