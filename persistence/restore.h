// A backup becomes a new cluster of one server; others join that one.
//
// Everything up to the position of the snapshot is there; the log begins after it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "persistence/disk.h"
#include "persistence/new_cluster.h"

namespace raft {

// Makes `server.directory` out of a snapshot file. INVALID_ARGUMENT: server id or address make no
// sense, or the file is no snapshot or of an unknown format. DATA_LOSS: the file is damaged.
// FAILED_PRECONDITION: the directory is not empty, or in use. NOT_FOUND: no such file. After any
// error, as after a crash, the directory may hold remains, on which no server starts; empty it and
// begin again. Offline tool; `disk` for tests.
absl::StatusOr<NewClusterReport> RestoreSnapshot(const std::string& snapshot_path,
                                                 const NewServer& server, Disk& disk = LocalDisk());

}  // namespace raft
