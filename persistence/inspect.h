// What a stopped server's data directory holds, looked at without changing a byte of it.
//
// Opening a database writes to it, so a copy is opened: small files and write-ahead files are
// copied, tables (which are never changed once written) are linked, or copied where they cannot be.
// The copy is then started on exactly as raftd would start, with all of its checks; it is removed
// afterwards. The directory is locked meanwhile, without a trace. Offline, the local disk only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "core/effects.h"
#include "core/log_entry.h"
#include "persistence/identity.h"
#include "persistence/snapshot.h"

namespace raft {

struct DirectoryReport {
  std::string path;
  Identity identity;  // forming: the rest below is empty
  Promise promise;
  LogPosition base;  // the log begins after it
  LogTimeMs base_log_time_ms = 0;
  LogPosition last;     // of the log; the base when it is empty
  LogPosition applied;  // the state holds everything up to here, so it was committed
  LogTimeMs applied_log_time_ms = 0;
  std::uint64_t key_count = 0;
  std::string digest;                          // of the state; verified by reading all of it
  IndexedConfiguration applied_configuration;  // in force at `applied`
  IndexedConfiguration configuration;          // in force: the newest of log and state
  bool state_is_diverged = false;  // the server was told that a majority holds another state
};

class InspectedDirectory {
 public:
  virtual ~InspectedDirectory() = default;

  virtual const DirectoryReport& report() const = 0;
  // The log after its base, in order: index, term, kind, log time, data.
  virtual std::span<const LogEntryPointer> entries() const = 0;
  // Reads the state out. FAILED_PRECONDITION: forming. Requires: something was applied.
  virtual absl::StatusOr<std::unique_ptr<SnapshotSource>> OpenSnapshot() = 0;
};

// Copies the directory into a new one below `scratch_parent` (empty: beside `path`, where tables
// can be linked) and opens that. NOT_FOUND: nothing there. FAILED_PRECONDITION: no server's
// directory, in use by a process (named), or a server would refuse to start on it, with its
// reason. DATA_LOSS: damaged. Other errors are of the disk that the copy is made on.
absl::StatusOr<std::unique_ptr<InspectedDirectory>> InspectDirectory(
    const std::string& path, const std::string& scratch_parent = "");

}  // namespace raft
