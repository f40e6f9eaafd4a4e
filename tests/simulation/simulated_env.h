// The leveldb::Env of one process life on a simulated disk.
//
// LevelDB schedules compactions for another thread. Here there is none: the work waits for some
// append, for the end of an opening or for a closing, and is then done on the spot. At each of
// these moments LevelDB holds none of its locks, and at no other does it wait for the work; so one
// thread does everything, in the same order each time.
#pragma once

#include <string>
#include <vector>

#include "leveldb/env.h"
#include "tests/simulation/disk_operations.h"
#include "tests/simulation/process_life.h"

namespace raft::simulation {

class SimulatedEnv final : public leveldb::Env {
 public:
  // Both must outlive this.
  SimulatedEnv(DiskOperations& disk, ProcessLife& life) : disk_(disk), life_(life) {}

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override;
  leveldb::Status RemoveDir(const std::string& path) override;
  leveldb::Status GetFileSize(const std::string& path, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;

  void Schedule(void (*work)(void*), void* argument) override { life_.Schedule(work, argument); }
  void StartThread(void (*work)(void*), void* argument) override { life_.Schedule(work, argument); }
  leveldb::Status GetTestDirectory(std::string* path) override;
  // LevelDB's messages are read by nobody here.
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override;
  // Time stands still and waiting costs none.
  std::uint64_t NowMicros() override { return 0; }
  void SleepForMicroseconds(int) override {}

 private:
  leveldb::Status OpenForWriting(const std::string& path, bool drops_contents,
                                 leveldb::WritableFile** file);
  // What is told about an operation of a life that may be over.
  template <typename Operation>
  leveldb::Status Try(const std::string& path, Operation operation);

  DiskOperations& disk_;
  ProcessLife& life_;
};

}  // namespace raft::simulation
