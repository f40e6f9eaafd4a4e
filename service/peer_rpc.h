// Which messages and which RPC of the stub a request of the core becomes.
//
// Private to peer_link.cc. A snapshot is no single message, and not among them (SnapshotSender).
#pragma once

#include <utility>

#include "core/messages.h"
#include "raft/peer/v1/peer_service.grpc.pb.h"

namespace raft {

template <typename Request>
struct RpcOf;

template <>
struct RpcOf<PreVoteRequest> {
  using ProtoRequest = peer::v1::PreVoteRequest;
  using ProtoResponse = peer::v1::PreVoteResponse;
  template <typename... Arguments>
  static void Start(peer::v1::PeerService::Stub& stub, Arguments&&... arguments) {
    stub.async()->PreVote(std::forward<Arguments>(arguments)...);
  }
};

template <>
struct RpcOf<RequestVoteRequest> {
  using ProtoRequest = peer::v1::RequestVoteRequest;
  using ProtoResponse = peer::v1::RequestVoteResponse;
  template <typename... Arguments>
  static void Start(peer::v1::PeerService::Stub& stub, Arguments&&... arguments) {
    stub.async()->RequestVote(std::forward<Arguments>(arguments)...);
  }
};

template <>
struct RpcOf<AppendEntriesRequest> {
  using ProtoRequest = peer::v1::AppendEntriesRequest;
  using ProtoResponse = peer::v1::AppendEntriesResponse;
  template <typename... Arguments>
  static void Start(peer::v1::PeerService::Stub& stub, Arguments&&... arguments) {
    stub.async()->AppendEntries(std::forward<Arguments>(arguments)...);
  }
};

template <>
struct RpcOf<TimeoutNowRequest> {
  using ProtoRequest = peer::v1::TimeoutNowRequest;
  using ProtoResponse = peer::v1::TimeoutNowResponse;
  template <typename... Arguments>
  static void Start(peer::v1::PeerService::Stub& stub, Arguments&&... arguments) {
    stub.async()->TimeoutNow(std::forward<Arguments>(arguments)...);
  }
};

}  // namespace raft
