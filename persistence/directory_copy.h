// A copy of a server's data directory for whoever wants to look into it: opening a database writes.
//
// Small files and write-ahead files are copied. Tables are never changed once written, so they are
// linked, which costs nothing, or copied where they cannot be. The copy is removed when it goes.
// The operating system's disk only.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace raft {

class DirectoryCopy {
 public:
  // Makes it below `parent`, which must exist. Requires: nobody changes `path` meanwhile. Errors
  // name file and cause.
  static absl::StatusOr<std::unique_ptr<DirectoryCopy>> Make(const std::string& path,
                                                             const std::string& parent);
  ~DirectoryCopy();
  DirectoryCopy(const DirectoryCopy&) = delete;
  DirectoryCopy& operator=(const DirectoryCopy&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit DirectoryCopy(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace raft
