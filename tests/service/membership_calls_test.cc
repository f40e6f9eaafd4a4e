// Changes of members and hand-overs as an operator calls them, through gRPC against a server in the
// process: what is refused at the door, by the newcomer, and by the core.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>

#include "service/hand_over_call.h"
#include "tests/service/served_server.h"

namespace raft {
namespace {

using Stub = v1::ClusterService::Stub;

void AddUnknownField(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(1000, 1);
}

class MembershipCallsTest : public testing::Test {
 protected:
  MembershipCallsTest() { server_.Lead(); }

  // The reason of the refusal, which did nothing; "OK" otherwise.
  template <typename Request, typename Response>
  std::string Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response* response) {
    grpc::ClientContext context;
    const grpc::Status status = (server_.cluster_stub.get()->*method)(&context, request, response);
    return status.ok() ? "OK" : ReasonOf(status);
  }
  std::string Add(std::uint64_t id, const std::string& address,
                  std::optional<std::uint64_t> expected_index = std::nullopt) {
    v1::AddMemberRequest request;
    request.mutable_member()->set_server_id(id);
    request.mutable_member()->set_peer_address(address);
    request.mutable_member()->set_role(v1::MEMBER_ROLE_VOTER);
    if (expected_index) request.set_expected_config_index(*expected_index);
    v1::AddMemberResponse response;
    return Ask(&Stub::AddMember, request, &response);
  }
  std::string Remove(std::uint64_t id) {
    v1::RemoveMemberRequest request;
    request.set_server_id(id);
    v1::RemoveMemberResponse response;
    return Ask(&Stub::RemoveMember, request, &response);
  }
  std::string Transfer(std::uint64_t target) {
    v1::TransferLeadershipRequest request;
    request.set_target_server_id(target);
    v1::TransferLeadershipResponse response;
    return Ask(&Stub::TransferLeadership, request, &response);
  }

