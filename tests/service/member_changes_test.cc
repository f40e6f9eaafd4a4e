// What operators ask of the members: what is planned, and each way to be refused.
#include "service/member_changes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace raft {
namespace {

Member MemberOf(std::uint64_t id, MemberRole role = MemberRole::kVoter) {
  return {.server_id = ServerId(id),
          .incarnation = 100 + id,
          .peer_address = "h" + std::to_string(id) + ":1",
          .role = role};
}

// Voters 1, 2 and 3, learner 4, joining 5.
ClusterConfiguration Now() {
  return ClusterConfiguration({MemberOf(1), MemberOf(2), MemberOf(3),
                               MemberOf(4, MemberRole::kLearner),
                               MemberOf(5, MemberRole::kJoining)});
}

v1::Member Wanted(std::uint64_t id, const std::string& address,
                  v1::MemberRole role = v1::MEMBER_ROLE_VOTER) {
  v1::Member member;
  member.set_server_id(id);
  member.set_peer_address(address);
  member.set_role(role);
  return member;
}
v1::Member Kept(std::uint64_t id) { return Wanted(id, MemberOf(id).peer_address); }

std::string ReasonOf(const MembersOrError& planned) {
  const auto* error = std::get_if<ServiceError>(&planned);
  if (error == nullptr) return "planned";
  EXPECT_FALSE(error->message.empty());
  return error->reason;
}

std::vector<Member> MembersOf(const MembersOrError& planned) {
  EXPECT_EQ(ReasonOf(planned), "planned");
  return std::get<std::vector<Member>>(planned);
}

MembersOrError Replace(const ClusterConfiguration& now, const std::vector<v1::Member>& members) {
  v1::ReplaceMembersRequest request;
  for (const v1::Member& member : members) *request.add_members() = member;
  return PlanReplacement(now, request.members());
}

TEST(PlanAdditionTest, ANewVoterJoinsAndALearnerStaysOne) {
  std::vector<Member> members = MembersOf(PlanAddition(Now(), Wanted(9, "h9:1")));
  ASSERT_EQ(members.size(), 6u);
  EXPECT_EQ(members.back().role, MemberRole::kJoining);
  EXPECT_EQ(members.back().incarnation, 0u) << "it has to be greeted";
  members = MembersOf(PlanAddition(Now(), Wanted(9, "h9:1", v1::MEMBER_ROLE_LEARNER)));
  EXPECT_EQ(members.back().role, MemberRole::kLearner);
}

TEST(PlanAdditionTest, RefusesWhatIsThereAndWhatIsNoMember) {
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(2, "h9:1"))), "MEMBER_EXISTS");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(9, "h2:1"))), "ADDRESS_TAKEN");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(0, "h9:1"))), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(9, "h9"))), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(9, "0.0.0.0:1"))), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(9, "m\xc3\xa4rz:1"))), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(9, "h\x01:1"))), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), Wanted(9, "h9:1", v1::MEMBER_ROLE_JOINING))),
            "INVALID_REQUEST");
  v1::Member with_incarnation = Wanted(9, "h9:1");
  with_incarnation.set_incarnation(7);
  EXPECT_EQ(ReasonOf(PlanAddition(Now(), with_incarnation)), "INVALID_REQUEST");
}

TEST(PlanAdditionTest, RefusesMoreMembersThanAConfigurationHolds) {
  std::vector<Member> members;
  for (std::uint64_t id = 1; id <= ClusterConfiguration::kMembersMax; ++id) {
    members.push_back(MemberOf(id));
  }
  EXPECT_EQ(ReasonOf(PlanAddition(ClusterConfiguration(members), Wanted(900, "h900:1"))),
            "TOO_MANY_MEMBERS");
}

TEST(PlanPromotionTest, OnlyALearnerIsPromoted) {
  EXPECT_EQ(MembersOf(PlanPromotion(Now(), ServerId(4)))[3].role, MemberRole::kVoter);
  EXPECT_EQ(ReasonOf(PlanPromotion(Now(), ServerId(1))), "ALREADY_VOTER");
  EXPECT_EQ(ReasonOf(PlanPromotion(Now(), ServerId(5))), "ALREADY_JOINING");
  EXPECT_EQ(ReasonOf(PlanPromotion(Now(), ServerId(9))), "UNKNOWN_MEMBER");
}

TEST(PlanRemovalTest, AnybodyGoesButTheLastVoter) {
  EXPECT_EQ(MembersOf(PlanRemoval(Now(), ServerId(5))).size(), 4u);
  EXPECT_EQ(MembersOf(PlanRemoval(Now(), ServerId(1))).front().server_id, ServerId(2));
  EXPECT_EQ(ReasonOf(PlanRemoval(Now(), ServerId(9))), "UNKNOWN_MEMBER");
  const ClusterConfiguration one({MemberOf(1), MemberOf(4, MemberRole::kLearner)});
  EXPECT_EQ(ReasonOf(PlanRemoval(one, ServerId(1))), "LAST_VOTER");
}

