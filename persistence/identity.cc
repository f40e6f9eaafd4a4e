#include "persistence/identity.h"

namespace raft {

namespace {

std::vector<Member> VotersOf(const FoundingConfiguration& founding) {
  std::vector<Member> voters;
  for (const FoundingMember& member : founding.members) {
    voters.push_back({.server_id = member.server_id,
                      .incarnation = member.incarnation,
                      .peer_address = member.peer_address});
  }
  return voters;
}

}  // namespace

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

bool IsSound(const FoundingConfiguration& founding) {
  if (founding.cluster_id.size() != kClusterIdBytes) return false;
  if (founding.log_time_ms < 0 || founding.log_time_ms > kLogTimeMsMax) return false;
  ServerId before(0);
  for (const FoundingMember& member : founding.members) {
    if (member.server_id <= before || member.incarnation == 0) return false;
    before = member.server_id;
  }
  return ClusterConfiguration::IsSound(VotersOf(founding));
}

ClusterConfiguration ConfigurationOf(const FoundingConfiguration& founding) {
  return ClusterConfiguration(VotersOf(founding));
}

}  // namespace raft
