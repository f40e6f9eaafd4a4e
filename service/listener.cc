#include "service/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/loop/thread_name.h"

namespace raft {
namespace {

constexpr int kBacklog = 1024;
// How long to leave a connection waiting when there is no descriptor for it.
constexpr int kExhaustedWaitMs = 100;
// Descriptors kept free for the log, the state, and connections to peers: a quarter of the limit,
// at most this many.
constexpr rlim_t kReservedDescriptorsMax = 128;

rlim_t DescriptorLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

// Descriptors are numbered from the lowest free one, so a high number means that most are in use.
bool EatsIntoReserve(int connection_fd) {
  const rlim_t limit = DescriptorLimit();
  const rlim_t reserve = std::min(kReservedDescriptorsMax, limit / 4);
  return static_cast<rlim_t>(connection_fd) >= limit - reserve;
}

absl::Status Failed(const std::string& purpose, const Address& address, const std::string& cause) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen for ", purpose, " on ", address.ToString(), ": ", cause));
}

std::string Explain(int error) {
  std::string cause = std::strerror(error);
  if (error == EADDRINUSE) cause += "; another process has it. Stop that one, or choose a port";
  if (error == EADDRNOTAVAIL) cause += "; the address is not one of this machine";
  return cause;
}

// A bound, listening socket; or -1 with errno set.
int OpenSocket(const addrinfo& info) {
  const int fd = socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // Lets a restart bind while old connections linger. A second listener is still refused: only
  // SO_REUSEPORT would let it in.
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, info.ai_addr, info.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

std::uint16_t BoundPort(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  const in_port_t port = bound.ss_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                             : reinterpret_cast<const sockaddr_in&>(bound).sin_port;
  return ntohs(port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(const Address& address,
                                                         std::string purpose) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int resolved = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (resolved != 0) return Failed(purpose, address, gai_strerror(resolved));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  const int listen_fd = OpenSocket(*found);
  if (listen_fd < 0) return Failed(purpose, address, Explain(errno));
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    const int error = errno;
    close(listen_fd);
    return Failed(purpose, address, std::strerror(error));
  }
  return std::unique_ptr<Listener>(
      new Listener(listen_fd, wake_fd, BoundPort(listen_fd), std::move(purpose)));
}

Listener::Listener(int listen_fd, int wake_fd, std::uint16_t port, std::string purpose)
    : listen_fd_(listen_fd), wake_fd_(wake_fd), port_(port), purpose_(std::move(purpose)) {}

Listener::~Listener() {
  Stop();
  close(wake_fd_);
}

void Listener::Start(Connected connected) {
  connected_ = std::move(connected);
  thread_ = std::thread([this] { Run(); });
}

void Listener::Stop() {
  const std::uint64_t one = 1;
  // The counter of an eventfd takes it unless it is full, and then the thread is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  if (listen_fd_ >= 0) close(listen_fd_);
  listen_fd_ = -1;
}

void Listener::Run() {
  SetThreadName("raft-accept");
  pollfd watched[2] = {{.fd = wake_fd_, .events = POLLIN, .revents = 0},
                       {.fd = listen_fd_, .events = POLLIN, .revents = 0}};
  while (true) {
    poll(watched, 2, -1);
    if (watched[0].revents != 0) return;
    if (watched[1].revents != 0) AcceptAll();
  }
}

void Listener::AcceptAll() {
  while (AcceptOne()) {
  }
}

bool Listener::AcceptOne() {
  const int connection = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    if (errno == EINTR || errno == ECONNABORTED) return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    WaitForDescriptors(errno);
    return false;
  }
  if (EatsIntoReserve(connection)) {
    TurnAway(connection);
    return true;
  }
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  connected_(listen_fd_, connection);
  return true;
}

// The connection stays in the kernel's queue until there is a descriptor for it.
void Listener::WaitForDescriptors(int error) {
  std::uint64_t held_back = 0;
  if (lines_.Allows(held_back)) {
    spdlog::warn("cannot accept a connection for {}: {}; trying again every {} ms", purpose_,
                 std::strerror(error), kExhaustedWaitMs);
  }
  pollfd wake = {.fd = wake_fd_, .events = POLLIN, .revents = 0};
  poll(&wake, 1, kExhaustedWaitMs);
}

void Listener::TurnAway(int connection_fd) {
  close(connection_fd);
  std::uint64_t held_back = 0;
  if (!lines_.Allows(held_back)) return;
  spdlog::warn(
      "closed a new connection for {} because {} descriptors are open and the rest is kept "
      "for files ({} more like this)",
      purpose_, connection_fd, held_back);
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace raft
