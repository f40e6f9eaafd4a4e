// A file that is there whole or not at all: written beside its place, under the name FILE.part.
//
// Room: service/raftctl. Knows files only. A process that is killed leaves FILE.part, which the
// next one writes over; two processes that write the same file at once are told apart by a lock.
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/file_descriptor.h"

namespace raft::ctl {

class PartFile {
 public:
  // Begins `path`.part, empty. FAILED_PRECONDITION: another process is writing it. Errors name the
  // file.
  static absl::StatusOr<PartFile> Begin(const std::string& path);
  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&&) = delete;
  // Removes the part, unless it was published.
  ~PartFile();

  const std::string& part_path() const { return part_path_; }
  std::uint64_t bytes() const { return bytes_; }

  absl::Status Add(std::string_view bytes);
  // Makes what was added durable, still under its name for now.
  absl::Status Sync();
  // Gives it its name, durably, in place of whatever bears it. Requires: Sync succeeded.
  absl::Status Publish();

 private:
  PartFile(std::string path, FileDescriptor file);

  absl::Status Failure(const char* what) const;

  std::string path_;
  std::string part_path_;
  FileDescriptor file_;
  std::uint64_t bytes_ = 0;
  bool owns_part_ = true;
};

}  // namespace raft::ctl
