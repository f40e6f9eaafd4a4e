#include "core/cluster_configuration.h"

#include <charconv>
#include <utility>

#include "core/check.h"

namespace raft {
namespace {

constexpr std::string_view kFormat = "raft configuration 1";
constexpr std::string_view kNoAddress = "-";

bool IsById(const Member& a, const Member& b) { return a.server_id < b.server_id; }

std::vector<Member> SortedById(std::vector<Member> members) {
  std::sort(members.begin(), members.end(), IsById);
  return members;
}

std::vector<Member> VotersOnly(const std::vector<ServerId>& voters) {
  std::vector<Member> members;
  for (const ServerId voter : voters) {
    members.push_back({.server_id = voter, .incarnation = 0, .peer_address = {}});
  }
  return members;
}

const Member* FindIn(const std::vector<Member>& members, ServerId server) {
  const auto found =
      std::lower_bound(members.begin(), members.end(), server,
                       [](const Member& member, ServerId id) { return member.server_id < id; });
  return found != members.end() && found->server_id == server ? &*found : nullptr;
}

bool IsVoterIn(const std::vector<Member>& members, ServerId server) {
  const Member* member = FindIn(members, server);
  return member != nullptr && member->role == MemberRole::kVoter;
}

std::size_t CountVoters(const std::vector<Member>& members) {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(),
                    [](const Member& member) { return member.role == MemberRole::kVoter; }));
}

bool IsMajorityOf(const std::vector<Member>& members, const std::set<ServerId>& servers) {
  std::size_t found = 0;
  for (const Member& member : members) {
    if (member.role == MemberRole::kVoter && servers.contains(member.server_id)) ++found;
  }
  return found > CountVoters(members) / 2;
}

// Configurations of tests name no lives.
bool IsOfLife(const Member& member, std::uint64_t incarnation) {
  return incarnation == 0 || member.incarnation == 0 || member.incarnation == incarnation;
}

bool IsSoundAddress(std::string_view address) {
  return address.size() <= ClusterConfiguration::kAddressBytesMax &&
         std::all_of(address.begin(), address.end(),
                     [](char letter) { return letter > ' ' && letter <= '~'; });
}

std::optional<MemberRole> RoleOf(std::string_view word) {
  for (const MemberRole role : {MemberRole::kVoter, MemberRole::kLearner, MemberRole::kJoining}) {
    if (ToString(role) == word) return role;
  }
  return std::nullopt;
}

void EncodeSet(std::string_view set, const std::vector<Member>& members, std::string& text) {
  for (const Member& member : members) {
    text.append(set).append(member.leaves ? " leaving " : " staying ");
    text.append(ToString(member.role)).append(" ");
    text.append(std::to_string(member.server_id.value())).append(" ");
    text.append(std::to_string(member.incarnation)).append(" ");
    text.append(member.peer_address.empty() ? kNoAddress : member.peer_address).append("\n");
  }
}

// Takes what stands before `separator`, which must be there.
std::optional<std::string_view> TakeUntil(char separator, std::string_view& rest) {
  const std::size_t end = rest.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return taken;
}

std::optional<std::uint64_t> NumberIn(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_whole = error == std::errc() && end == word.data() + word.size();
  // One number has one form, so that equal configurations are equal bytes.
  if (!is_whole || std::to_string(number) != word) return std::nullopt;
  return number;
}

// What follows the name of the set in one line.
std::optional<Member> DecodeMember(std::string_view line) {
  const auto stay = TakeUntil(' ', line);
  if (!stay || (*stay != "leaving" && *stay != "staying")) return std::nullopt;
  const auto role_word = TakeUntil(' ', line);
  const auto role = role_word ? RoleOf(*role_word) : std::nullopt;
  const auto id_word = TakeUntil(' ', line);
  const auto id = id_word ? NumberIn(*id_word) : std::nullopt;
  const auto incarnation_word = TakeUntil(' ', line);
  const auto incarnation = incarnation_word ? NumberIn(*incarnation_word) : std::nullopt;
  if (!role || !id || !incarnation || line.empty()) return std::nullopt;
  return Member{.server_id = ServerId(*id),
                .incarnation = *incarnation,
                .peer_address = line == kNoAddress ? std::string() : std::string(line),
                .role = *role,
                .leaves = *stay == "leaving"};
}

}  // namespace

const char* ToString(MemberRole role) {
  switch (role) {
    case MemberRole::kVoter:
      return "voter";
    case MemberRole::kLearner:
      return "learner";
    case MemberRole::kJoining:
      return "joining";
  }
  return "";
}

ClusterConfiguration::ClusterConfiguration(const std::vector<ServerId>& voters)
    : ClusterConfiguration(VotersOnly(voters)) {}

ClusterConfiguration::ClusterConfiguration(std::vector<Member> members)
    : members_(SortedById(std::move(members))) {
  RAFT_CHECK(IsSound(members_), "a cluster has at least one voter, and lists each member once");
}

