#include "persistence/identity.h"

namespace raft {

std::string FormatHexadecimal(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string FormatClusterId(const ClusterId& cluster_id) { return FormatHexadecimal(cluster_id); }

}  // namespace raft
