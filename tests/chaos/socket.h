// A TCP socket on loopback that closes itself. Never blocks: every call is for now, or fails.
//
// Knows nothing about who talks through it.
#pragma once

#include <cstdint>
#include <utility>

namespace raft::chaos {

class Socket {
 public:
  Socket() = default;
  // Takes over an open descriptor.
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  bool is_open() const { return handle_ >= 0; }
  int handle() const { return handle_; }
  // 0 when there is none.
  std::uint16_t own_port() const;
  std::uint16_t other_port() const;

  // The next connection that waits at a listening socket; not open when there is none.
  Socket Accept() const;
  // Closes at once with a reset (RST): the other end sees an error, whatever is under way is lost.
  void Abort();

 private:
  int handle_ = -1;
};

// Listens on a port that the kernel chooses; ends the test program when that is not possible.
Socket ListenOnLoopback();
// Begins to connect. A failure shows when the socket is used.
Socket ConnectToLoopback(std::uint16_t port);

}  // namespace raft::chaos
