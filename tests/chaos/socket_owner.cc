#include "tests/chaos/socket_owner.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

namespace raft::chaos {
namespace {

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

Question QuestionAbout(const LoopbackConnection& connection) {
  Question question{};
  question.header.nlmsg_len = sizeof(question);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  // Also finds a socket that serves both families and uses a mapped address.
  question.body.sdiag_family = AF_INET;
  question.body.sdiag_protocol = IPPROTO_TCP;
  question.body.idiag_states = ~0u;
  inet_diag_sockid& id = question.body.id;
  id.idiag_sport = htons(connection.own_port);
  id.idiag_dport = htons(connection.other_port);
  id.idiag_src[0] = htonl(INADDR_LOOPBACK);
  id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

// The number that the kernel knows the socket by; 0: there is no such connection.
std::uint32_t InodeOf(const LoopbackConnection& connection) {
  const int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (kernel < 0) {
    std::perror("cannot ask the kernel about sockets");
    std::abort();
  }
  const Question question = QuestionAbout(connection);
  std::array<char, 4'096> answer{};
  const bool is_asked = send(kernel, &question, sizeof(question), 0) == sizeof(question);
  const ssize_t bytes = is_asked ? recv(kernel, answer.data(), answer.size(), 0) : 0;
  close(kernel);
  struct {
    nlmsghdr header;
    inet_diag_msg body;
  } found;
  if (bytes < static_cast<ssize_t>(sizeof(found))) return 0;
  std::memcpy(&found, answer.data(), sizeof(found));
  return found.header.nlmsg_type == SOCK_DIAG_BY_FAMILY ? found.body.idiag_inode : 0;
}

bool HoldsSocket(pid_t candidate, std::uint32_t inode) {
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
  const std::uint32_t inode = InodeOf(connection);
  if (inode == 0) return std::nullopt;
  for (const pid_t candidate : candidates) {
    if (HoldsSocket(candidate, inode)) return candidate;
  }
  return std::nullopt;
}

}  // namespace raft::chaos
