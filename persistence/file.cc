#include "persistence/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "persistence/status_conversion.h"

namespace raft {
namespace {

constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kFrameBytes = kMagicBytes + 1 + sizeof(std::uint64_t);

absl::Status WriteAll(const FileDescriptor& file, const std::string& path, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written =
        ::pwrite(file.number(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus("write", path, errno);
    done += static_cast<std::size_t>(written);
  }
  return absl::OkStatus();
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (number < 0) {
    if (errno == ENOENT) return absl::NotFoundError("cannot open " + path + ": it does not exist");
    return ErrnoStatus("open", path, errno);
  }
  return FileDescriptor(number);
}

bool PathExists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

absl::Status CreateDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return absl::OkStatus();
    return ErrnoStatus("create directory", path, errno);
  }
  const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
  return SyncDirectory(parent.string());
}

absl::Status SyncDirectory(const std::string& path) {
  const absl::StatusOr<FileDescriptor> directory = OpenFile(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return directory.status();
  if (::fsync(directory->number()) != 0) return ErrnoStatus("sync directory", path, errno);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY);
  if (!file.ok()) return file.status();
  std::string bytes;
  char piece[4096];
  while (true) {
    const ssize_t count = ::read(file->number(), piece, sizeof(piece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("read", path, errno);
    if (count == 0) return bytes;
    bytes.append(piece, static_cast<std::size_t>(count));
  }
}

absl::Status WriteAndSync(const FileDescriptor& file, const std::string& path,
                          std::string_view bytes) {
  if (absl::Status status = WriteAll(file, path, bytes); !status.ok()) return status;
  if (::fdatasync(file.number()) != 0) return ErrnoStatus("sync", path, errno);
  return absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& directory, const std::string& name,
                         std::string_view bytes) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".new";
  {
    const absl::StatusOr<FileDescriptor> file = OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.ok()) return file.status();
    if (absl::Status status = WriteAll(*file, temporary, bytes); !status.ok()) return status;
    if (::fsync(file->number()) != 0) return ErrnoStatus("sync", temporary, errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return ErrnoStatus("rename " + temporary + " to", path, errno);
  }
  return SyncDirectory(directory);
}

std::string Frame(std::string_view magic, std::uint8_t version, std::string_view payload) {
  std::string bytes(magic);
  bytes.push_back(static_cast<char>(version));
  bytes.append(payload);
  AppendUint64(&bytes, Checksum64(bytes));
  return bytes;
}

absl::StatusOr<std::string> ReadFramedFile(const std::string& path, std::string_view magic,
                                           std::uint8_t version) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  if (!bytes.ok()) return bytes.status();
  const std::string_view view = *bytes;
  if (view.size() < kFrameBytes || !view.starts_with(magic)) {
    return absl::DataLossError("cannot read " + path + ": it is not a file of this kind");
  }
  const std::string_view covered = view.substr(0, view.size() - sizeof(std::uint64_t));
  if (Checksum64(covered) != LoadUint64(view.data() + covered.size())) {
    return absl::DataLossError("cannot read " + path + ": its checksum is wrong, it is damaged");
  }
  const auto found = static_cast<std::uint8_t>(view[kMagicBytes]);
  if (found != version) {
    return absl::FailedPreconditionError("cannot read " + path + ": its format version is " +
                                         std::to_string(found) + ", this program knows version " +
                                         std::to_string(version) +
                                         " only; start the program version that wrote it");
  }
  return std::string(covered.substr(kMagicBytes + 1));
}

std::uint64_t DirectoryBytes(const std::string& path) {
  std::uint64_t sum = 0;
  std::error_code error;
  std::filesystem::directory_iterator file(path, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    std::error_code vanished;
    const std::uintmax_t size = file->file_size(vanished);
    if (!vanished) sum += size;
  }
  return sum;
}

}  // namespace raft