  ServedServer server_{1};
};

TEST_F(MembershipCallsTest, AServerThatDoesNotAnswerIsNotAdded) {
  EXPECT_EQ(Add(4, "127.0.0.1:1"), "ADDRESS_TAKEN") << "server 1 is there";
  EXPECT_EQ(Add(4, "127.0.0.1:9"), "SERVER_UNREACHABLE");
  grpc::ClientContext context;
  v1::ListMembersResponse members;
  ASSERT_TRUE(server_.cluster_stub->ListMembers(&context, {}, &members).ok());
  EXPECT_EQ(members.members_size(), 1);
  EXPECT_EQ(members.config_index(), 0u);
  EXPECT_TRUE(members.settled());
}

TEST_F(MembershipCallsTest, AStaleOperatorIsRefusedBeforeAnythingElse) {
  EXPECT_EQ(Add(4, "127.0.0.1:9", /*expected_index=*/17), "CONFIG_MOVED");
  EXPECT_EQ(Add(4, "127.0.0.1:9", /*expected_index=*/0), "SERVER_UNREACHABLE")
      << "the founding configuration is in force";
}

TEST_F(MembershipCallsTest, TheLastVoterAndStrangersAreNotRemoved) {
  EXPECT_EQ(Remove(1), "LAST_VOTER");
  EXPECT_EQ(Remove(2), "UNKNOWN_MEMBER");
}

TEST_F(MembershipCallsTest, WhatIsNoLearnerIsNotPromoted) {
  v1::PromoteMemberRequest request;
  v1::PromoteMemberResponse response;
  request.set_server_id(1);
  EXPECT_EQ(Ask(&Stub::PromoteMember, request, &response), "ALREADY_VOTER");
  request.set_server_id(7);
  EXPECT_EQ(Ask(&Stub::PromoteMember, request, &response), "UNKNOWN_MEMBER");
}

TEST_F(MembershipCallsTest, AReplacementBySilenceIsRefused) {
  v1::ReplaceMembersRequest request;
  v1::ReplaceMembersResponse response;
  EXPECT_EQ(Ask(&Stub::ReplaceMembers, request, &response), "LAST_VOTER");
  v1::Member& member = *request.add_members();
  member.set_server_id(4);
  member.set_peer_address("127.0.0.1:9");
  member.set_role(v1::MEMBER_ROLE_VOTER);
  EXPECT_EQ(Ask(&Stub::ReplaceMembers, request, &response), "SERVER_UNREACHABLE");
}

TEST_F(MembershipCallsTest, LeadershipIsNotHandedToItselfNorToNobody) {
  EXPECT_EQ(Transfer(1), "TRANSFER_TO_SELF");
  EXPECT_EQ(Transfer(7), "TARGET_NOT_VOTER");
  EXPECT_EQ(Transfer(0), "TARGET_UNREACHABLE") << "there is nobody else";
}

// A field of a later version may be a condition; a change that ignored it would be another one.
TEST_F(MembershipCallsTest, FieldsThatAreNotUnderstoodAreRefused) {
  v1::TransferLeadershipRequest transfer;
  AddUnknownField(transfer);
  v1::TransferLeadershipResponse transferred;
  EXPECT_EQ(Ask(&Stub::TransferLeadership, transfer, &transferred), "NOT_SUPPORTED");
  v1::RemoveMemberRequest removal;
  AddUnknownField(removal);
  v1::RemoveMemberResponse removed;
  EXPECT_EQ(Ask(&Stub::RemoveMember, removal, &removed), "NOT_SUPPORTED");
  v1::AddMemberRequest addition;
  AddUnknownField(*addition.mutable_member());
  v1::AddMemberResponse added;
  EXPECT_EQ(Ask(&Stub::AddMember, addition, &added), "NOT_SUPPORTED");
  v1::ReplaceMembersRequest replacement;
  replacement.add_members();
  AddUnknownField(*replacement.add_members());
  v1::ReplaceMembersResponse replaced;
  EXPECT_EQ(Ask(&Stub::ReplaceMembers, replacement, &replaced), "NOT_SUPPORTED");
}

TEST_F(MembershipCallsTest, AHandOverThatNobodyAnswersEndsInTime) {
  std::promise<void> held;
  std::promise<void> go_on;
  server_.formed().apply.PushTask([&](KeyValueStore&) {
    held.set_value();
    go_on.get_future().wait();
  });
  held.get_future().wait();
  server_.running().HandOver(std::chrono::milliseconds(20));
  go_on.set_value();
}

TEST(HandOverCallTest, OnlyOneThatBeganAndCameToNothingIsWorthAnotherTry) {
  using Answer = HandOverCall::Answer;
  constexpr SteadyTime kPast;
  HandOverCall call;
  EXPECT_EQ(call.WaitUntil(kPast), std::nullopt);
  const auto end = [&call](TransferOutcome outcome) {
    call.OnTransferEnded(
        {.ticket = Ticket(1), .outcome = outcome, .leader = std::nullopt, .current_term = Term(1)});
  };
  end(TransferOutcome::kNothingCame);
  EXPECT_EQ(call.WaitUntil(kPast), Answer::kInVain);
  EXPECT_EQ(call.WaitUntil(kPast), std::nullopt) << "the next one is not answered yet";
  end(TransferOutcome::kDone);
  EXPECT_EQ(call.WaitUntil(kPast), Answer::kDone);
  call.OnRefused(Refusal{});
  EXPECT_EQ(call.WaitUntil(kPast), Answer::kDone);
}

TEST(MembershipCallsOnAFollowerTest, AreSentToTheLeaderOrToNobody) {
  ServedServer server(3);
  server.Form();
  grpc::ClientContext context;
  v1::RemoveMemberRequest request;
  request.set_server_id(2);
  v1::RemoveMemberResponse response;
  const grpc::Status status = server.cluster_stub->RemoveMember(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "NO_LEADER");
}

TEST(MembershipCallsWhileFormingTest, AreRefused) {
  ServedServer server(1);
  grpc::ClientContext context;
  v1::TransferLeadershipResponse response;
  const grpc::Status status = server.cluster_stub->TransferLeadership(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace raft
