#include "service/conversion/founding_conversion.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "service/conversion/message_conversion.h"

namespace raft {
namespace {

absl::Status CheckMember(const peer::v1::FoundingMember& member, std::uint64_t id_before) {
  if (member.server_id() <= id_before) {
    return absl::InvalidArgumentError(absl::StrCat("founding configuration: server id ",
                                                   member.server_id(), " after ", id_before,
                                                   "; ids are above 0 and rising"));
  }
  if (member.incarnation() == 0 || member.peer_address().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("founding configuration: server ",
                                                   member.server_id(),
                                                   " has no incarnation or no peer address"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatInitialMembers(std::vector<InitialMember> members) {
  std::sort(members.begin(), members.end(), [](const InitialMember& a, const InitialMember& b) {
    return a.server_id < b.server_id;
  });
  std::string text;
  for (const InitialMember& member : members) {
    absl::StrAppend(&text, text.empty() ? "" : ",", member.server_id.value(), "=",
                    member.peer_address);
  }
  return text;
}

std::uint64_t HashOfInitialMembers(const std::vector<InitialMember>& members) {
  const std::string text = FormatInitialMembers(members);
  const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
  return hash == 0 ? 1 : hash;
}

absl::StatusOr<FoundingConfiguration> FromProto(const peer::v1::FoundingConfiguration& message) {
  if (message.cluster_id().size() != kClusterIdBytes) {
    return absl::InvalidArgumentError(absl::StrCat("founding configuration: cluster id of ",
                                                   message.cluster_id().size(), " bytes, expected ",
                                                   kClusterIdBytes));
  }
  if (message.log_time_ms() < 1 || message.log_time_ms() > kLogTimeMsMax ||
      message.members().empty()) {
    return absl::InvalidArgumentError("founding configuration: no log time or no members");
  }
  FoundingConfiguration founding{
      .cluster_id = message.cluster_id(), .log_time_ms = message.log_time_ms(), .members = {}};
  std::uint64_t id_before = 0;
  for (const peer::v1::FoundingMember& member : message.members()) {
    if (absl::Status status = CheckMember(member, id_before); !status.ok()) return status;
    id_before = member.server_id();
    founding.members.push_back({.server_id = ServerId(member.server_id()),
                                .peer_address = member.peer_address(),
                                .incarnation = member.incarnation()});
  }
  return founding;
}

void ToProto(const FoundingConfiguration& founding, peer::v1::FoundingConfiguration& message) {
  message.Clear();
  message.set_cluster_id(founding.cluster_id);
  message.set_log_time_ms(founding.log_time_ms);
  for (const FoundingMember& member : founding.members) {
    peer::v1::FoundingMember& copy = *message.add_members();
    copy.set_server_id(member.server_id.value());
    copy.set_peer_address(member.peer_address);
    copy.set_incarnation(member.incarnation);
  }
}

const FoundingMember* FindMember(const FoundingConfiguration& founding, ServerId server) {
  for (const FoundingMember& member : founding.members) {
    if (member.server_id == server) return &member;
  }
  return nullptr;
}

}  // namespace raft
