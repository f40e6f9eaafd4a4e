#include "tests/metrics/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

namespace raft::testing {

Connection::Connection(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

Connection::~Connection() { close(socket_); }

bool Connection::Send(const std::string& bytes) {
  return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

std::string Connection::ReadAll() {
  std::string all;
  std::array<char, 65'536> piece{};
  for (ssize_t size = 1; size > 0;) {
    size = recv(socket_, piece.data(), piece.size(), 0);
    if (size > 0) all.append(piece.data(), static_cast<std::size_t>(size));
  }
  return all;
}

std::optional<HttpReply> Fetch(std::uint16_t port, const std::string& method,
                               const std::string& target) {
  Connection connection(port);
  connection.Send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = connection.ReadAll();
  const std::size_t headers_end = answer.find("\r\n\r\n");
  if (answer.rfind("HTTP/1.1 ", 0) != 0 || headers_end == std::string::npos) return std::nullopt;
  return HttpReply{.status = std::stoi(answer.substr(9, 3)),
                   .headers = answer.substr(0, headers_end + 2),
                   .body = answer.substr(headers_end + 4)};
}

}  // namespace raft::testing
