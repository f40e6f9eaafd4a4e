// The seam between the disk thread and the disk: promise and log, nothing of roles or messages.
//
// One implementation keeps both for real (leveldb_storage.h); tests and the simulator bring their
// own. Everything a server knows at start is recovered before the first Persist.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "core/effects.h"

namespace raft {

class Storage {
 public:
  virtual ~Storage() = default;

  // Makes the requests durable in their order: the newest promise first if any changed, then every
  // truncation and append in one synced batch. OK means all of it survives a power loss. Any error
  // names file, operation and cause, and is final: the caller must end the process, because the
  // database may go on acknowledging writes that it will lose (traps E4, E5, H9).
  // Disk thread only. Requires: at least one request, sequences rising.
  [[nodiscard]] virtual absl::Status Persist(std::span<const PersistRequest> requests) = 0;
};

}  // namespace raft
