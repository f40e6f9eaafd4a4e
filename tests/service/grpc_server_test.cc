// What each port offers: health and reflection for clients, neither for peers.
#include "service/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "raft/v1/consensus_service.grpc.pb.h"

namespace raft {
namespace {

constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

class GrpcServerTest : public testing::Test {
 protected:
  static std::unique_ptr<Listener> OpenPort() {
    return Listener::Open({"127.0.0.1", 0}, "a test").value();
  }

  // How a call with an empty request ends.
  static grpc::StatusCode Call(std::uint16_t port, const std::string& method) {
    grpc::GenericStub stub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                               grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    const grpc::ByteBuffer request(nullptr, 0);
    grpc::ByteBuffer response;
    std::promise<grpc::StatusCode> code;
    stub.UnaryCall(&context, method, {}, &request, &response,
                   [&code](const grpc::Status& status) { code.set_value(status.error_code()); });
    return code.get_future().get();
  }

  // Refuses everything, as generated services do.
  v1::ConsensusService::CallbackService service_;
};

TEST_F(GrpcServerTest, OffersClientsHealthAndReflection) {
  auto listener = OpenPort();
  const std::uint16_t port = listener->port();
  auto server = GrpcServer::StartForClients(std::move(listener), 1 << 20, {&service_}).value();
  EXPECT_EQ(Call(port, kHealthCheck), grpc::StatusCode::OK);
  EXPECT_NE(Call(port, kReflection), grpc::StatusCode::UNIMPLEMENTED);
  server->health()->SetServingStatus("raft.leader", false);
  server->Shutdown(std::chrono::milliseconds(100));
}

TEST_F(GrpcServerTest, OffersPeersNeitherHealthNorReflection) {
  auto listener = OpenPort();
  const std::uint16_t port = listener->port();
  auto server = GrpcServer::StartForPeers(std::move(listener), PeerLinkOptions(), service_).value();
  EXPECT_EQ(server->health(), nullptr);
  EXPECT_EQ(Call(port, kHealthCheck), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Call(port, kReflection), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, AcceptsNothingAfterShutdown) {
  auto listener = OpenPort();
  const std::uint16_t port = listener->port();
  auto server = GrpcServer::StartForClients(std::move(listener), 1 << 20, {&service_}).value();
  ASSERT_EQ(Call(port, kHealthCheck), grpc::StatusCode::OK);
  server->Shutdown(std::chrono::milliseconds(100));
  EXPECT_EQ(Call(port, kHealthCheck), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace raft
