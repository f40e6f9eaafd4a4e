#include "service/address.h"

#include <charconv>

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

bool Address::is_wildcard() const {
  return host == "0.0.0.0" || host == "::" || host == "0" || host == "::ffff:0.0.0.0" ||
         host == "::0" || host == "*";
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
  if (host.find_first_of(" \t/,=") != std::string_view::npos) {
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
