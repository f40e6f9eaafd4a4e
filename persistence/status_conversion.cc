#include "persistence/status_conversion.h"

#include <cerrno>
#include <system_error>

namespace raft {
namespace {

absl::StatusCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::StatusCode CodeOfLevelDb(const leveldb::Status& status) {
  if (status.IsCorruption()) return absl::StatusCode::kDataLoss;
  if (status.IsNotFound()) return absl::StatusCode::kNotFound;
  return absl::StatusCode::kInternal;
}

std::string Sentence(const std::string& operation, const std::string& path,
                     const std::string& cause) {
  return "cannot " + operation + " " + path + ": " + cause;
}

}  // namespace

absl::Status ErrnoStatus(const std::string& operation, const std::string& path, int error_number) {
  return absl::Status(CodeOfErrno(error_number),
                      Sentence(operation, path, std::generic_category().message(error_number)));
}

absl::Status FromLevelDb(const std::string& operation, const std::string& path,
                         const leveldb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(CodeOfLevelDb(status), Sentence(operation, path, status.ToString()));
}

}  // namespace raft
