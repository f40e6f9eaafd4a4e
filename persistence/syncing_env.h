// The ground LevelDB stands on here: no file is closed unsynced, and the first failure is the last.
//
// LevelDB 1.23 closes an old write-ahead file in its destructor without a sync, so unsynced data of
// a previous file vanishes in a power loss even when a later write was synced (trap E8); and after
// a short write it goes on acknowledging what it can no longer read back (traps E4, E5). This Env
// syncs before every close, keeps the first failed write for ever and fails every later one, syncs
// the directory of each new file (trap H14), and keeps files to their owner.
//
// Each database has an Env of its own, with its own background thread, so that compacting the state
// never holds up the log (trap H16).
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "leveldb/env.h"
#include "persistence/mutex.h"

namespace raft {

// All methods: any thread, as LevelDB calls them.
class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  // `base` does the work and must outlive this; nullptr: the operating system's.
  explicit SyncingEnv(leveldb::Env* base);
  // Requires: the database is closed.
  ~SyncingEnv() override;

  // OK, or the first failure with operation, file and cause.
  absl::Status failure() const;
  // Passes `status` through; the first one that is not OK is kept.
  leveldb::Status Keep(const char* operation, const std::string& path, leveldb::Status status);
  // OK, or the first failure in LevelDB's words: what every later write answers.
  leveldb::Status Refusal() const;

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override;
  void Schedule(void (*work)(void*), void* argument) override;

 private:
  struct Work {
    void (*run)(void*);
    void* argument;
  };

  leveldb::Status Wrap(const char* operation, const std::string& path, leveldb::Status opened,
                       leveldb::WritableFile** file);
  void RunScheduledWork();

  mutable Mutex mutex_;
  std::atomic<bool> failed_ = false;  // read without the lock on every append
  leveldb::Status first_cause_;       // under mutex_, as is all below
  absl::Status first_failure_;
  ConditionVariable work_arrived_;
  std::deque<Work> work_;
  bool stopping_ = false;
  std::thread background_;
};

}  // namespace raft
