// A data directory that begins a new cluster of one server, out of what an older cluster left.
//
// The new cluster has an id of its own and the directory a life of its own, so that nobody of the
// old cluster takes it for one of theirs. State and log are taken over as they are; one more entry
// makes this server the only member. The identity is written last: what a crash leaves has none,
// and no server starts on it. Offline: no server runs on the directory meanwhile.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/disk.h"
#include "persistence/identity.h"
#include "persistence/log_record.h"
#include "persistence/snapshot.h"

namespace raft {

// Where the one server of the new cluster will live, and who it will be.
struct NewServer {
  std::string directory;     // absent, or empty
  ServerId server_id;        // not 0
  std::string peer_address;  // where peers will reach it: HOST:PORT
};

// What was made.
struct NewClusterReport {
  ClusterId cluster_id;
  std::uint64_t incarnation = 0;
  LogPosition applied;        // the state holds everything up to here
  LogPosition configuration;  // the entry that makes the server the only member; the log's last
  std::string digest;         // of the state, as it was
};

// What an older cluster left.
struct OldCluster {
  LogTimeMs founding_log_time_ms = 0;
  ChainEnd base;                         // of the log
  std::vector<LogEntryPointer> entries;  // after it
  Term highest_term;                     // that anybody is known to have promised
};

}  // namespace raft
