// What keys have in common: their revisions are indexes of one log.
//
// The search judges each key alone and sees nothing of this. Two changes never share a revision,
// and a change that is called after a revision was known has a higher one. Knows histories only.
#pragma once

#include <cstdint>
#include <optional>

#include "tests/linearizability/history.h"

namespace raft::linearizability {

// Two operations, as positions in the history, that no one log can hold.
struct LogOrderBreach {
  std::uint32_t earlier = 0;
  std::uint32_t later = 0;  // a change
};

// The first two found, or none. Looks at what happened; an unknown outcome proves nothing.
std::optional<LogOrderBreach> FindLogOrderBreach(const History& history);

}  // namespace raft::linearizability
