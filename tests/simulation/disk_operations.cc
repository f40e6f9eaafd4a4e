#include "tests/simulation/disk_operations.h"

#include <cerrno>

#include "persistence/checksum.h"

namespace raft::simulation {
namespace {

const char* NameOf(DiskOperation operation) {
  switch (operation) {
    case DiskOperation::kOpen:
      return "open";
    case DiskOperation::kWrite:
      return "write";
    case DiskOperation::kSync:
      return "sync";
    case DiskOperation::kRename:
      return "rename";
    case DiskOperation::kRemove:
      return "remove";
    case DiskOperation::kCreateDirectory:
      return "create directory";
    case DiskOperation::kSyncDirectory:
      return "sync directory";
  }
  return "";
}

}  // namespace

Fate DiskOperations::Decide(DiskOperation operation, const std::string& path,
                            std::string_view bytes, bool lengthens) {
  const Fate fate = faults_.Decide(operation, bytes.size(), lengthens);
  const std::uint64_t words[] = {trace_hash_,
                                 static_cast<std::uint64_t>(operation),
                                 Checksum64(path),
                                 Checksum64(bytes),
                                 fate.bytes,
                                 static_cast<std::uint64_t>(fate.error_number),
                                 static_cast<std::uint64_t>(fate.takes_effect)};
  trace_hash_ = Checksum64({reinterpret_cast<const char*>(words), sizeof(words)});
  if (keeps_trace_) {
    trace_.push_back(std::to_string(faults_.operations()) + " " + NameOf(operation) + " " + path +
                     " " + std::to_string(fate.bytes) + " of " + std::to_string(bytes.size()) +
                     (fate.error_number == 0 ? "" : " failed"));
  }
  return fate;
}

int DiskOperations::Open(const std::string& path, FilePointer* file) {
  *file = nullptr;
  const Fate fate = Decide(DiskOperation::kOpen, path);
  if (fate.takes_effect) *file = contents_.CreateFile(path);
  if (fate.error_number != 0) return fate.error_number;
  return *file == nullptr ? ENOENT : 0;
}

int DiskOperations::Append(const std::string& path, FileContents& file, std::string_view bytes) {
  const Fate fate = Decide(DiskOperation::kWrite, path, bytes, /*lengthens=*/true);
  if (fate.bytes > 0) file.Append(bytes.substr(0, fate.bytes));
  return fate.error_number;
}

int DiskOperations::Overwrite(const std::string& path, FileContents& file, std::string_view bytes) {
  const bool lengthens = bytes.size() > file.bytes().size();
  const Fate fate = Decide(DiskOperation::kWrite, path, bytes, lengthens);
  if (fate.bytes > 0) file.Overwrite(bytes.substr(0, fate.bytes));
  return fate.error_number;
}

int DiskOperations::Truncate(const std::string& path, FileContents& file, std::size_t size) {
  const Fate fate = Decide(DiskOperation::kWrite, path);
  if (fate.takes_effect) file.Truncate(size);
  return fate.error_number;
}

int DiskOperations::Sync(const std::string& path, FileContents& file) {
  const Fate fate = Decide(DiskOperation::kSync, path);
  if (fate.takes_effect) {
    file.Sync();
  } else if (!faults_.has_lost_power()) {
    file.FailSync();
  }
  return fate.error_number;
}

int DiskOperations::Rename(const std::string& from, const std::string& to) {
  if (contents_.FindFile(from) == nullptr) return ENOENT;
  const Fate fate = Decide(DiskOperation::kRename, from);
  if (fate.takes_effect && !contents_.Rename(from, to)) return ENOENT;
  return fate.error_number;
}

int DiskOperations::Remove(const std::string& path) {
  if (contents_.FindFile(path) == nullptr) return ENOENT;
  return RemoveName(path);
}

int DiskOperations::RemoveDirectory(const std::string& path) {
  if (!contents_.HasDirectory(path)) return ENOENT;
  if (!contents_.List(path).empty()) return ENOTEMPTY;
  return RemoveName(path);
}

int DiskOperations::RemoveName(const std::string& path) {
  const Fate fate = Decide(DiskOperation::kRemove, path);
  if (fate.takes_effect) contents_.Remove(path);
  return fate.error_number;
}

int DiskOperations::CreateDirectory(const std::string& path) {
  if (contents_.HasDirectory(path) || contents_.FindFile(path) != nullptr) return EEXIST;
  const Fate fate = Decide(DiskOperation::kCreateDirectory, path);
  if (fate.takes_effect && !contents_.CreateDirectory(path)) return ENOENT;
  return fate.error_number;
}

int DiskOperations::SyncDirectory(const std::string& path) {
  if (!contents_.HasDirectory(path)) return ENOENT;
  const Fate fate = Decide(DiskOperation::kSyncDirectory, path);
  if (fate.takes_effect) contents_.SyncDirectory(path);
  return fate.error_number;
}

void DiskOperations::LosePower() { contents_.LosePower(faults_.random()); }

}  // namespace raft::simulation