TEST(PlanReplacementTest, ThoseThatGoStayUntilThoseThatComeAreVoters) {
  const std::vector<Member> members =
      MembersOf(Replace(Now(), {Wanted(7, "h7:1"), Wanted(8, "h8:1"), Kept(3)}));
  ASSERT_EQ(members.size(), 6u)
      << "7, 8 and 3, then 1, 2 and 4; 5 has not arrived, and goes at once";
  EXPECT_EQ(members[0].role, MemberRole::kJoining);
  EXPECT_FALSE(members[2].leaves);
  for (std::size_t place = 3; place < members.size(); ++place) {
    EXPECT_TRUE(members[place].leaves) << members[place].server_id.value();
  }
}

TEST(PlanReplacementTest, WhereNobodyComesThoseThatGoAreLeftOut) {
  const std::vector<Member> members = MembersOf(Replace(Now(), {Kept(1), Kept(2)}));
  EXPECT_EQ(members, (std::vector<Member>{MemberOf(1), MemberOf(2)}));
}

TEST(PlanReplacementTest, RolesAreThoseAskedFor) {
  const std::vector<Member> members = MembersOf(
      Replace(Now(), {Kept(1), Wanted(2, "h2:1", v1::MEMBER_ROLE_LEARNER), Kept(4), Kept(5)}));
  EXPECT_EQ(members[1].role, MemberRole::kLearner);
  EXPECT_EQ(members[2].role, MemberRole::kJoining) << "a learner keeps up first";
  EXPECT_EQ(members[3].role, MemberRole::kJoining);
}

TEST(PlanReplacementTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(ReasonOf(Replace(Now(), {})), "LAST_VOTER");
  EXPECT_EQ(ReasonOf(Replace(Now(), {Kept(1), Kept(1)})), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(Replace(Now(), {Wanted(8, "h:1"), Wanted(9, "h:1")})), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(Replace(Now(), {Wanted(1, "elsewhere:1")})), "MEMBER_EXISTS");
  EXPECT_EQ(ReasonOf(Replace(Now(), {Kept(2), Wanted(9, "h1:1")})), "ADDRESS_TAKEN");
}

// What server 9 at h9:1 says when it waits to be added.
Greeting WaitingNewcomer() {
  Greeting greeting;
  greeting.from = ServerId(9);
  greeting.incarnation = 109;
  greeting.peer_address = "h9:1";
  return greeting;
}

std::string Judged(const absl::StatusOr<Greeting>& greeting) {
  Member newcomer = MemberOf(9);
  const auto problem = JudgeNewcomer(newcomer, greeting, ClusterId(16, 'c'));
  return problem ? problem->reason : "welcome";
}

TEST(JudgeNewcomerTest, WelcomesAServerThatWaits) {
  EXPECT_EQ(Judged(WaitingNewcomer()), "welcome");
}

TEST(JudgeNewcomerTest, RefusesEverybodyElse) {
  Greeting other = WaitingNewcomer();
  other.from = ServerId(8);
  EXPECT_EQ(Judged(other), "OTHER_SERVER");
  Greeting forming = WaitingNewcomer();
  forming.initial_members_hash = 77;
  EXPECT_EQ(Judged(forming), "NOT_WAITING");
  Greeting used = WaitingNewcomer();
  used.founding = FoundingConfiguration{
      .cluster_id = ClusterId(16, 'c'), .log_time_ms = 1, .members = {{ServerId(1), "h1:1", 101}}};
  EXPECT_EQ(Judged(used), "DIRECTORY_USED");
  const std::string why = JudgeNewcomer(MemberOf(9), used, ClusterId(16, 'c'))->message;
  EXPECT_NE(why.find("member before, or adding it was cut short"), std::string::npos) << why;
  Greeting foreign = used;
  foreign.founding->cluster_id = ClusterId(16, 'x');
  EXPECT_EQ(Judged(foreign), "OTHER_CLUSTER");
  Greeting elsewhere = WaitingNewcomer();
  elsewhere.peer_address = "localhost:1";
  EXPECT_EQ(Judged(elsewhere), "ADDRESS_DIFFERS");
}

TEST(JudgeNewcomerTest, SaysWhyAGreetingFailed) {
  EXPECT_EQ(Judged(absl::UnavailableError("connection refused")), "SERVER_UNREACHABLE");
  EXPECT_EQ(Judged(absl::DeadlineExceededError("deadline")), "SERVER_UNREACHABLE");
  EXPECT_EQ(Judged(absl::FailedPreconditionError("NOT_ADDRESSEE: this is server 8")),
            "OTHER_SERVER");
  EXPECT_EQ(Judged(absl::FailedPreconditionError("OTHER_CLUSTER: message greets from another")),
            "OTHER_CLUSTER");
  EXPECT_EQ(Judged(absl::FailedPreconditionError("PROTOCOL_VERSION: server 1 speaks")),
            "PROTOCOL_VERSION");
  EXPECT_EQ(Judged(absl::UnimplementedError("")), "NOT_GREETED");
  EXPECT_EQ(Judged(absl::InvalidArgumentError("MALFORMED: greeting")), "NOT_GREETED");
}

}  // namespace
}  // namespace raft
