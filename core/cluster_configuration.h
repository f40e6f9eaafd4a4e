// Who the cluster is made of, and what a majority of them is (§5.1, §6).
//
// A configuration is *settled* (one set of members) or *joint* (two sets, on the way from one to
// the other: whatever needs a majority needs one of each). Incarnations and addresses are carried
// for the transport and never looked at. Immutable; written down as text that people can read in a
// log. Knows no progress, no time and no leader.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace raft {

enum class MemberRole : std::uint8_t {
  kVoter,    // counts for majorities
  kLearner,  // receives the log, counts for nothing
  kJoining,  // a learner that becomes a voter once it keeps up
};
// Lower-case words for configurations, metrics and pages: "voter".
const char* ToString(MemberRole role);

struct Member {
  ServerId server_id;
  std::uint64_t incarnation = 0;  // the life of its data directory
  std::string peer_address;       // a hint: where it was when this was written
  MemberRole role = MemberRole::kVoter;
  bool leaves = false;  // it goes when the joining members become voters

  friend bool operator==(const Member&, const Member&) = default;
};

class ClusterConfiguration {
 public:
  // Limits of what is decoded; nobody writes more.
  static constexpr std::size_t kMembersMax = 64;
  static constexpr std::size_t kAddressBytesMax = 256;

  ClusterConfiguration() = default;
  // Settled, of voters with neither incarnation nor address: for tests.
  explicit ClusterConfiguration(const std::vector<ServerId>& voters);
  // Settled. Requires: IsSound(members). Order does not matter.
  explicit ClusterConfiguration(std::vector<Member> members);
  // Joint: from `before`, which is settled, to `after`. Requires: IsSound(after).
  ClusterConfiguration(const ClusterConfiguration& before, std::vector<Member> after);

  // Whether a configuration can have these members: at least one voter that stays, ids not zero and
  // different, no more members and no longer addresses than above, addresses without spaces.
  static bool IsSound(const std::vector<Member>& members);

  bool is_joint() const { return !old_members_.empty(); }
  // The members, or those of the set that a joint configuration leads to; in rising order of id.
  const std::vector<Member>& members() const { return members_; }
  // The set that a joint configuration comes from; empty when settled.
  const std::vector<Member>& old_members() const { return old_members_; }

  // Null: no member. A joint configuration's new set is looked at first. Good while this lives.
  const Member* Find(ServerId server) const;
  // A voter of either set.
  bool IsVoter(ServerId server) const;
  // A member, or a voter, of either set, in this life of its data directory; 0: in any. Whoever
  // comes back with an empty disk is not the voter that it was (traps D10, D11).
  bool Lists(ServerId server, std::uint64_t incarnation) const;
  bool IsVoterInLife(ServerId server, std::uint64_t incarnation) const;
  // The voters of both sets, in rising order.
  std::vector<ServerId> voters() const;
  // All members of both sets other than `self`, in rising order.
  std::vector<ServerId> PeersOf(ServerId self) const;
  // All of them, each once, in rising order of id.
  std::vector<Member> AllMembers() const;

  // More than half of the voters: 1 of 1, 2 of 2, 2 of 3, 3 of 4, 3 of 5. Requires: settled.
  std::size_t majority() const;
  // Whether these servers are a majority: of each set, when joint.
  bool IsMajority(const std::set<ServerId>& servers) const;
  // The value that a majority has reached, given everybody's: the majority-th largest, and when
  // joint the lesser of both sets'. `value_of` is called with the id of each voter.
  template <typename ValueOf>
  auto ReachedByMajority(ValueOf value_of) const;

  // Whether somebody waits to become a voter, or to leave.
  bool HasJoining() const;
  // The members after those that join have become voters and those that leave have left.
  std::vector<Member> MembersAfterJoining() const;

  // One line per member, after a line that names the format.
  std::string Encode() const;
  // None: nothing that Encode has written. Never fails in any other way, whatever the bytes.
  static std::optional<ClusterConfiguration> Decode(std::string_view text);

  friend bool operator==(const ClusterConfiguration&, const ClusterConfiguration&) = default;

 private:
  template <typename ValueOf>
  static auto ReachedBySet(const std::vector<Member>& members, ValueOf value_of);

  std::vector<Member> members_;
  std::vector<Member> old_members_;
};

// A configuration and the log index of the entry that brought it; 0: the founding one.
struct IndexedConfiguration {
  LogIndex index;
  ClusterConfiguration configuration;

  friend bool operator==(const IndexedConfiguration&, const IndexedConfiguration&) = default;
};

template <typename ValueOf>
auto ClusterConfiguration::ReachedByMajority(ValueOf value_of) const {
  const auto reached = ReachedBySet(members_, value_of);
  return is_joint() ? std::min(reached, ReachedBySet(old_members_, value_of)) : reached;
}

template <typename ValueOf>
auto ClusterConfiguration::ReachedBySet(const std::vector<Member>& members, ValueOf value_of) {
  std::vector<decltype(value_of(ServerId()))> values;
  for (const Member& member : members) {
    if (member.role == MemberRole::kVoter) values.push_back(value_of(member.server_id));
  }
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), nth, values.end(), std::greater<>());
  return *nth;
}

}  // namespace raft
