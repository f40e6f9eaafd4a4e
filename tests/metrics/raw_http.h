// A deliberately plain HTTP client: one request over one socket, read to the end. It can also send
// what no well-behaved client would.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace raft::testing {

struct HttpReply {
  int status = 0;
  std::string headers;
  std::string body;
};

// A TCP connection to 127.0.0.1; closes itself. Reads give up after ten seconds.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connected() const { return connected_; }
  // False when the other side has closed.
  bool Send(const std::string& bytes);
  // Everything until the other side closes.
  std::string ReadAll();

 private:
  int socket_ = -1;
  bool connected_ = false;
};

// One request without a body. None: no answer that looks like HTTP.
std::optional<HttpReply> Fetch(std::uint16_t port, const std::string& method,
                               const std::string& target);

}  // namespace raft::testing
