// "host:port", the only form of an address that options, logs and hints use.
//
// Pure functions; knows no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace raft {

struct Address {
  std::string host;  // a name or number; IPv6 without brackets
  std::uint16_t port = 0;

  // "host:port", IPv6 in brackets.
  std::string ToString() const;
  // Names every interface of a machine and so no machine: 0.0.0.0, ::, or IPv6-mapped 0.0.0.0.
  bool is_wildcard() const;

  friend bool operator==(const Address&, const Address&) = default;
};

// INVALID_ARGUMENT says what is wrong: no port, a port that is no number up to 65535, no host, an
// IPv6 host without brackets.
absl::StatusOr<Address> ParseAddress(std::string_view text);

}  // namespace raft
