#include "persistence/directory_copy.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "persistence/status_conversion.h"

namespace raft {
namespace {

namespace fs = std::filesystem;

constexpr char kLockName[] = "LOCK";

bool IsTable(const fs::path& file) {
  return file.extension() == ".ldb" || file.extension() == ".sst";
}

std::error_code CopyFile(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (IsTable(from)) {
    fs::create_hard_link(from, to, error);
    if (!error) return error;
  }
  fs::copy_file(from, to, error);
  return error;
}

// What is no file or directory was not put there by a server.
absl::Status CopyInto(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (fs::directory_iterator member(from, error); !error && member != fs::directory_iterator();
       member.increment(error)) {
    const fs::path& source = member->path();
    const fs::path target = to / source.filename();
    std::error_code failed;
    if (member->is_directory(failed)) {
      fs::create_directory(target, failed);
      if (failed) return ErrnoStatus("create directory", target.string(), failed.value());
      if (absl::Status status = CopyInto(source, target); !status.ok()) return status;
    } else if (member->is_regular_file(failed) && source.filename() != kLockName) {
      failed = CopyFile(source, target);
      if (failed)
        return ErrnoStatus("copy " + source.string() + " to", target.string(), failed.value());
    }
  }
  return error ? ErrnoStatus("list", from.string(), error.value()) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryCopy>> DirectoryCopy::Make(const std::string& path,
                                                                   const std::string& parent) {
  std::string pattern = parent + "/raft-inspect-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    return ErrnoStatus("create a directory for a copy below", parent, errno);
  }
  std::unique_ptr<DirectoryCopy> copy(new DirectoryCopy(std::move(pattern)));
  if (absl::Status status = CopyInto(path, copy->path()); !status.ok()) return status;
  return copy;
}

DirectoryCopy::~DirectoryCopy() {
  std::error_code ignored;  // what stays has a name that says what it is
  fs::remove_all(path_, ignored);
}

}  // namespace raft
