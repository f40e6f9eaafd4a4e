// A gRPC server behind a listener of our own: one for clients, one for peers.
//
// Sets what gRPC 1.51 gets wrong by default: message sizes, keepalive tolerance, the handshake
// time-out (traps I1, I2, I11), reflection on every server of the process. Main thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/listener.h"
#include "service/peer_channel.h"

namespace grpc {
class HealthCheckServiceInterface;
class Server;
class Service;
namespace experimental {
class ExternalConnectionAcceptor;
}
}  // namespace grpc

namespace raft {

class GrpcServer {
 public:
  // With health and reflection. `services` outlive the server.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> StartForClients(
      std::unique_ptr<Listener> listener, int message_bytes_max,
      const std::vector<grpc::Service*>& services);
  // Without either.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> StartForPeers(
      std::unique_ptr<Listener> listener, const PeerLinkOptions& options, grpc::Service& service);
  // Shuts down at once if that has not happened.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Null on the peer server.
  grpc::HealthCheckServiceInterface* health() const;

  // Accepts nothing more, waits for calls under way for at most `patience`, cancels the rest.
  void Shutdown(std::chrono::milliseconds patience);

 private:
  class Acceptor;
  GrpcServer(std::unique_ptr<Listener> listener, std::unique_ptr<grpc::Server> server,
             std::unique_ptr<Acceptor> acceptor);

  const std::unique_ptr<Listener> listener_;
  const std::unique_ptr<grpc::Server> server_;
  const std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace raft
