#include "persistence/framed_file.h"

#include <memory>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"

namespace raft {
namespace {

constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kFrameBytes = kMagicBytes + 1 + sizeof(std::uint64_t);

// Magic, version, payload, XXH3-64 of all before.
std::string Frame(const FrameFormat& format, std::string_view payload) {
  std::string bytes(format.magic);
  bytes.push_back(static_cast<char>(format.version));
  bytes.append(payload);
  AppendUint64(&bytes, Checksum64(bytes));
  return bytes;
}

}  // namespace

absl::Status ReplaceFramedFile(Disk& disk, const std::string& directory, const std::string& name,
                               const FrameFormat& format, std::string_view payload) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".new";
  {
    const absl::StatusOr<std::unique_ptr<DiskFile>> file =
        disk.OpenFile(temporary, OldContents::kDropped);
    if (!file.ok()) return file.status();
    absl::Status written = (*file)->WriteAndSync(Frame(format, payload));
    if (!written.ok()) return written;
  }
  if (absl::Status status = disk.Rename(temporary, path); !status.ok()) return status;
  return disk.SyncDirectory(directory);
}

absl::StatusOr<std::string> ReadFramedFile(Disk& disk, const std::string& path,
                                           const FrameFormat& format) {
  const absl::StatusOr<std::string> bytes = disk.ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  const std::string_view view = *bytes;
  if (view.size() < kFrameBytes || !view.starts_with(format.magic)) {
    return absl::DataLossError("cannot read " + path + ": it is not a file of this kind");
  }
  const std::string_view covered = view.substr(0, view.size() - sizeof(std::uint64_t));
  if (Checksum64(covered) != LoadUint64(view.data() + covered.size())) {
    return absl::DataLossError("cannot read " + path + ": its checksum is wrong, it is damaged");
  }
  const auto found = static_cast<std::uint8_t>(view[kMagicBytes]);
  if (found != format.version) {
    return absl::FailedPreconditionError("cannot read " + path + ": its format version is " +
                                         std::to_string(found) + ", this program knows version " +
                                         std::to_string(format.version) +
                                         " only; start the program version that wrote it");
  }
  return std::string(covered.substr(kMagicBytes + 1));
}

}  // namespace raft
