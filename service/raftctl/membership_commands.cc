#include "service/raftctl/membership_commands.h"

#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "raft/v1/cluster_service.pb.h"
#include "service/raftctl/conversation.h"
#include "service/raftctl/json.h"
#include "service/raftctl/members_view.h"
#include "service/raftctl/progress.h"

namespace raft::ctl {
namespace {

constexpr char kGetStatus[] = "/raft.v1.ClusterService/GetStatus";
constexpr char kListMembers[] = "/raft.v1.ClusterService/ListMembers";
constexpr char kAddMember[] = "/raft.v1.ClusterService/AddMember";
constexpr char kPromoteMember[] = "/raft.v1.ClusterService/PromoteMember";
constexpr char kRemoveMember[] = "/raft.v1.ClusterService/RemoveMember";
constexpr char kReplaceMembers[] = "/raft.v1.ClusterService/ReplaceMembers";
constexpr char kTransferLeadership[] = "/raft.v1.ClusterService/TransferLeadership";
constexpr std::chrono::milliseconds kLookInterval{100};

void Describe(const MemberWord& word, bool learner, v1::Member* member) {
  member->set_server_id(word.server_id);
  member->set_peer_address(word.peer_address);
  member->set_role(learner ? v1::MEMBER_ROLE_LEARNER : v1::MEMBER_ROLE_VOTER);
}

// What the change waits for, as the leader sees it.
std::string DescribeWait(const v1::GetStatusResponse& status) {
  std::string text;
  for (const v1::Member& member : status.members()) {
    if (member.role() != v1::MEMBER_ROLE_JOINING) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", "server ", member.server_id());
    for (const v1::PeerProgress& peer : status.peers()) {
      if (peer.server_id() != member.server_id()) continue;
      absl::StrAppend(&text, " (", WithThousands(peer.lag_entries()), " entries behind)");
    }
  }
  return text.empty() ? "waiting for the last step of the change" : "waiting for " + text;
}

// Looks until the change that brought configuration `config_index` leads nowhere any more.
int WaitUntilSettled(const GlobalOptions& global, Conversation* conversation,
                     std::uint64_t config_index, v1::ListMembersResponse* members) {
  std::string said;
  for (;;) {
    int code = conversation->Read("looking at the change", kListMembers, v1::ListMembersRequest(),
                                  members);
    if (code != kExitOk) return code;
    if (members->config_index() >= config_index && members->settled()) return kExitOk;
    v1::GetStatusResponse status;
    code = conversation->Read("looking at the change", kGetStatus, v1::GetStatusRequest(), &status);
    if (code != kExitOk) return code;
    const std::string now = DescribeWait(status);
    if (now != said && global.output == OutputFormat::kTable) {
      std::fprintf(stderr, "%s\n", now.c_str());
      said = now;
    }
    if (!conversation->Wait(kLookInterval)) {
      return Fail({kExitInterrupted, "interrupted; the change goes on without raftctl"});
    }
  }
}

// Requires: Response has a config_index.
template <typename Request, typename Response>
int Change(const GlobalOptions& global, const char* what, const char* method, Request request,
           Response response, const MembershipOptions& options) {
  if (options.expected) request.set_expected_config_index(*options.expected);
  Conversation conversation(global);
  int code = conversation.Change(what, method, request, &response);
  if (code != kExitOk) return code;
  if (options.no_wait) {
    std::printf("%s\n", global.output == OutputFormat::kJson
                            ? ToJson(response).c_str()
                            : absl::StrCat("configuration ", response.config_index()).c_str());
    return kExitOk;
  }
  v1::ListMembersResponse members;
  code = WaitUntilSettled(global, &conversation, response.config_index(), &members);
  if (code != kExitOk) return code;
  PrintMembers(global.output, members);
  return kExitOk;
}

}  // namespace

std::string ParseMember(const std::string& word, MemberWord* member) {
  const size_t equals = word.find('=');
  std::uint64_t id = 0;
  if (equals == std::string::npos || !absl::SimpleAtoi(word.substr(0, equals), &id) || id == 0) {
    return absl::StrCat("\"", word, "\" is no member like 4=host:7001 (id=peer address)");
  }
  *member = {.server_id = id, .peer_address = word.substr(equals + 1)};
  return "";
}

int RunMembersAdd(const GlobalOptions& global, const MembershipOptions& options) {
  v1::AddMemberRequest request;
  Describe(options.members.front(), options.learner, request.mutable_member());
  return Change(global, "members add", kAddMember, request, v1::AddMemberResponse(), options);
}

int RunMembersPromote(const GlobalOptions& global, const MembershipOptions& options) {
  v1::PromoteMemberRequest request;
  request.set_server_id(options.server_id);
  return Change(global, "members promote", kPromoteMember, request, v1::PromoteMemberResponse(),
                options);
}

int RunMembersRemove(const GlobalOptions& global, const MembershipOptions& options) {
  v1::RemoveMemberRequest request;
  request.set_server_id(options.server_id);
  return Change(global, "members remove", kRemoveMember, request, v1::RemoveMemberResponse(),
                options);
}

int RunMembersReplace(const GlobalOptions& global, const MembershipOptions& options) {
  v1::ReplaceMembersRequest request;
  for (const MemberWord& word : options.members) Describe(word, false, request.add_members());
  return Change(global, "members replace", kReplaceMembers, request, v1::ReplaceMembersResponse(),
                options);
}

int RunLeaderTransfer(const GlobalOptions& global, std::uint64_t target) {
  v1::TransferLeadershipRequest request;
  request.set_target_server_id(target);
  v1::TransferLeadershipResponse response;
  const int code =
      Conversation(global).Change("leader transfer", kTransferLeadership, request, &response);
  if (code != kExitOk) return code;
  if (global.output == OutputFormat::kJson) {
    std::printf("%s\n", ToJson(response).c_str());
  } else {
    std::printf("server %s leads (term %s)\n", absl::StrCat(response.header().leader_id()).c_str(),
                absl::StrCat(response.header().term()).c_str());
  }
  return kExitOk;
}

}  // namespace raft::ctl
