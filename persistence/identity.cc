#include "persistence/identity.h"

namespace raft {

std::string FormatClusterId(const ClusterId& cluster_id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(cluster_id.size() * 2);
  for (const char c : cluster_id) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace raft
