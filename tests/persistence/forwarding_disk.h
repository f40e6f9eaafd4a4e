// A disk that passes everything on to another one: the base of disks that change one thing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "persistence/disk.h"

namespace raft::testing {

class ForwardingDisk : public Disk {
 public:
  // `target` must outlive this.
  explicit ForwardingDisk(Disk& target) : target_(target) {}

  leveldb::Env& env() override { return target_.env(); }
  std::unique_ptr<BackgroundWorker> NewBackgroundWorker() override {
    return target_.NewBackgroundWorker();
  }
  absl::StatusOr<PathKind> LookAt(const std::string& path) override { return target_.LookAt(path); }
  absl::StatusOr<std::string> ReadFile(const std::string& path) override {
    return target_.ReadFile(path);
  }
  std::vector<DirectoryMember> List(const std::string& directory) override {
    return target_.List(directory);
  }
  std::uint64_t FreeBytes(const std::string& path) override { return target_.FreeBytes(path); }
  absl::StatusOr<std::unique_ptr<DiskFile>> OpenFile(const std::string& path,
                                                     OldContents old_contents) override {
    return target_.OpenFile(path, old_contents);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return target_.Rename(from, to);
  }
  absl::Status CreateDirectory(const std::string& path) override {
    return target_.CreateDirectory(path);
  }
  absl::Status SyncDirectory(const std::string& path) override {
    return target_.SyncDirectory(path);
  }
  absl::StatusOr<std::unique_ptr<DiskLock>> LockDirectory(const std::string& path) override {
    return target_.LockDirectory(path);
  }
  std::uint64_t DrawRandom() override { return target_.DrawRandom(); }

 private:
  Disk& target_;
};

}  // namespace raft::testing
