#include "persistence/syncing_env.h"

#include <filesystem>
#include <utility>

#include "persistence/status_conversion.h"

namespace raft {
namespace {

// A file whose every failure is kept by the Env and which is synced before it is closed.
class SyncingFile final : public leveldb::WritableFile {
 public:
  SyncingFile(SyncingEnv* env, std::string path, leveldb::WritableFile* target)
      : env_(env), path_(std::move(path)), target_(target) {}

  // LevelDB drops a write-ahead file by deleting it; the Env remembers what this cannot return.
  ~SyncingFile() override { Close(); }

  leveldb::Status Append(const leveldb::Slice& bytes) override {
    if (leveldb::Status refusal = env_->Refusal(); !refusal.ok()) return refusal;
    unsynced_ = true;
    return env_->Keep("append to", path_, target_->Append(bytes));
  }

  leveldb::Status Flush() override {
    if (leveldb::Status refusal = env_->Refusal(); !refusal.ok()) return refusal;
    return env_->Keep("flush", path_, target_->Flush());
  }

  leveldb::Status Sync() override {
    if (leveldb::Status refusal = env_->Refusal(); !refusal.ok()) return refusal;
    unsynced_ = false;
    return env_->Keep("sync", path_, target_->Sync());
  }

  leveldb::Status Close() override {
    if (target_ == nullptr) return leveldb::Status::OK();
    leveldb::Status synced = unsynced_ ? Sync() : env_->Refusal();
    leveldb::Status closed = env_->Keep("close", path_, target_->Close());
    target_.reset();
    return synced.ok() ? closed : synced;
  }

 private:
  SyncingEnv* const env_;
  const std::string path_;
  std::unique_ptr<leveldb::WritableFile> target_;
  bool unsynced_ = false;
};

}  // namespace

SyncingEnv::SyncingEnv(Disk& disk)
    : leveldb::EnvWrapper(&disk.env()), disk_(disk), worker_(disk.NewBackgroundWorker()) {}

absl::Status SyncingEnv::failure() const {
  const MutexLock lock(mutex_);
  return first_failure_;
}

leveldb::Status SyncingEnv::Keep(const char* operation, const std::string& path,
                                 leveldb::Status status) {
  if (status.ok()) return status;
  const MutexLock lock(mutex_);
  if (first_failure_.ok()) {
    first_cause_ = status;
    first_failure_ = FromLevelDb(operation, path, status);
    failed_.store(true, std::memory_order_release);
  }
  return status;
}

leveldb::Status SyncingEnv::Refusal() const {
  if (!failed_.load(std::memory_order_acquire)) return leveldb::Status::OK();
  const MutexLock lock(mutex_);
  return first_cause_;
}

leveldb::Status SyncingEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  *file = nullptr;
  if (leveldb::Status refusal = Refusal(); !refusal.ok()) return refusal;
  return Wrap("create", path, target()->NewWritableFile(path, file), file);
}

leveldb::Status SyncingEnv::NewAppendableFile(const std::string& path,
                                              leveldb::WritableFile** file) {
  *file = nullptr;
  if (leveldb::Status refusal = Refusal(); !refusal.ok()) return refusal;
  return Wrap("open", path, target()->NewAppendableFile(path, file), file);
}

leveldb::Status SyncingEnv::Wrap(const char* operation, const std::string& path,
                                 leveldb::Status opened, leveldb::WritableFile** file) {
  if (!opened.ok()) return Keep(operation, path, std::move(opened));
  if (leveldb::Status synced = SyncDirectoryOf(path); !synced.ok()) {
    delete std::exchange(*file, nullptr);
    return synced;
  }
  *file = new SyncingFile(this, path, *file);
  return leveldb::Status::OK();
}

leveldb::Status SyncingEnv::RemoveFile(const std::string& path) {
  // LevelDB removes a MANIFEST that it could not make the current one, which it may be all the
  // same.
  if (leveldb::Status refusal = Refusal(); !refusal.ok()) return refusal;
  return target()->RemoveFile(path);
}

leveldb::Status SyncingEnv::RenameFile(const std::string& from, const std::string& to) {
  if (leveldb::Status refusal = Refusal(); !refusal.ok()) return refusal;
  leveldb::Status renamed = target()->RenameFile(from, to);
  if (renamed.ok()) return SyncDirectoryOf(to);
  // LevelDB renames its old message file whether there is one or not, and expects the refusal.
  return FileExists(from) ? Keep("rename", from, std::move(renamed)) : renamed;
}

leveldb::Status SyncingEnv::SyncDirectoryOf(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const absl::Status synced = disk_.SyncDirectory(directory);
  if (synced.ok()) return leveldb::Status::OK();
  return Keep("sync directory of", path, leveldb::Status::IOError(std::string(synced.message())));
}

}  // namespace raft
