// A listening socket of our own, because gRPC's cannot be trusted with two things.
//
// gRPC 1.51 shares a port with a second server silently (trap E16) and never accepts again after
// descriptors ran out once (trap E14, CVE-2023-4785). So this binds without address sharing,
// accepts on a thread of its own, and hands each connection to gRPC's external acceptor.
// Connections that would eat into the descriptors reserved for files are closed at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "service/address.h"
#include "service/line_limit.h"

namespace raft {

class Listener {
 public:
  // Receives each accepted connection and owns it. Accept thread.
  using Connected = std::function<void(int listener_fd, int connection_fd)>;

  // Binds and listens; nothing is accepted before Start. `purpose` ("clients") is for messages.
  // UNAVAILABLE: the address is taken, not this machine's, or does not resolve.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const Address& address,
                                                        std::string purpose);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The port really bound, also when 0 was asked for.
  std::uint16_t port() const { return port_; }

  void Start(Connected connected);
  // Accepts nothing more and closes the socket. Once or more.
  void Stop();

 private:
  Listener(int listen_fd, int wake_fd, std::uint16_t port, std::string purpose);
  void Run();
  void AcceptAll();
  bool AcceptOne();
  void WaitForDescriptors(int error);
  void TurnAway(int connection_fd);

  int listen_fd_;
  int wake_fd_;
  const std::uint16_t port_;
  const std::string purpose_;
  LineLimit lines_;
  Connected connected_;
  std::thread thread_;
};

// Lets this process open as many descriptors as it is allowed to. Once, at start.
void RaiseDescriptorLimit();

}  // namespace raft
