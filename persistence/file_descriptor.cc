#include "persistence/file_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "persistence/status_conversion.h"

namespace raft {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

absl::StatusOr<FileDescriptor> OpenDescriptor(const std::string& path, int flags) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (number < 0) {
    if (errno == ENOENT) return absl::NotFoundError("cannot open " + path + ": it does not exist");
    return ErrnoStatus("open", path, errno);
  }
  return FileDescriptor(number);
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const absl::StatusOr<FileDescriptor> file = OpenDescriptor(path, O_RDONLY);
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

}  // namespace raft
