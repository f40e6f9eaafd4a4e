// The ground LevelDB stands on here: no file is closed unsynced, and the first failure is the last.
//
// LevelDB 1.23 closes an old write-ahead file in its destructor without a sync, so unsynced data of
// a previous file vanishes in a power loss even when a later write was synced (trap E8); and after
// a short write it goes on acknowledging what it can no longer read back (traps E4, E5). This Env
// syncs before every close, keeps the first failed write for ever and fails every later one, and
// syncs the directory of each new file (trap H14).
//
// Each database has an Env of its own, and with it a background worker of its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "leveldb/env.h"
#include "persistence/disk.h"
#include "persistence/mutex.h"

namespace raft {

// All methods: any thread, as LevelDB calls them.
class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  // `disk` must outlive this, and the database must be closed before this goes.
  explicit SyncingEnv(Disk& disk);

  // OK, or the first failure with operation, file and cause.
  absl::Status failure() const;
  // Passes `status` through; the first one that is not OK is kept.
  leveldb::Status Keep(const char* operation, const std::string& path, leveldb::Status status);
  // OK, or the first failure in LevelDB's words: what every later write answers.
  leveldb::Status Refusal() const;

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  void Schedule(void (*work)(void*), void* argument) override { worker_->Schedule(work, argument); }
  // To be called after the database was opened and before it is closed, with none of its locks
  // held.
  void Settle() { worker_->Settle(); }

 private:
  leveldb::Status Wrap(const char* operation, const std::string& path, leveldb::Status opened,
                       leveldb::WritableFile** file);
  leveldb::Status SyncDirectoryOf(const std::string& path);

  Disk& disk_;
  mutable Mutex mutex_;
  std::atomic<bool> failed_ = false;  // read without the lock on every append
  leveldb::Status first_cause_;       // under mutex_, as is the next
  absl::Status first_failure_;
  const std::unique_ptr<BackgroundWorker> worker_;
};

}  // namespace raft
