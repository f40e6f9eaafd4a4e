#include "tests/integration/free_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

namespace raft::integration {
namespace {

constexpr std::uint16_t kFirstPort = 10'000;
constexpr std::uint16_t kPorts = 20'000;  // stays below 32768, where outgoing connections begin

bool IsFree(std::uint16_t port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(handle);
  return bound;
}

}  // namespace

std::vector<std::uint16_t> FindFreePorts(std::size_t count) {
  // A random start keeps test programs that run at the same time apart.
  static std::uint32_t next = std::random_device{}();
  std::vector<std::uint16_t> ports;
  for (int tries = 0; tries < kPorts && ports.size() < count; ++tries) {
    const auto port = static_cast<std::uint16_t>(kFirstPort + next++ % kPorts);
    if (IsFree(port)) ports.push_back(port);
  }
  if (ports.size() < count) {
    std::fprintf(stderr, "no %zu free ports on loopback\n", count);
    std::abort();
  }
  return ports;
}

}  // namespace raft::integration
