// Changes of members and hand-overs while they are under way: one object per call.
//
// The same life as a proposal (client_requests.h): judged at the door, registered, put into the
// inbox, answered once by whoever takes it out of PendingCalls. A change that adds servers greets
// them first, while the call waits; whatever comes of that touches the call only by taking it out.
#pragma once

#include <functional>
#include <vector>

#include "service/client_requests.h"
#include "service/member_changes.h"
#include "service/newcomer_greeter.h"

namespace raft {

// AddMember, PromoteMember, RemoveMember and ReplaceMembers differ in their plan only.
class MembershipCall final : public ClientRequest {
 public:
  using Plan = std::function<MembersOrError(const ClusterConfiguration& now)>;
  // Where the answer goes: every response has these two.
  struct Answer {
    v1::ResponseHeader& header;
    std::function<void(std::uint64_t)> set_config_index;
  };

  // `greeter` outlives the call. `expected_index` none: whatever is in force.
  MembershipCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                 const ClientDoor& door, NewcomerGreeter& greeter,
                 std::optional<LogIndex> expected_index, Answer answer);

  // Judges the request and sends it on its way; may answer it. Once.
  void Start(const Plan& plan);

  void OnApplied(LogPosition position, std::string result, const Standing& standing) override;
  absl::Status OnReadable(KeyValueStore& state, LogIndex read_index,
                          const Standing& standing) override;

 private:
  void CountFailure(const ServiceError&) override {}
  // After the call was registered, it may be gone: these know it by its ticket only.
  static void SendOrFail(const FormedServer& formed, MembershipChangeRequested change);
  static void FailTaken(const FormedServer& formed, Ticket ticket, const ServiceError& error);
  static void OnGreeted(const FormedServer& formed, MembershipChangeRequested change,
                        const NewcomerGreeter::Greetings& greetings);

  NewcomerGreeter& greeter_;
  const std::optional<LogIndex> expected_index_;
  const Answer answer_;
};

class TransferCall final : public ClientRequest {
 public:
  TransferCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
               const ClientDoor& door, const v1::TransferLeadershipRequest& request,
               v1::TransferLeadershipResponse& response);

  // Judges the request and sends it on its way; may answer it. Once.
  void Start();

  void OnTransferEnded(const TransferEnded& ended) override;
  // It may have begun, and goes on.
  void OnDeadlinePassed(std::optional<LogPosition> appended) override;
  void OnShuttingDown(std::optional<LogPosition> appended) override;
  void OnApplied(LogPosition position, std::string result, const Standing& standing) override;
  absl::Status OnReadable(KeyValueStore& state, LogIndex read_index,
                          const Standing& standing) override;

 private:
  void CountFailure(const ServiceError&) override {}

  const v1::TransferLeadershipRequest& request_;
  v1::TransferLeadershipResponse& response_;
};

}  // namespace raft
