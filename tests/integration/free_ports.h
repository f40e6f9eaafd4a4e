// Loopback ports that nobody listens on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace raft::integration {

// `count` different free TCP ports below the range that the kernel hands out for outgoing
// connections, so that a restarted server finds its port as it left it. Ends the test program when
// there are none.
std::vector<std::uint16_t> FindFreePorts(std::size_t count);

}  // namespace raft::integration
