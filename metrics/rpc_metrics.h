// The grpc_server_* series of one RPC method, with the names of the Go middleware, so that existing
// dashboards and alert rules work.
//
// Room: metrics/. Knows the numbers and names of the seventeen status codes; includes no gRPC.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace raft {

using Seconds = std::chrono::duration<double>;

enum class RpcType : std::uint8_t { kUnary, kClientStream, kServerStream, kBidiStream };

// gRPC's codes run from 0 (OK) to 16 (Unauthenticated).
inline constexpr std::size_t kRpcCodeCount = 17;

// A small handle, free to copy: pointers to the series of one method, which live as long as the
// RaftMetrics that gave it. Any thread; no call blocks or looks a label up.
class RpcMetrics {
 public:
  // A call arrived.
  void OnStarted() const;
  // The call ended with `code` (a grpc::StatusCode as a number; anything above 16 counts as
  // Unknown) after `duration`.
  void OnHandled(int code, Seconds duration) const;

 private:
  friend class RpcFamilies;

  prometheus::Counter* started_ = nullptr;
  prometheus::Histogram* handling_ = nullptr;
  std::array<prometheus::Counter*, kRpcCodeCount> handled_{};
};

}  // namespace raft
