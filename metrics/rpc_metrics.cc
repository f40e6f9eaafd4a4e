#include "metrics/rpc_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <string>

#include "metrics/buckets.h"
#include "metrics/rpc_families.h"

namespace raft {
namespace {

// In the order of RpcType; the Go middleware's words.
constexpr std::array<const char*, 4> kTypeLabels = {"unary", "client_stream", "server_stream",
                                                    "bidi_stream"};
// By code; the Go middleware's words.
constexpr std::array<const char*, kRpcCodeCount> kCodeLabels = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};
constexpr std::size_t kUnknownCode = 2;

}  // namespace

void RpcMetrics::OnStarted() const { started_->Increment(); }

void RpcMetrics::OnHandled(int code, Seconds duration) const {
  const bool known = code >= 0 && static_cast<std::size_t>(code) < kRpcCodeCount;
  handled_[known ? static_cast<std::size_t>(code) : kUnknownCode]->Increment();
  handling_->Observe(duration.count());
}

RpcFamilies::RpcFamilies(prometheus::Registry& registry)
    : started_(prometheus::BuildCounter()
                   .Name("grpc_server_started_total")
                   .Help("RPCs started on this server.")
                   .Register(registry)),
      handled_(prometheus::BuildCounter()
                   .Name("grpc_server_handled_total")
                   .Help("RPCs completed on this server, whatever the outcome.")
                   .Register(registry)),
      handling_(prometheus::BuildHistogram()
                    .Name("grpc_server_handling_seconds")
                    .Help("From the arrival of an RPC to its completion.")
                    .Register(registry)) {}

RpcMetrics RpcFamilies::For(RpcType type, std::string_view service, std::string_view method) {
  const prometheus::Labels labels = {{"grpc_type", kTypeLabels[static_cast<std::size_t>(type)]},
                                     {"grpc_service", std::string(service)},
                                     {"grpc_method", std::string(method)}};
  RpcMetrics metrics;
  metrics.started_ = &started_.Add(labels);
  metrics.handling_ = &handling_.Add(labels, RpcBuckets());
  for (std::size_t code = 0; code < kRpcCodeCount; ++code) {
    prometheus::Labels with_code = labels;
    with_code.emplace("grpc_code", kCodeLabels[code]);
    metrics.handled_[code] = &handled_.Add(with_code);
  }
  return metrics;
}

}  // namespace raft
