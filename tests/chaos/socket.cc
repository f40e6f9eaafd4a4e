#include "tests/chaos/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace raft::chaos {
namespace {

constexpr int kWaitingConnectionsMax = 128;

sockaddr_in LoopbackAddress(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Socket NewSocket() {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (handle < 0) {
    std::perror("cannot open a socket");
    std::abort();
  }
  return Socket(handle);
}

// Whatever is relayed leaves when the rules say so, not when the kernel has gathered enough.
void SendAtOnce(int handle) {
  const int on = 1;
  (void)setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// `ask` is getsockname or getpeername.
template <typename Ask>
std::uint16_t PortOf(int handle, Ask ask) {
  sockaddr_in address{};
  socklen_t bytes = sizeof(address);
  if (ask(handle, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Socket::~Socket() {
  if (is_open()) close(handle_);
}

std::uint16_t Socket::own_port() const { return PortOf(handle_, getsockname); }
std::uint16_t Socket::other_port() const { return PortOf(handle_, getpeername); }

Socket Socket::Accept() const {
  const int accepted = accept4(handle_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted >= 0) SendAtOnce(accepted);
  return Socket(accepted);
}

void Socket::Abort() {
  if (!is_open()) return;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(handle_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  close(std::exchange(handle_, -1));
}

Socket ListenOnLoopback() {
  Socket listening = NewSocket();
  const sockaddr_in address = LoopbackAddress(0);
  if (bind(listening.handle(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listening.handle(), kWaitingConnectionsMax) != 0) {
    std::perror("cannot listen on loopback");
    std::abort();
  }
  return listening;
}

Socket ConnectToLoopback(std::uint16_t port) {
  Socket connecting = NewSocket();
  SendAtOnce(connecting.handle());
  const sockaddr_in address = LoopbackAddress(port);
  (void)connect(connecting.handle(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return connecting;
}

}  // namespace raft::chaos
