// A data directory that begins a new cluster of one server, out of what an older cluster left.
//
// The new cluster has an id of its own and the directory a life of its own, so that nobody of the
// old cluster takes it for one of theirs. State and log are taken over as they are; one more entry
// makes this server the only member. The identity is written last: what a crash leaves has none,
// and no server starts on it. Offline: no server runs on the directory meanwhile.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/log_entry.h"
#include "core/types.h"
#include "persistence/disk.h"
#include "persistence/identity.h"

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

// What an older cluster left. State and log fit together as a start demands (start_rules.h).
struct OldCluster {
  // Its id and the log time of its founding; the members are looked at only while nothing was
  // applied.
  FoundingConfiguration founding;
  // Gives the next piece of its state; an empty one after the last. Null: nothing was applied.
  std::function<absl::StatusOr<std::string>()> next_piece;
  LogPosition base;  // of the log
  LogTimeMs base_log_time_ms = 0;
  std::span<const LogEntryPointer> entries;  // after it
  Term highest_term;                         // that anybody is known to have promised
};

// Makes the directory. INVALID_ARGUMENT: server id or address make no sense. DATA_LOSS: the old
// cluster's numbers are beyond all reason, or its state is damaged. FAILED_PRECONDITION: the
// directory is not empty, or in use. Any other error is the disk's. Unless OK, no server starts on
// what was made so far.
absl::StatusOr<NewClusterReport> BeginNewCluster(const OldCluster& old, const NewServer& server,
                                                 Disk& disk);

}  // namespace raft
