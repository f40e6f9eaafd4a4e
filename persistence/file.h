// The few things this room does to plain files, each durable in the one order that is safe.
//
// Knows POSIX files and nothing of their contents, but for the frame (magic, version, checksum)
// that the two small files replaced as a whole, `identity` and `state`, share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace raft {

// An open file or directory; closed when it goes. Moves, never copies.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int number() const { return number_; }

 private:
  int number_ = -1;
};

// open(2) with `flags` plus close-on-exec; new files get mode 0600.
absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags);

bool PathExists(const std::string& path);

// Creates a directory of mode 0700 and syncs its parent, so that it survives a power loss. An
// existing one is fine.
absl::Status CreateDirectory(const std::string& path);

// Makes the names in a directory durable (trap H13).
absl::Status SyncDirectory(const std::string& path);

absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// Writes all of `bytes` at the start of an open file and syncs its contents.
absl::Status WriteAndSync(const FileDescriptor& file, const std::string& path,
                          std::string_view bytes);

// Replaces the file as a whole: temporary file, fsync, rename, fsync of the directory. After a
// crash the old contents or the new ones are there, never a mixture.
absl::Status ReplaceFile(const std::string& directory, const std::string& name,
                         std::string_view bytes);

// A frame around a payload: 8 bytes of magic, 1 byte of version, payload, XXH3-64 of all before.
std::string Frame(std::string_view magic, std::uint8_t version, std::string_view payload);

// The payload of a framed file. DATA_LOSS: no such frame or a wrong checksum. FAILED_PRECONDITION:
// a version other than `version`. NOT_FOUND: no such file.
absl::StatusOr<std::string> ReadFramedFile(const std::string& path, std::string_view magic,
                                           std::uint8_t version);

// Bytes of the files directly in a directory; what vanishes meanwhile is not counted.
std::uint64_t DirectoryBytes(const std::string& path);

}  // namespace raft
