#include "tests/simulation/operator.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPart = 8;
constexpr std::uint32_t kTransferPerThousand = 250;
constexpr std::uint32_t kLearnerPerThousand = 250;

bool Lists(const std::vector<Member>& members, ServerId id) {
  return std::any_of(members.begin(), members.end(),
                     [id](const Member& member) { return member.server_id == id; });
}

}  // namespace

Operator::Operator(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Story& story,
                   std::vector<std::unique_ptr<SimulatedServer>>& servers)
    : plan_(plan), time_(time), story_(story), servers_(servers), dice_(seed, kPart) {}

void Operator::Begin() {
  if (!plan_.has_operator) return;
  is_at_work_ = true;
  Act();
}

void Operator::Act() {
  time_.After(dice_.About(plan_.change_gap_mean), [this] {
    if (!is_at_work_) return;
    if (SimulatedServer* leader = SomeLeader()) {
      if (dice_.Chance(kTransferPerThousand)) {
        leader->Transfer(dice_.Coin() ? std::optional(AnyServer()) : std::nullopt);
      } else {
        ChangeMembers(*leader);
      }
    }
    Act();
  });
}

SimulatedServer* Operator::SomeLeader() {
  std::vector<SimulatedServer*> leaders;
  for (const auto& server : servers_) {
    if (server->is_up() && server->status().role == RoleName::kLeader) {
      leaders.push_back(server.get());
    }
  }
  return leaders.empty() ? nullptr : dice_.OneOf(leaders);
}

bool Operator::TakeOutTheLost() {
  SimulatedServer* leader = SomeLeader();
  if (leader == nullptr) return false;
  const RaftStatus status = leader->status();
  const ClusterConfiguration now = *status.configuration;
  if (now.is_joint() || status.configuration_index > status.commit_index) return false;
  if (auto members = WithoutTheLost(now)) {
    leader->ChangeMembers(*std::move(members), std::nullopt);
    return false;
  }
  const std::vector<Member> members = now.AllMembers();
  return std::all_of(members.begin(), members.end(), [this](const Member& member) {
    const SimulatedServer& server = *servers_.at(member.server_id.value() - 1);
    if (!server.is_up()) return false;
    const ClusterConfiguration known = *server.status().configuration;
    return !known.is_joint() && !WithoutTheLost(known);
  });
}

std::optional<std::vector<Member>> Operator::WithoutTheLost(const ClusterConfiguration& now) const {
  std::vector<Member> members = now.members();
  const auto is_lost = [&](const Member& member) {
    return servers_.at(member.server_id.value() - 1)->IsLostIn(now);
  };
  if (std::erase_if(members, is_lost) == 0) return std::nullopt;
  return members;
}

Member Operator::NewMember(ServerId id, MemberRole role) const {
  return {.server_id = id,
          .incarnation = servers_.at(id.value() - 1)->machine().incarnation(),
          .peer_address = "simulated:" + std::to_string(id.value()),
          .role = role};
}

void Operator::ChangeMembers(SimulatedServer& leader) {
  const RaftStatus status = leader.status();
  // Whoever is careful changes nothing else while somebody is lost.
  std::optional<std::vector<Member>> kept = WithoutTheLost(*status.configuration);
  std::vector<Member> members = kept ? *std::move(kept) : DrawMembers(*status.configuration);
  if (!ClusterConfiguration::IsSound(members)) return;
  std::optional<LogIndex> expected;
  if (dice_.Coin()) expected = status.configuration_index;
  story_.Tell([&] {
    return "the operator asks " + NameOf(leader.id()) + " for\n" +
           ClusterConfiguration(members).Encode();
  });
  leader.ChangeMembers(std::move(members), expected);
}

std::vector<Member> Operator::DrawMembers(const ClusterConfiguration& now) {
  std::vector<Member> members = now.members();
  switch (dice_.Between(0, 6)) {
    case 0:
    case 1:
      Add(members);
      break;
    case 2:
      members.erase(members.begin() +
                    dice_.Between(0, static_cast<std::uint32_t>(members.size() - 1)));
      break;
    case 3:
      Add(members);
      dice_.OneOf(members).leaves = true;
      break;
    case 4:
      for (Member& member : members) {
        if (member.role == MemberRole::kLearner) member.role = MemberRole::kJoining;
      }
      break;
    case 5:  // Calls off what waits.
      std::erase_if(members,
                    [](const Member& member) { return member.role == MemberRole::kJoining; });
      for (Member& member : members) member.leaves = false;
      break;
    default:
      return DrawWholeSet(now);
  }
  return members;
}

// Whoever is wanted and does not vote joins; whoever votes and is not wanted leaves then.
std::vector<Member> Operator::DrawWholeSet(const ClusterConfiguration& now) {
  std::vector<Member> members;
  bool somebody_joins = false;
  for (const auto& server : servers_) {
    if (dice_.Coin() || Lists(now.members(), server->id())) continue;
    members.push_back(NewMember(server->id(), MemberRole::kJoining));
    somebody_joins = true;
  }
  for (Member member : now.members()) {
    member.leaves = member.role == MemberRole::kVoter && somebody_joins && dice_.Coin();
    if (somebody_joins || dice_.Coin()) members.push_back(member);
  }
  return members;
}

void Operator::Add(std::vector<Member>& members) {
  const ServerId id = AnyServer();
  if (Lists(members, id)) return;
  const bool learns = dice_.Chance(kLearnerPerThousand);
  members.push_back(NewMember(id, learns ? MemberRole::kLearner : MemberRole::kJoining));
}

ServerId Operator::AnyServer() { return dice_.OneOf(servers_)->id(); }

}  // namespace raft::simulation
