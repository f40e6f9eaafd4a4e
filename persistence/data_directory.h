// One server's data directory: locked, identified, opened in the one order that is safe.
//
//   LOCK            our own lock, besides LevelDB's (rule S-8)
//   identity        who this directory is (identity.h)
//   promise-a/-b    current term and vote, two slots (rule S-5)
//   log/            LevelDB: the Raft log
//   state-<n>/      LevelDB: the key-value state machine; `state` names the live one
//   doubled         there is a copy, and a server ran on each at once (double_mark.h)
//
// Start order for a server: Open (locks, reads or creates the identity), then, once the cluster is
// founded, OpenServer (promise, log, state machine, verified against each other). Errors name file,
// operation and cause, and say what to do. Main thread only, before the other threads start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/raft_server.h"
#include "persistence/disk.h"
#include "persistence/identity.h"
#include "persistence/key_value_store.h"
#include "persistence/storage.h"

namespace raft {

// Everything of one started server that lives on disk. `storage` belongs to the disk thread,
// `state` to the apply thread, `installer` to the apply and the bulk thread, `configuration` and
// `recovered` go to the core.
struct OpenedServer {
  std::unique_ptr<Storage> storage;
  std::unique_ptr<KeyValueStore> state;
  std::unique_ptr<SnapshotInstaller> installer;  // must not outlive the DataDirectory
  ClusterConfiguration configuration;            // in force at recovered.applied
  RecoveredState recovered;
};

// Bytes on disk, for metrics. Any thread; slow enough not to be called per request.
struct DirectorySizes {
  std::uint64_t log_bytes = 0;
  std::uint64_t state_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
};

class DataDirectory {
 public:
  // Locks `path` and reads its identity; an empty or absent directory (its parent must exist) gets
  // a new one in state forming, fsynced. A forming server takes a changed members hash over; 0 is
  // for a server that is to join a cluster that exists.
  // FAILED_PRECONDITION: belongs to another server id, locked by another process, world-writable,
  // identity missing although data is there, or of a newer format. DATA_LOSS: identity damaged.
  // PERMISSION_DENIED: not writable. `disk` must outlive the directory and all that it opens.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Open(const std::string& path,
                                                             ServerId server_id,
                                                             std::uint64_t initial_members_hash,
                                                             Disk& disk = LocalDisk());
  virtual ~DataDirectory() = default;

  virtual const Identity& identity() const = 0;
  virtual const std::string& path() const = 0;

  // Makes the founding durable (fsynced), once; the same one again is fine. FAILED_PRECONDITION:
  // another founding was adopted, this server's id and incarnation are not among the members, or
  // the founding makes no sense.
  virtual absl::Status AdoptFounding(const FoundingConfiguration& founding) = 0;
  // The same for a server that joins a cluster founded without it: that the cluster's configuration
  // lists this server in this life is for the caller to have seen. FAILED_PRECONDITION: another
  // founding was adopted, it was born to found a cluster, or the founding makes no sense.
  virtual absl::Status AdoptFoundingAsJoiner(const FoundingConfiguration& founding) = 0;

  // Opens promise, log and state, verifies each and their relations (design section 5, "what a
  // start accepts"), and creates them only on the first start after the founding.
  // FAILED_PRECONDITION or DATA_LOSS: refused (also while forming), with the reason and the way
  // back.
  virtual absl::StatusOr<OpenedServer> OpenServer() = 0;

  virtual DirectorySizes Sizes() const = 0;
};

}  // namespace raft
