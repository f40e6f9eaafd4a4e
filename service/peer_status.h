// How the peer side puts its own errors into gRPC's, and reads a peer's.
//
// Pure functions; any thread.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "service/peer_observer.h"

namespace raft {

inline grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// What a server is told in an error is not believed (an error has no header that shows who says
// it), but it is a reason to greet.
inline bool IsRefusedAsDoubled(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::FAILED_PRECONDITION &&
         status.error_message().rfind("DOUBLED:", 0) == 0;
}

// Whether a transfer that ended so broke on its way: the peer may still want the rest.
inline bool IsBroken(PeerCallOutcome outcome) {
  return outcome == PeerCallOutcome::kUnreachable || outcome == PeerCallOutcome::kDeadline ||
         outcome == PeerCallOutcome::kOverloaded;
}

inline PeerCallOutcome OutcomeOf(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return PeerCallOutcome::kAnswered;
    case grpc::StatusCode::UNAVAILABLE:
      return PeerCallOutcome::kUnreachable;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return PeerCallOutcome::kDeadline;
    case grpc::StatusCode::FAILED_PRECONDITION:
      return PeerCallOutcome::kRefused;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return PeerCallOutcome::kOverloaded;
    case grpc::StatusCode::CANCELLED:
      return PeerCallOutcome::kCancelled;
    default:
      return PeerCallOutcome::kOther;
  }
}

}  // namespace raft
