// What an operator can do when this server refuses to start on what it finds on disk.
//
// Never "repair": a server that forgot part of what it promised must not come back under the same
// identity (traps H19, H22).
#pragma once

#include "absl/status/status.h"

namespace raft {

inline constexpr char kWayBack[] =
    "; restore the disk, or remove this server from the cluster and add it as a new one: under an "
    "empty data directory and with --join it is another server, which has promised nothing";

// The way back from a refusal with this code: good data behind a full or unreadable disk must not
// be given up for lost.
inline const char* WayBackFrom(absl::StatusCode code) {
  const bool is_damage = code == absl::StatusCode::kDataLoss ||
                         code == absl::StatusCode::kFailedPrecondition ||
                         code == absl::StatusCode::kNotFound;
  return is_damage ? kWayBack
                   : "; mend that (free some space, allow the access) and start again: nothing is "
                     "known to be lost";
}

}  // namespace raft
