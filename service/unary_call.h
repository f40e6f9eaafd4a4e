// What all unary calls of clients have in common: counted from start to end, finished once.
//
// A reactor of gRPC's callback API: created per call, deletes itself when gRPC is done with it. A
// reaction converts, enqueues and returns; it never waits (trap I10).
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>

#include "metrics/rpc_metrics.h"
#include "service/errors.h"

namespace raft {

class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics)
      : context_(context), metrics_(metrics), began_(std::chrono::steady_clock::now()) {
    metrics_.OnStarted();
  }

  // Both end the call; exactly one is called, once. Afterwards the call may be gone at any moment.
  void Succeed() { End(grpc::Status::OK); }
  void Fail(const ServiceError& error) {
    AddTrailers(error, context_);
    End(ToStatus(error));
  }

  // Whether nobody waits for the answer any more. Any thread, before the call has ended.
  bool is_cancelled() const { return context_.IsCancelled(); }

 protected:
  void OnDone() override { delete this; }
  // Our reactions never wait, so gRPC may run them where it is instead of waking a thread of its
  // executor for each; that thread was a tenth of a busy leader's processor time.
  bool InternalInlineable() override { return true; }

  grpc::CallbackServerContext& context() const { return context_; }
  Seconds age() const { return std::chrono::steady_clock::now() - began_; }

 private:
  void End(const grpc::Status& status) {
    metrics_.OnHandled(status.error_code(), age());
    Finish(status);
  }

  grpc::CallbackServerContext& context_;
  const RpcMetrics& metrics_;
  const std::chrono::steady_clock::time_point began_;
};

}  // namespace raft
