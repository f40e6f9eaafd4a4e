// What an operator can do when this server refuses to start on what it finds on disk.
//
// Never "repair": a server that forgot part of what it promised must not come back under the same
// identity (traps H19, H22).
#pragma once

namespace raft {

inline constexpr char kWayBack[] =
    "; restore the disk, or give the server an empty data directory and let it join as a new "
    "member";

}  // namespace raft
