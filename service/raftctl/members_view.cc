#include "service/raftctl/members_view.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "service/raftctl/json.h"
#include "service/raftctl/text_table.h"

namespace raft::ctl {
namespace {

void AddRow(const v1::ListMembersResponse& response, const v1::Member& member, bool goes,
            TextTable* table) {
  const bool leads = member.server_id() == response.header().leader_id();
  table->AddRow({absl::StrCat(member.server_id()),
                 absl::StrCat(MemberRoleName(member.role()), goes ? ", leaving" : ""),
                 leads ? "yes" : "", member.peer_address(), member.client_address()});
}

bool IsListed(const v1::ListMembersResponse& response, std::uint64_t server_id) {
  for (const v1::Member& member : response.members()) {
    if (member.server_id() == server_id) return true;
  }
  return false;
}

}  // namespace

void PrintMembers(OutputFormat output, const v1::ListMembersResponse& response) {
  if (output == OutputFormat::kJson) {
    std::printf("%s\n", ToJson(response).c_str());
    return;
  }
  TextTable table({"SERVER", "ROLE", "LEADER", "PEER ADDRESS", "CLIENT ADDRESS"});
  for (const v1::Member& member : response.members()) {
    AddRow(response, member, member.leaving(), &table);
  }
  for (const v1::Member& member : response.old_members()) {
    if (!IsListed(response, member.server_id())) AddRow(response, member, true, &table);
  }
  std::fputs(table.ToString().c_str(), stdout);
  std::printf("configuration %s%s\n", absl::StrCat(response.config_index()).c_str(),
              response.settled() ? "" : ", changing");
}

std::string MemberRoleName(v1::MemberRole role) {
  switch (role) {
    case v1::MEMBER_ROLE_LEARNER:
      return "learner";
    case v1::MEMBER_ROLE_JOINING:
      return "joining";
    default:
      return "voter";
  }
}

}  // namespace raft::ctl
