#include "service/address_record.h"

#include <string>
#include <utility>
#include <vector>

namespace raft {

std::optional<MembershipChangeRequested> PlanAddressRecord(const RaftStatus& status,
                                                           const PeerDirectory& peers) {
  const bool may_change = status.role == RoleName::kLeader && !status.configuration->is_joint() &&
                          status.configuration_index <= status.commit_index;
  if (!may_change) return std::nullopt;
  std::vector<Member> members = status.configuration->members();
  for (Member& member : members) {
    std::string confirmed = peers.ConfirmedAddressOf({member.server_id, member.incarnation});
    if (!confirmed.empty()) member.peer_address = std::move(confirmed);
  }
  const bool is_news = members != status.configuration->members();
  // What a server announces comes from outside.
  if (!is_news || !ClusterConfiguration::IsSound(members)) return std::nullopt;
  return MembershipChangeRequested{.ticket = Ticket(),
                                   .expected_index = status.configuration_index,
                                   .members = std::move(members)};
}

}  // namespace raft
