// The operations of a simulated disk: each asks the faults what becomes of it, changes the contents
// accordingly, and goes into the trace.
//
// Answers are error numbers of errno, 0 for success, so that both vocabularies above (absl::Status
// and leveldb::Status) can say them. Looking is never counted and never fails. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/disk_contents.h"
#include "tests/simulation/disk_faults.h"

namespace raft::simulation {

class DiskOperations {
 public:
  explicit DiskOperations(std::uint64_t seed) : faults_(seed) {}

  DiskContents& contents() { return contents_; }
  DiskFaults& faults() { return faults_; }
  const DiskFaults& faults() const { return faults_; }

  // Opens for writing; an absent file is created, an existing one keeps its bytes.
  int Open(const std::string& path, FilePointer* file);
  int Append(const std::string& path, FileContents& file, std::string_view bytes);
  int Overwrite(const std::string& path, FileContents& file, std::string_view bytes);
  int Truncate(const std::string& path, FileContents& file, std::size_t size);
  int Sync(const std::string& path, FileContents& file);
  int Rename(const std::string& from, const std::string& to);
  int Remove(const std::string& path);
  // Requires: it is empty.
  int RemoveDirectory(const std::string& path);
  int CreateDirectory(const std::string& path);
  int SyncDirectory(const std::string& path);

  // Changes the contents to what a power loss leaves.
  void LosePower();

  // Of every operation so far, with its file, its bytes and its outcome: equal for equal stories.
  std::uint64_t trace_hash() const { return trace_hash_; }
  // From now on keeps the trace as text too, for a failing test to print.
  void KeepTrace() { keeps_trace_ = true; }
  const std::vector<std::string>& trace() const { return trace_; }

 private:
  Fate Decide(DiskOperation operation, const std::string& path, std::string_view bytes = {},
              bool lengthens = false);

  int RemoveName(const std::string& path);

  DiskContents contents_;
  DiskFaults faults_;
  std::uint64_t trace_hash_ = 0;
  bool keeps_trace_ = false;
  std::vector<std::string> trace_;
};

}  // namespace raft::simulation
