// Calls that are refused at the door, counted like any other call.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>

#include "service/errors.h"
#include "service/unary_call.h"

namespace raft {

// This version does not support the method.
inline grpc::ServerUnaryReactor* RefuseUnary(grpc::CallbackServerContext& context,
                                             const RpcMetrics& metrics, const char* method) {
  auto* call = new UnaryCall(context, metrics);
  call->Fail(NotSupported(method));
  return call;
}

// `Reactor` is one of gRPC's streaming reactors.
template <typename Reactor>
class RefusingStream final : public Reactor {
 public:
  RefusingStream(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                 const ServiceError& error) {
    metrics.OnStarted();
    AddTrailers(error, context);
    metrics.OnHandled(error.code, Seconds::zero());
    this->Finish(ToStatus(error));
  }
  void OnDone() override { delete this; }
};

}  // namespace raft
