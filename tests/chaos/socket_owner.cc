#include "tests/chaos/socket_owner.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace raft::chaos {
namespace {

// "0100007F:1F90" in a table of the kernel.
std::uint16_t PortOf(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1), nullptr, 16));
}

// The number that the kernel knows the socket by; 0: no such connection in this table.
std::uint64_t InodeIn(const char* table, const LoopbackConnection& connection) {
  std::ifstream lines(table);
  std::string line;
  std::getline(lines, line);  // the names of the columns
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::string number, own, other, state, queues, timer, retransmits, user, timeout;
    std::uint64_t inode = 0;
    columns >> number >> own >> other >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    if (PortOf(own) == connection.own_port && PortOf(other) == connection.other_port) return inode;
  }
  return 0;
}

bool HoldsSocket(pid_t candidate, std::uint64_t inode) {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  std::error_code gone;
  std::filesystem::directory_iterator descriptor("/proc/" + std::to_string(candidate) + "/fd",
                                                 gone);
  for (; !gone && descriptor != std::filesystem::directory_iterator(); descriptor.increment(gone)) {
    std::error_code closed;
    if (std::filesystem::read_symlink(descriptor->path(), closed) == wanted) return true;
  }
  return false;
}

}  // namespace

std::optional<pid_t> FindOwner(const LoopbackConnection& connection,
                               const std::vector<pid_t>& candidates) {
  std::uint64_t inode = InodeIn("/proc/net/tcp", connection);
  // A library that serves both families uses mapped addresses for the older one.
  if (inode == 0) inode = InodeIn("/proc/net/tcp6", connection);
  if (inode == 0) return std::nullopt;
  for (const pid_t candidate : candidates) {
    if (HoldsSocket(candidate, inode)) return candidate;
  }
  return std::nullopt;
}

}  // namespace raft::chaos
