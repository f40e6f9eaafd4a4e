// Propose and Read while they are under way: one object per call.
//
// The only place where a client's request meets both sides: gRPC's reactor on one, the loop's
// ClientCall on the other. Life of each: judged at the door, registered, put into the inbox, taken
// out of PendingCalls by whoever learns the outcome, answered once.
#pragma once

#include <optional>
#include <string>

#include "metrics/raft_metrics.h"
#include "raft/v1/consensus_service.pb.h"
#include "service/client_gate.h"
#include "service/consensus_service.h"
#include "service/errors.h"
#include "service/loop/client_call.h"
#include "service/unary_call.h"

namespace raft {

// What every call needs of the service; outlives all calls.
struct ClientDoor {
  ClientLimits limits;
  const ClientGate& gate;
  const ErrorBook& errors;
  RaftMetrics& metrics;
};

// Fills the header that every response starts with.
void FillHeader(const FormedServer& formed, const Standing& standing, v1::ResponseHeader& header);

// Fields of a later version, in the request itself; those inside are judged with the command or
// query. What is not understood is never ignored.
std::optional<ServiceError> RefuseUnknownFields(const google::protobuf::Message& request);
// The same, in the messages inside too.
std::optional<ServiceError> RefuseUnknownFieldsWithin(const google::protobuf::Message& request);

// What Propose and Read share: the door, the deadline, the ways to end without an answer.
class ClientRequest : public UnaryCall, public ClientCall {
 public:
  void OnRefused(const Refusal& refusal) final;
  void OnDeadlinePassed(std::optional<LogPosition> appended) override;
  void OnShuttingDown(std::optional<LogPosition> appended) override;
  // The client gave up: only its interest ends; what it proposed goes on.
  void OnCancel() final;

 protected:
  ClientRequest(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                const ClientDoor& door, RequestKind kind, LogIndex min_applied_index)
      : UnaryCall(context, metrics),
        ClientCall(min_applied_index),
        door_(door),
        kind_(kind),
        formed_(door.gate.formed()) {}

  // None: the request may go on. Otherwise the error to answer with.
  std::optional<ServiceError> CheckServing() const;
  std::optional<ServiceError> CheckLeading() const;
  // Of a server that may answer although it does not lead.
  std::optional<ServiceError> CheckState() const;
  // Registers this call under a ticket. False: it was answered.
  bool Register();
  // `accepted` tells whether the registered call found room behind the door; if not, answers it.
  void AfterPush(bool accepted);

  const ClientDoor& door() const { return door_; }
  const FormedServer& formed() const { return *formed_; }
  Ticket ticket() const { return ticket_; }
  // Counts the outcome, then answers.
  void End(const ServiceError& error);
  // This server's state cannot be believed.
  ServiceError StateDiverged(const Leadership& leadership) const;
  virtual void CountFailure(const ServiceError& error) = 0;

 private:
  std::optional<SteadyTime> Deadline() const;
  // Why a call was not let in: too many wait, or this server stops.
  ServiceError NoRoom() const;

  const ClientDoor& door_;
  const RequestKind kind_;
  const FormedServer* const formed_;
  Ticket ticket_;
};

class ProposeCall final : public ClientRequest {
 public:
  ProposeCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
              const ClientDoor& door, const v1::ProposeRequest& request,
              v1::ProposeResponse& response);

  // Judges the request and sends it on its way; may answer it. Once.
  void Start();

  void OnApplied(LogPosition position, std::string result, const Standing& standing) override;
  absl::Status OnReadable(KeyValueStore& state, LogIndex read_index,
                          const Standing& standing) override;

 private:
  std::optional<ServiceError> Judge() const;
  void CountFailure(const ServiceError& error) override;

  const v1::ProposeRequest& request_;
  v1::ProposeResponse& response_;
};

class ReadCall final : public ClientRequest {
 public:
  ReadCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics, const ClientDoor& door,
           const v1::ReadRequest& request, v1::ReadResponse& response);

  // Judges the request and sends it on its way; may answer it. Once.
  void Start();

  void OnApplied(LogPosition position, std::string result, const Standing& standing) override;
  absl::Status OnReadable(KeyValueStore& state, LogIndex read_index,
                          const Standing& standing) override;

 private:
  bool IsStale() const { return request_.consistency() == v1::READ_CONSISTENCY_STALE; }
  ReadKind Kind() const { return IsStale() ? ReadKind::kStale : ReadKind::kLinearizable; }
  std::optional<ServiceError> Judge() const;
  void CountFailure(const ServiceError& error) override;

  const v1::ReadRequest& request_;
  v1::ReadResponse& response_;
};

}  // namespace raft
