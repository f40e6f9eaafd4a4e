// Which process holds the other end of a loopback connection, as the kernel tells.
//
// Asks the kernel's socket diagnosis for the one connection (reading /proc/net/tcp instead costs a
// walk through a table of hundreds of thousands of buckets) and looks for it among the descriptors
// of the candidates. Right for a process that stands still, and needs no word from it. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace raft::chaos {

// The ports of a TCP connection on 127.0.0.1, as the process that is looked for sees it.
struct LoopbackConnection {
  std::uint16_t own_port = 0;
  std::uint16_t other_port = 0;
};

// The one of `candidates` that has this connection open; none: it has closed it, or died.
std::optional<pid_t> FindOwner(const LoopbackConnection& connection,
                               const std::vector<pid_t>& candidates);

}  // namespace raft::chaos
