// An open file or directory of the operating system, closed when it goes.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace raft {

// Moves, never copies.
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
absl::StatusOr<FileDescriptor> OpenDescriptor(const std::string& path, int flags);

absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace raft
