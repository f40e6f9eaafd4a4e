// Promise file and log behind the Storage seam: what the disk thread of raftd writes to.
//
// Keeps the one order that matters: the promise first, then the log (rule S-5). The floor in the
// promise file never lies above what the log durably holds.
#pragma once

#include <memory>
#include <span>

#include "absl/status/status.h"
#include "persistence/entry_log.h"
#include "persistence/promise_file.h"
#include "persistence/storage.h"

namespace raft {

class LevelDbStorage final : public Storage {
 public:
  LevelDbStorage(PromiseFile promise, std::unique_ptr<EntryLog> log);

  absl::Status Persist(std::span<const PersistRequest> requests) override;

 private:
  PromiseFile promise_;
  std::unique_ptr<EntryLog> log_;
  absl::Status failure_;
};

}  // namespace raft
