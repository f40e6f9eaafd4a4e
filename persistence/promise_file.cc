#include "persistence/promise_file.h"

#include <optional>
#include <utility>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "persistence/way_back.h"

namespace raft {
namespace {

constexpr std::string_view kMagic = "RAFTPROM";
constexpr std::uint64_t kVersion = 1;
constexpr char kWhy[] =
    "; without its promise this server could vote twice in one term, so it does not start";

absl::Status ForeignPromise(const std::string& path) {
  return absl::FailedPreconditionError("cannot use " + path +
                                       ": it belongs to another server, incarnation or cluster" +
                                       kWhy + kWayBack);
}

}  // namespace

std::string EncodePromiseRecord(const PromiseRecord& record) {
  std::string bytes(kMagic);
  AppendUint64(&bytes, kVersion);
  AppendUint64(&bytes, record.generation);
  bytes += record.owner.cluster_id;
  bytes.resize(kMagic.size() + 16 + kClusterIdBytes);
  AppendUint64(&bytes, record.owner.server_id.value());
  AppendUint64(&bytes, record.owner.incarnation);
  AppendUint64(&bytes, record.promise.current_term.value());
  AppendUint64(&bytes, record.promise.voted_for.value_or(ServerId(0)).value());
  AppendUint64(&bytes, record.floor_index.value());
  AppendUint64(&bytes, Checksum64(bytes));
  return bytes;
}

absl::StatusOr<PromiseRecord> DecodePromiseRecord(const std::string& path, std::string_view bytes) {
  if (bytes.size() != kPromiseSlotBytes || !bytes.starts_with(kMagic)) {
    return absl::DataLossError("cannot read " + path + ": it is not a promise slot");
  }
  ByteReader reader(bytes.substr(kMagic.size()));
  const std::uint64_t version = reader.TakeUint64();
  PromiseRecord record;
  record.generation = reader.TakeUint64();
  record.owner.cluster_id = std::string(reader.Take(kClusterIdBytes));
  record.owner.server_id = ServerId(reader.TakeUint64());
  record.owner.incarnation = reader.TakeUint64();
  record.promise.current_term = Term(reader.TakeUint64());
  const ServerId vote(reader.TakeUint64());
  if (vote != ServerId(0)) record.promise.voted_for = vote;
  record.floor_index = LogIndex(reader.TakeUint64());
  const std::size_t covered = kPromiseSlotBytes - sizeof(std::uint64_t);
  if (Checksum64(bytes.substr(0, covered)) != reader.TakeUint64()) {
    return absl::DataLossError("cannot read " + path + ": its checksum is wrong, it is damaged");
  }
  if (version != kVersion) {
    return absl::FailedPreconditionError("cannot read " + path + ": its format version is " +
                                         std::to_string(version) + ", this program knows " +
                                         std::to_string(kVersion) +
                                         "; start the program version that wrote it");
  }
  return record;
}

std::array<std::string, PromiseFile::kSlots> PromiseFile::SlotPaths(const std::string& directory) {
  return {directory + "/promise-a", directory + "/promise-b"};
}

absl::Status PromiseFile::Create(Disk& disk, const std::string& directory, const Owner& owner) {
  PromiseFile file;
  absl::Status opened = file.OpenSlots(disk, directory, OldContents::kDropped);
  if (!opened.ok()) return opened;
  file.current_.owner = owner;
  if (absl::Status status = file.Write(Promise{}, LogIndex(0)); !status.ok()) return status;
  return disk.SyncDirectory(directory);
}

absl::StatusOr<PromiseFile> PromiseFile::Open(Disk& disk, const std::string& directory,
                                              const Owner& owner) {
  std::array<absl::StatusOr<PromiseRecord>, kSlots> found;
  const std::array<std::string, kSlots> paths = SlotPaths(directory);
  std::optional<std::size_t> best;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const absl::StatusOr<std::string> bytes = disk.ReadFile(paths[slot]);
    found[slot] = bytes.ok() ? DecodePromiseRecord(paths[slot], *bytes)
                             : absl::StatusOr<PromiseRecord>(bytes.status());
    if (absl::IsFailedPrecondition(found[slot].status())) return found[slot].status();
    if (!found[slot].ok()) continue;
    if (found[slot]->owner != owner) return ForeignPromise(paths[slot]);
    if (!best || found[slot]->generation > found[*best]->generation) best = slot;
  }
  if (!best) {
    return absl::DataLossError(std::string(found[0].status().message()) + "; and " +
                               std::string(found[1].status().message()) + kWhy + kWayBack);
  }
  PromiseFile file;
  file.current_ = *found[*best];
  absl::Status opened = file.OpenSlots(disk, directory, OldContents::kKept);
  if (!opened.ok()) return opened;
  absl::Status settled = file.Settle(*best);
  if (settled.ok()) settled = disk.SyncDirectory(directory);
  if (!settled.ok()) return settled;
  return file;
}

// What was read may never have been synced: a process that was told of a failed sync, or killed
// before one, leaves it to its successor in memory, and the next write could tear the one slot that
// is durable. So both are written once more, the better one last.
absl::Status PromiseFile::Settle(std::size_t best) {
  const std::string bytes = EncodePromiseRecord(current_);
  DiskFile& other = *files_[1 - best];
  if (absl::Status status = other.WriteAndSync(bytes); !status.ok()) return status;
  // Whatever a damaged slot had beyond its length would keep it bad for ever.
  if (absl::Status status = other.TruncateAndSync(kPromiseSlotBytes); !status.ok()) return status;
  return files_[best]->WriteAndSync(bytes);
}

absl::Status PromiseFile::OpenSlots(Disk& disk, const std::string& directory,
                                    OldContents old_contents) {
  const std::array<std::string, kSlots> paths = SlotPaths(directory);
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    absl::StatusOr<std::unique_ptr<DiskFile>> file = disk.OpenFile(paths[slot], old_contents);
    if (!file.ok()) return file.status();
    files_[slot] = *std::move(file);
  }
  return absl::OkStatus();
}

absl::Status PromiseFile::Write(const Promise& promise, LogIndex floor_index) {
  if (!failure_.ok()) return failure_;
  current_.promise = promise;
  current_.floor_index = floor_index;
  ++current_.generation;
  const std::string bytes = EncodePromiseRecord(current_);
  for (const std::unique_ptr<DiskFile>& slot : files_) {
    failure_ = slot->WriteAndSync(bytes);
    if (!failure_.ok()) return failure_;
  }
  return absl::OkStatus();
}

}  // namespace raft
