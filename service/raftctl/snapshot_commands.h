// snapshot create, save, inspect and restore: a durable state, a backup from a server into a file,
// and back.
//
// Room: service/raftctl. Create and save speak to one server; the other two to nobody, and do what
// persistence/ offers for directories and files that no server uses. Each returns an ExitCode.
#pragma once

#include <cstdint>
#include <string>

#include "service/raftctl/options.h"

namespace raft::ctl {

struct SnapshotSaveOptions {
  std::string path;
  bool force = false;  // Replace a file that exists.
  // How long nothing may arrive before the download is given up.
  Clock::duration stall_timeout = std::chrono::seconds(30);
};

// The server that restore and recover make.
struct NewServerOptions {
  std::string data_dir;
  std::uint64_t server_id = 0;
  std::string peer_address;
};

// Has the first endpoint that answers make its state durable, and says through which index.
int RunSnapshotCreate(const GlobalOptions& global);

// From the first endpoint that has one to give; a follower is as good as the leader, a little
// behind at most.
int RunSnapshotSave(const GlobalOptions& global, const SnapshotSaveOptions& options);

// Verifies the whole file and says what it holds.
int RunSnapshotInspect(const GlobalOptions& global, const std::string& path);

// Makes the data directory of a new cluster of one server out of it.
int RunSnapshotRestore(const GlobalOptions& global, const std::string& path,
                       const NewServerOptions& server);

}  // namespace raft::ctl
