#include "service/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace raft {
namespace {

absl::Status Invalid(std::string_view text, const char* why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", absl::string_view(text.data(), text.size()),
                                                 "\" is not host:port: ", why));
}

}  // namespace

std::string Address::ToString() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return bracketed ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

// However it is written: 0.0.0.0, 0, 0x0, ::, 0:0:0:0:0:0:0:0, ::ffff:0.0.0.0.
bool Address::is_wildcard() const {
  if (host == "*") return true;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;  // a name
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  if (found->ai_family == AF_INET) {
    const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
    return address->sin_addr.s_addr == INADDR_ANY;
  }
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(found->ai_addr)->sin6_addr;
  constexpr std::size_t kBytesBeforeMapped = 12;
  const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&address);
  return std::all_of(std::begin(address.s6_addr) + (is_mapped ? kBytesBeforeMapped : 0),
                     std::end(address.s6_addr), [](std::uint8_t byte) { return byte == 0; });
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Invalid(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return Invalid(text, "an IPv6 host needs brackets, as in [::1]:7000");
  }
  if (host.empty()) return Invalid(text, "the host is missing");
  const bool is_printable = std::all_of(host.begin(), host.end(),
                                        [](char letter) { return letter > ' ' && letter <= '~'; });
  if (!is_printable || host.find_first_of("/,=") != std::string_view::npos) {
    return Invalid(text, "the host has a character that no host name has");
  }
  std::uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  const auto [stopped_at, problem] = std::from_chars(port_text.data(), end, port);
  if (problem != std::errc() || stopped_at != end || port_text.empty()) {
    return Invalid(text, "the port must be a number from 0 to 65535");
  }
  return Address{.host = std::string(host), .port = port};
}

}  // namespace raft
