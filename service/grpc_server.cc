#include "service/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>

#include <algorithm>
#include <utility>

#include "service/callback_queue.h"

namespace raft {
namespace {

// One connection carries at most this many calls at once (trap I12).
constexpr int kConcurrentCallsMax = 20'000;
constexpr int kHandshakeTimeoutMs = 5000;
constexpr int kKeepaliveIntervalMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5000;
// Clients may ping this often without being sent away ("too many pings").
constexpr int kPingIntervalMinMs = 5000;
// What is larger is cut off by gRPC without our ErrorInfo; up to here a request that is too large
// is told which limit it broke.
constexpr int kClientMessageBytesMin = 4 << 20;

// Linking reflection registers it with every server of the process; peers must not get it.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    const std::string reflection = grpc::reflection::ProtoServerReflectionPlugin().name();
    std::erase_if(*plugins, [&](const auto& plugin) { return plugin->name() == reflection; });
  }
};

void PrepareClientServer(int message_bytes_max, grpc::ServerBuilder& builder) {
  KeepCallbackQueue();
  builder.SetMaxReceiveMessageSize(std::max(message_bytes_max, kClientMessageBytesMin));
  builder.SetMaxSendMessageSize(message_bytes_max * 2);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kConcurrentCallsMax);
}

}  // namespace

class GrpcServer::Acceptor {
 public:
  explicit Acceptor(grpc::ServerBuilder& builder)
      : acceptor_(builder.experimental().AddExternalConnectionAcceptor(
            grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
            grpc::InsecureServerCredentials())) {
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  }

  void HandOver(int listener_fd, int connection_fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listener_fd;
    connection.fd = connection_fd;
    acceptor_->HandleNewConnection(&connection);
  }

 private:
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
};

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::StartForClients(
    std::unique_ptr<Listener> listener, int message_bytes_max,
    const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  PrepareClientServer(message_bytes_max, builder);
  for (grpc::Service* service : services) builder.RegisterService(service);
  auto acceptor = std::make_unique<Acceptor>(builder);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("gRPC could not start the client server");
  return std::unique_ptr<GrpcServer>(
      new GrpcServer(std::move(listener), std::move(server), std::move(acceptor)));
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::StartForPeers(
    std::unique_ptr<Listener> listener, const PeerLinkOptions& options, grpc::Service& service) {
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  PreparePeerServer(options, builder);
  builder.SetOption(std::make_unique<WithoutReflection>());
  builder.RegisterService(&service);
  auto acceptor = std::make_unique<Acceptor>(builder);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("gRPC could not start the peer server");
  return std::unique_ptr<GrpcServer>(
      new GrpcServer(std::move(listener), std::move(server), std::move(acceptor)));
}

GrpcServer::GrpcServer(std::unique_ptr<Listener> listener, std::unique_ptr<grpc::Server> server,
                       std::unique_ptr<Acceptor> acceptor)
    : listener_(std::move(listener)), server_(std::move(server)), acceptor_(std::move(acceptor)) {
  listener_->Start([this](int listener_fd, int connection_fd) {
    acceptor_->HandOver(listener_fd, connection_fd);
  });
}

GrpcServer::~GrpcServer() { Shutdown(std::chrono::milliseconds::zero()); }

grpc::HealthCheckServiceInterface* GrpcServer::health() const {
  return server_->GetHealthCheckService();
}

void GrpcServer::Shutdown(std::chrono::milliseconds patience) {
  listener_->Stop();
  server_->Shutdown(std::chrono::system_clock::now() + patience);
}

}  // namespace raft
