#include "service/consensus_service.h"

#include <grpcpp/grpcpp.h>

#include "raft/v1/consensus_service.grpc.pb.h"
#include "service/client_requests.h"
#include "service/refusing_calls.h"

namespace raft {
namespace {

constexpr char kService[] = "raft.v1.ConsensusService";

}  // namespace

class ConsensusService::Rpcs final : public v1::ConsensusService::CallbackService {
 public:
  explicit Rpcs(const ClientDoor& door)
      : door_(door),
        propose_(door.metrics.ForRpc(RpcType::kUnary, kService, "Propose")),
        read_(door.metrics.ForRpc(RpcType::kUnary, kService, "Read")),
        open_session_(door.metrics.ForRpc(RpcType::kUnary, kService, "OpenSession")),
        close_session_(door.metrics.ForRpc(RpcType::kUnary, kService, "CloseSession")),
        propose_stream_(door.metrics.ForRpc(RpcType::kBidiStream, kService, "ProposeStream")),
        watch_(door.metrics.ForRpc(RpcType::kServerStream, kService, "Watch")) {}

  grpc::ServerUnaryReactor* Propose(grpc::CallbackServerContext* context,
                                    const v1::ProposeRequest* request,
                                    v1::ProposeResponse* response) override {
    auto* call = new ProposeCall(*context, propose_, door_, *request, *response);
    call->Start();
    return call;
  }

  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context,
                                 const v1::ReadRequest* request,
                                 v1::ReadResponse* response) override {
    auto* call = new ReadCall(*context, read_, door_, *request, *response);
    call->Start();
    return call;
  }

  grpc::ServerUnaryReactor* OpenSession(grpc::CallbackServerContext* context,
                                        const v1::OpenSessionRequest*,
                                        v1::OpenSessionResponse*) override {
    return RefuseUnary(*context, open_session_, "OpenSession");
  }

  grpc::ServerUnaryReactor* CloseSession(grpc::CallbackServerContext* context,
                                         const v1::CloseSessionRequest*,
                                         v1::CloseSessionResponse*) override {
    return RefuseUnary(*context, close_session_, "CloseSession");
  }

  grpc::ServerBidiReactor<v1::ProposeStreamRequest, v1::ProposeStreamResponse>* ProposeStream(
      grpc::CallbackServerContext* context) override {
    return new RefusingStream<
        grpc::ServerBidiReactor<v1::ProposeStreamRequest, v1::ProposeStreamResponse>>(
        *context, propose_stream_, NotSupported("ProposeStream"));
  }

  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest*) override {
    return new RefusingStream<grpc::ServerWriteReactor<v1::WatchResponse>>(*context, watch_,
                                                                           NotSupported("Watch"));
  }

 private:
  const ClientDoor door_;
  const RpcMetrics propose_;
  const RpcMetrics read_;
  const RpcMetrics open_session_;
  const RpcMetrics close_session_;
  const RpcMetrics propose_stream_;
  const RpcMetrics watch_;
};

ConsensusService::ConsensusService(const ClientLimits& limits, const ClientGate& gate,
                                   const ErrorBook& errors, RaftMetrics& metrics)
    : rpcs_(std::make_unique<Rpcs>(
          ClientDoor{.limits = limits, .gate = gate, .errors = errors, .metrics = metrics})) {}

ConsensusService::~ConsensusService() = default;

grpc::Service& ConsensusService::grpc_service() { return *rpcs_; }

}  // namespace raft