ClusterConfiguration::ClusterConfiguration(const ClusterConfiguration& before,
                                           std::vector<Member> after)
    : members_(SortedById(std::move(after))), old_members_(before.members_) {
  RAFT_CHECK(!before.is_joint(), "one change is finished before the next begins (trap D5)");
  RAFT_CHECK(IsSound(members_), "a cluster has at least one voter, and lists each member once");
}

bool ClusterConfiguration::IsSound(const std::vector<Member>& members) {
  if (members.size() > kMembersMax) return false;
  std::set<ServerId> ids{ServerId(0)};
  bool has_voter = false;
  for (const Member& member : members) {
    if (!ids.insert(member.server_id).second) return false;
    if (!IsSoundAddress(member.peer_address)) return false;
    has_voter |= member.role != MemberRole::kLearner && !member.leaves;
  }
  return has_voter && CountVoters(members) > 0;
}

const Member* ClusterConfiguration::Find(ServerId server) const {
  const Member* member = FindIn(members_, server);
  return member != nullptr ? member : FindIn(old_members_, server);
}

bool ClusterConfiguration::IsVoter(ServerId server) const {
  return IsVoterIn(members_, server) || IsVoterIn(old_members_, server);
}

bool ClusterConfiguration::Lists(ServerId server, std::uint64_t incarnation) const {
  const auto is_it = [&](const Member& member) {
    return member.server_id == server && IsOfLife(member, incarnation);
  };
  return std::any_of(members_.begin(), members_.end(), is_it) ||
         std::any_of(old_members_.begin(), old_members_.end(), is_it);
}

bool ClusterConfiguration::IsVoterInLife(ServerId server, std::uint64_t incarnation) const {
  const auto is_it = [&](const Member& member) {
    return member.server_id == server && member.role == MemberRole::kVoter &&
           IsOfLife(member, incarnation);
  };
  return std::any_of(members_.begin(), members_.end(), is_it) ||
         std::any_of(old_members_.begin(), old_members_.end(), is_it);
}

std::vector<ServerId> ClusterConfiguration::voters() const {
  std::vector<ServerId> voters;
  for (const Member& member : AllMembers()) {
    if (IsVoter(member.server_id)) voters.push_back(member.server_id);
  }
  return voters;
}

std::vector<ServerId> ClusterConfiguration::PeersOf(ServerId self) const {
  std::vector<ServerId> peers;
  for (const Member& member : AllMembers()) {
    if (member.server_id != self) peers.push_back(member.server_id);
  }
  return peers;
}

std::vector<Member> ClusterConfiguration::AllMembers() const {
  std::vector<Member> all = members_;
  for (const Member& member : old_members_) {
    if (FindIn(members_, member.server_id) == nullptr) all.push_back(member);
  }
  return SortedById(std::move(all));
}

std::size_t ClusterConfiguration::majority() const {
  RAFT_CHECK(!is_joint(), "a joint configuration has two majorities (§6)");
  return CountVoters(members_) / 2 + 1;
}

bool ClusterConfiguration::IsMajority(const std::set<ServerId>& servers) const {
  if (!IsMajorityOf(members_, servers)) return false;
  return !is_joint() || IsMajorityOf(old_members_, servers);
}

bool ClusterConfiguration::HasJoining() const {
  return std::any_of(members_.begin(), members_.end(), [](const Member& member) {
    return member.role == MemberRole::kJoining || member.leaves;
  });
}

std::vector<Member> ClusterConfiguration::MembersAfterJoining() const {
  std::vector<Member> after;
  for (const Member& member : members_) {
    if (member.leaves) continue;
    after.push_back(member);
    if (member.role == MemberRole::kJoining) after.back().role = MemberRole::kVoter;
  }
  return after;
}

std::string ClusterConfiguration::Encode() const {
  std::string text(kFormat);
  text.append("\n");
  EncodeSet("old", old_members_, text);
  EncodeSet("member", members_, text);
  return text;
}

std::optional<ClusterConfiguration> ClusterConfiguration::Decode(std::string_view text) {
  if (TakeUntil('\n', text) != kFormat) return std::nullopt;
  std::vector<Member> members;
  std::vector<Member> old_members;
  while (!text.empty()) {
    std::optional<std::string_view> line = TakeUntil('\n', text);
    if (!line) return std::nullopt;
    const auto set = TakeUntil(' ', *line);
    const auto member = DecodeMember(*line);
    if (!set || !member || (*set != "old" && *set != "member")) return std::nullopt;
    // Rising, and the old set first: one configuration has one form.
    std::vector<Member>& into = *set == "old" ? old_members : members;
    if (*set == "old" && !members.empty()) return std::nullopt;
    if (!into.empty() && !IsById(into.back(), *member)) return std::nullopt;
    into.push_back(*member);
  }
  if (!IsSound(members)) return std::nullopt;
  if (old_members.empty()) return ClusterConfiguration(std::move(members));
  if (!IsSound(old_members)) return std::nullopt;
  return ClusterConfiguration(ClusterConfiguration(std::move(old_members)), std::move(members));
}

}  // namespace raft
