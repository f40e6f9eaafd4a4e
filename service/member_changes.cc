#include "service/member_changes.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/address.h"

namespace raft {
namespace {

using grpc::StatusCode;
using Problem = std::optional<ServiceError>;

template <typename... Parts>
ServiceError Error(StatusCode code, const char* reason, const Parts&... parts) {
  return {.code = code, .reason = reason, .message = absl::StrCat(parts...)};
}

template <typename... Parts>
ServiceError Precondition(const char* reason, const Parts&... parts) {
  return Error(StatusCode::FAILED_PRECONDITION, reason, parts...);
}

ServiceError UnknownMember(ServerId server) {
  return Error(StatusCode::NOT_FOUND, "UNKNOWN_MEMBER", "server ", server.value(),
               " is no member of this cluster (raftctl members list)");
}

const Member* FindIn(const ClusterConfiguration& now, ServerId server) {
  for (const Member& member : now.members()) {
    if (member.server_id == server) return &member;
  }
  return nullptr;
}

// What is wrong with a member of a request, whoever the members are.
Problem JudgeForm(const v1::Member& member) {
  const auto invalid = [](const auto&... parts) {
    return Error(StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", parts...);
  };
  if (member.server_id() == 0) return invalid("a member needs an id above 0");
  const std::string name = absl::StrCat("server ", member.server_id());
  const absl::StatusOr<Address> address = ParseAddress(member.peer_address());
  if (!address.ok()) return invalid(name, ": ", address.status().message());
  if (address->is_wildcard() || address->port == 0) {
    return invalid(name, ": ", member.peer_address(), " is no address that others can reach");
  }
  if (member.peer_address().size() > ClusterConfiguration::kAddressBytesMax) {
    return invalid(name, ": its address is longer than ", ClusterConfiguration::kAddressBytesMax);
  }
  if (member.role() != v1::MEMBER_ROLE_VOTER && member.role() != v1::MEMBER_ROLE_LEARNER) {
    return invalid(name, ": role must be voter or learner");
  }
  if (member.incarnation() != 0 || member.leaving()) {
    return invalid(name, ": incarnation and leaving are not to be given");
  }
  return std::nullopt;
}

// A new voter is a learner first, until it keeps up.
Member Newcomer(const v1::Member& member) {
  return {.server_id = ServerId(member.server_id()),
          .incarnation = 0,
          .peer_address = member.peer_address(),
          .role = member.role() == v1::MEMBER_ROLE_LEARNER ? MemberRole::kLearner
                                                           : MemberRole::kJoining,
          .leaves = false};
}

// Whether some member of these, other than this one, is at this address.
Problem JudgeAddress(const std::vector<Member>& members, const v1::Member& wanted) {
  for (const Member& member : members) {
    if (member.server_id.value() == wanted.server_id()) continue;
    if (member.peer_address != wanted.peer_address()) continue;
    return Error(StatusCode::ALREADY_EXISTS, "ADDRESS_TAKEN", "server ", member.server_id.value(),
                 " is at ", wanted.peer_address(), "; two servers cannot share an address");
  }
  return std::nullopt;
}

MembersOrError Checked(std::vector<Member> members) {
  if (members.size() > ClusterConfiguration::kMembersMax) {
    return Precondition("TOO_MANY_MEMBERS", "a cluster has at most ",
                        ClusterConfiguration::kMembersMax, " members");
  }
  if (!ClusterConfiguration::IsSound(members)) {
    return Precondition("LAST_VOTER",
                        "the change would leave the cluster without a voter, and so without a "
                        "majority for ever");
  }
  return members;
}

// What a member that stays is to be from now on.
MembersOrError PlanToKeep(const Member& present, const v1::Member& wanted) {
  if (wanted.peer_address() != present.peer_address) {
    return Error(StatusCode::ALREADY_EXISTS, "MEMBER_EXISTS", "server ", wanted.server_id(),
                 " is a member at ", present.peer_address, ", not at ", wanted.peer_address(),
                 ". A server that moves announces its address itself; another server needs a new "
                 "id");
  }
  Member kept = present;
  kept.leaves = false;
  const bool is_voter = present.role == MemberRole::kVoter;
  kept.role = wanted.role() == v1::MEMBER_ROLE_LEARNER ? MemberRole::kLearner
              : is_voter                               ? MemberRole::kVoter
                                                       : MemberRole::kJoining;
  return std::vector<Member>{kept};
}

MembersOrError PlanOne(const ClusterConfiguration& now, const v1::Member& wanted) {
  if (Problem problem = JudgeForm(wanted)) return *std::move(problem);
  const Member* present = FindIn(now, ServerId(wanted.server_id()));
  if (present != nullptr) return PlanToKeep(*present, wanted);
  if (Problem problem = JudgeAddress(now.members(), wanted)) return *std::move(problem);
  return std::vector<Member>{Newcomer(wanted)};
}

// Adds those that go. Beside newcomers they stay until those are voters; only who is on its way in
// itself is given up at once, or the others would wait for it.
void AddThoseThatGo(const ClusterConfiguration& now, std::vector<Member>& members) {
  const bool anybody_joins = std::any_of(members.begin(), members.end(), [](const Member& member) {
    return member.role == MemberRole::kJoining;
  });
  if (!anybody_joins) return;
  std::set<ServerId> wanted;
  for (const Member& member : members) wanted.insert(member.server_id);
  for (Member member : now.members()) {
    if (wanted.contains(member.server_id) || member.role == MemberRole::kJoining) continue;
    member.leaves = true;
    members.push_back(std::move(member));
  }
}

bool IsSilence(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kDeadlineExceeded ||
         code == absl::StatusCode::kCancelled;
}

// Greeting it failed.
ServiceError NotGreeted(const Member& newcomer, const absl::Status& failure) {
  const std::string message(failure.message());
  const std::string who =
      absl::StrCat("server ", newcomer.server_id.value(), " at ", newcomer.peer_address);
  if (IsSilence(failure.code())) {
    return Precondition("SERVER_UNREACHABLE", who, " does not answer (", message,
                        "): start it with an empty data directory and --join, then add it");
  }
  if (failure.code() != absl::StatusCode::kFailedPrecondition) {
    return Precondition("NOT_GREETED", who, ": something answers there, but not as a server that ",
                        "is greeted (", absl::StatusCodeToString(failure.code()), ": ", message,
                        "); check that this is its peer address, and its version");
  }
  for (const char* reason : {"OTHER_CLUSTER", "PROTOCOL_VERSION"}) {
    if (!absl::StartsWith(message, reason)) continue;
    return Precondition(reason, who, " does not take the greeting: ", message);
  }
  return Precondition("OTHER_SERVER", who, " does not take the greeting: ", message);
}

}  // namespace

MembersOrError PlanAddition(const ClusterConfiguration& now, const v1::Member& member) {
  if (Problem problem = JudgeForm(member)) return *std::move(problem);
  if (const Member* present = FindIn(now, ServerId(member.server_id()))) {
    return Error(StatusCode::ALREADY_EXISTS, "MEMBER_EXISTS", "server ", member.server_id(),
                 " is a member already, at ", present->peer_address,
                 "; a new server needs an id of its own");
  }
  if (Problem problem = JudgeAddress(now.members(), member)) return *std::move(problem);
  std::vector<Member> members = now.members();
  members.push_back(Newcomer(member));
  return Checked(std::move(members));
}

MembersOrError PlanPromotion(const ClusterConfiguration& now, ServerId server) {
  const Member* present = FindIn(now, server);
  if (present == nullptr) return UnknownMember(server);
  if (present->role == MemberRole::kVoter) {
    return Precondition("ALREADY_VOTER", "server ", server.value(), " is a voter already");
  }
  if (present->role == MemberRole::kJoining) {
    return Precondition("ALREADY_JOINING", "server ", server.value(),
                        " is on its way: it becomes a voter by itself when it keeps up");
  }
  std::vector<Member> members = now.members();
  for (Member& member : members) {
    if (member.server_id == server) member.role = MemberRole::kVoter;
  }
  return Checked(std::move(members));
}

MembersOrError PlanRemoval(const ClusterConfiguration& now, ServerId server) {
  if (FindIn(now, server) == nullptr) return UnknownMember(server);
  std::vector<Member> members = now.members();
  std::erase_if(members, [server](const Member& member) { return member.server_id == server; });
  const bool somebody_joins = std::any_of(members.begin(), members.end(), [](const Member& member) {
    return member.role == MemberRole::kJoining;
  });
  // Nobody comes in their place any more: a replacement that is called off removes nobody.
  for (Member& member : members) member.leaves = member.leaves && somebody_joins;
  return Checked(std::move(members));
}

MembersOrError PlanReplacement(const ClusterConfiguration& now,
                               const google::protobuf::RepeatedPtrField<v1::Member>& wanted) {
  std::vector<Member> members;
  std::set<std::uint64_t> ids;
  std::set<std::string> addresses;
  for (const v1::Member& member : wanted) {
    MembersOrError one = PlanOne(now, member);
    if (std::holds_alternative<ServiceError>(one)) return one;
    if (!ids.insert(member.server_id()).second || !addresses.insert(member.peer_address()).second) {
      return Error(StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "server ", member.server_id(),
                   " or its address ", member.peer_address(), " is named twice");
    }
    members.push_back(std::get<std::vector<Member>>(one).front());
  }
  AddThoseThatGo(now, members);
  return Checked(std::move(members));
}

std::optional<ServiceError> JudgeNewcomer(const Member& newcomer,
                                          const absl::StatusOr<Greeting>& greeting,
                                          const ClusterId& cluster) {
  if (!greeting.ok()) return NotGreeted(newcomer, greeting.status());
  const std::string who =
      absl::StrCat("server ", newcomer.server_id.value(), " at ", newcomer.peer_address);
  if (greeting->from != newcomer.server_id) {
    return Precondition("OTHER_SERVER", "server ", greeting->from.value(), " answers at ",
                        newcomer.peer_address, "; check id and address");
  }
  if (!greeting->is_forming() && greeting->founding->cluster_id != cluster) {
    return Precondition("OTHER_CLUSTER", who, " belongs to cluster ",
                        FormatClusterId(greeting->founding->cluster_id), ", this is ",
                        FormatClusterId(cluster));
  }
  if (!greeting->is_forming()) {
    return Precondition(
        "DIRECTORY_USED", who,
        " belongs to this cluster already: it was a member before, or adding it was "
        "cut short. A data directory is used once: empty it and start the server "
        "with --join");
  }
  if (greeting->initial_members_hash != 0) {
    return Precondition("NOT_WAITING", who,
                        " is forming a new cluster (--initial-members); start it with --join "
                        "instead");
  }
  if (greeting->peer_address != newcomer.peer_address) {
    return Precondition("ADDRESS_DIFFERS", who, " tells its peers that it is at ",
                        greeting->peer_address,
                        " (--advertise-peer-address): add it under that address");
  }
  return std::nullopt;
}

}  // namespace raft
