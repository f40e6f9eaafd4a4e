// One life of one server: its id, and which data directory it lives in.
//
// Whoever speaks for peers names both, because the same id in another data directory has promised
// something else. A value; knows nothing.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace raft {

// Who a message comes from or goes to.
struct ServerLife {
  ServerId server_id;
  std::uint64_t incarnation = 0;  // of its data directory

  friend auto operator<=>(const ServerLife&, const ServerLife&) = default;
};

}  // namespace raft
