// GetStatus and ListMembers as an operator sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/service/served_server.h"

namespace raft {
namespace {

using testing::Contains;
using testing::HasSubstr;

v1::GetStatusResponse Status(ServedServer& server, bool verify_digest = false) {
  grpc::ClientContext context;
  v1::GetStatusRequest request;
  request.set_verify_digest(verify_digest);
  v1::GetStatusResponse response;
  const grpc::Status status = server.cluster_stub->GetStatus(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

TEST(ClusterServiceTest, SaysWhatAFormingServerWaitsFor) {
  ServedServer server(1);
  const v1::GetStatusResponse status = Status(server);
  EXPECT_EQ(status.forming(), "waiting for server 2 at h2:7001");
  EXPECT_EQ(status.role(), v1::SERVER_ROLE_UNSPECIFIED);
  EXPECT_EQ(status.header().server_id(), 1u);
  grpc::ClientContext context;
  v1::ListMembersResponse members;
  EXPECT_EQ(ReasonOf(server.cluster_stub->ListMembers(&context, {}, &members)), "NO_LEADER");
}

TEST(ClusterServiceTest, DescribesALeaderAndItsState) {
  ServedServer server(1);
  server.Lead();
  grpc::ClientContext context;
  v1::ProposeRequest put;
  put.mutable_command()->mutable_put()->set_key("k");
  v1::ProposeResponse proposed;
  ASSERT_TRUE(server.consensus_stub->Propose(&context, put, &proposed).ok());

  const v1::GetStatusResponse status = Status(server, /*verify_digest=*/true);
  EXPECT_EQ(status.role(), v1::SERVER_ROLE_LEADER);
  EXPECT_EQ(status.header().applied_index(), proposed.index());
  EXPECT_GE(status.commit_index(), proposed.index());
  EXPECT_GE(status.last_log_index(), status.commit_index());
  EXPECT_EQ(status.key_count(), 1u);
  EXPECT_EQ(status.state_digest().size(), 32u);
  EXPECT_EQ(status.verified_state_digest(), status.state_digest());
  EXPECT_EQ(status.leader_client_address(), "127.0.0.1:7000");
  EXPECT_EQ(status.forming(), "");
  ASSERT_EQ(status.members_size(), 1);
  EXPECT_EQ(status.members(0).role(), v1::MEMBER_ROLE_VOTER);
}

TEST(ClusterServiceTest, AnswersWithoutALeaderAndWarnsOfIt) {
  ServedServer server(3);
  server.Form();
  const v1::GetStatusResponse status = Status(server);
  EXPECT_NE(status.role(), v1::SERVER_ROLE_LEADER);
  EXPECT_THAT(status.warnings(), Contains(HasSubstr("no leader")));
  grpc::ClientContext context;
  v1::ListMembersResponse members;
  ASSERT_TRUE(server.cluster_stub->ListMembers(&context, {}, &members).ok());
  ASSERT_EQ(members.members_size(), 3);
  EXPECT_EQ(members.members(0).server_id(), 1u);
  EXPECT_EQ(members.members(2).peer_address(), "127.0.0.1:3");
}

}  // namespace
}  // namespace raft
