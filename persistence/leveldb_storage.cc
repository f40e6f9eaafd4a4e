#include "persistence/leveldb_storage.h"

#include <algorithm>
#include <utility>

namespace raft {

LevelDbStorage::LevelDbStorage(PromiseFile promise, std::unique_ptr<EntryLog> log)
    : promise_(std::move(promise)), log_(std::move(log)) {}

absl::Status LevelDbStorage::Persist(std::span<const PersistRequest> requests) {
  if (!failure_.ok()) return failure_;
  Promise newest = promise_.promise();
  // Before the write and after it, the log reaches at least here.
  LogIndex kept = log_->last().index;
  for (const PersistRequest& request : requests) {
    if (request.promise) newest = *request.promise;
    const bool resets = request.rebase && !request.rebase->keeps_suffix;
    if (resets) kept = std::min(kept, request.rebase->base.index);
    if (request.truncate_from) kept = std::min(kept, *request.truncate_from - 1);
  }
  // A floor above a truncation or a reset would make the next start call the log shortened.
  if (newest != promise_.promise() || promise_.floor_index() > kept) {
    failure_ = promise_.Write(newest, kept);
  }
  if (failure_.ok()) failure_ = log_->Write(requests);
  return failure_;
}

}  // namespace raft
