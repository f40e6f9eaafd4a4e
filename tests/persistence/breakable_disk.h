// A disk that breaks on command, over the real one: fails a chosen append or sync of a database,
// tears a write, holds back tables, and knows what a power loss would leave.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "forwarding_disk.h"
#include "leveldb/env.h"
#include "persistence/mutex.h"
#include "scratch_directory.h"

namespace raft::testing {

enum class DiskOperation { kAppend, kSync, kCreate };

class BreakableEnv final : public leveldb::EnvWrapper {
 public:
  BreakableEnv() : leveldb::EnvWrapper(&LocalDisk().env()) {}

  // The operation fails once, `after` more of its kind having succeeded. A failing append writes
  // half of its bytes first, as a full disk does.
  void FailOnce(DiskOperation operation, int after) {
    const MutexLock lock(mutex_);
    failing_ = operation;
    successes_left_ = after;
    armed_ = true;
  }
  bool has_failed() const {
    const MutexLock lock(mutex_);
    return failed_;
  }

  // While held, LevelDB cannot begin to write a table, and a full memory table stays in memory.
  void HoldTables() {
    const MutexLock lock(mutex_);
    tables_held_ = true;
  }
  void ReleaseTables() {
    {
      const MutexLock lock(mutex_);
      tables_held_ = false;
    }
    tables_released_.notify_all();
  }

  // Copies a directory as a power loss at this moment would leave it: without unsynced bytes.
  void CopyWhatIsDurable(const std::string& from, const std::string& to) {
    std::filesystem::create_directories(to);
    const MutexLock lock(mutex_);
    for (const auto& file : std::filesystem::directory_iterator(from)) {
      const std::string path = file.path().string();
      std::string bytes = ReadBytes(path);
      if (const auto known = synced_bytes_.find(path); known != synced_bytes_.end()) {
        bytes.resize(std::min<std::size_t>(bytes.size(), known->second));
      }
      WriteBytes(to + "/" + file.path().filename().string(), bytes);
    }
  }

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    if (path.ends_with(".ldb")) WaitForTables();
    if (ShouldFail(DiskOperation::kCreate)) return Broken(path);
    leveldb::Status created = target()->NewWritableFile(path, file);
    if (created.ok()) {
      SetSynced(path, 0);
      *file = new File(this, path, *file);
    }
    return created;
  }

  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    leveldb::Status renamed = target()->RenameFile(from, to);
    const MutexLock lock(mutex_);
    if (const auto known = synced_bytes_.find(from); renamed.ok() && known != synced_bytes_.end()) {
      synced_bytes_[to] = known->second;
      synced_bytes_.erase(from);
    }
    return renamed;
  }

 private:
  class File final : public leveldb::WritableFile {
   public:
    File(BreakableEnv* env, std::string path, leveldb::WritableFile* target)
        : env_(env), path_(std::move(path)), target_(target) {}

    leveldb::Status Append(const leveldb::Slice& bytes) override {
      const bool fails = env_->ShouldFail(DiskOperation::kAppend);
      const std::size_t size = fails ? bytes.size() / 2 : bytes.size();
      appended_ += size;
      leveldb::Status status = target_->Append(leveldb::Slice(bytes.data(), size));
      return fails ? Broken(path_) : status;
    }
    leveldb::Status Sync() override {
      if (env_->ShouldFail(DiskOperation::kSync)) return Broken(path_);
      leveldb::Status status = target_->Sync();
      if (status.ok()) env_->SetSynced(path_, appended_);
      return status;
    }
    leveldb::Status Flush() override { return target_->Flush(); }
    leveldb::Status Close() override { return target_->Close(); }

   private:
    BreakableEnv* const env_;
    const std::string path_;
    const std::unique_ptr<leveldb::WritableFile> target_;
    std::size_t appended_ = 0;
  };

  static leveldb::Status Broken(const std::string& path) {
    return leveldb::Status::IOError(path, "the disk is broken");
  }

  bool ShouldFail(DiskOperation operation) {
    const MutexLock lock(mutex_);
    if (!armed_ || operation != failing_ || successes_left_-- > 0) return false;
    armed_ = false;
    failed_ = true;
    return true;
  }

  void SetSynced(const std::string& path, std::size_t bytes) {
    const MutexLock lock(mutex_);
    synced_bytes_[path] = bytes;
  }

  void WaitForTables() {
    MutexLock lock(mutex_);
    tables_released_.wait(lock, [this] { return !tables_held_; });
  }

  mutable Mutex mutex_;
  DiskOperation failing_ = DiskOperation::kAppend;
  int successes_left_ = 0;
  bool armed_ = false;
  bool failed_ = false;
  bool tables_held_ = false;
  ConditionVariable tables_released_;
  std::map<std::string, std::size_t> synced_bytes_;
};

// The real disk with such an Env below its databases.
class BreakableDisk final : public ForwardingDisk {
 public:
  BreakableDisk() : ForwardingDisk(LocalDisk()) {}

  BreakableEnv& env() override { return env_; }

 private:
  BreakableEnv env_;
};

}  // namespace raft::testing
