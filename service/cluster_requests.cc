#include "service/cluster_requests.h"

#include <cstddef>
#include <string>
#include <utility>

#include "core/check.h"
#include "service/membership_errors.h"

namespace raft {
namespace {

// What one of these is charged with in the inbox.
constexpr std::uint64_t kTransferBytes = 64;
std::uint64_t BytesOf(const MembershipChangeRequested& change) {
  return kLogEntryOverheadBytes + change.members.size() * ClusterConfiguration::kAddressBytesMax;
}

// Those that have to be greeted before they can be added.
std::vector<Member> NewcomersAmong(const std::vector<Member>& members) {
  std::vector<Member> newcomers;
  for (const Member& member : members) {
    if (member.incarnation == 0) newcomers.push_back(member);
  }
  return newcomers;
}

}  // namespace

// --- Changes of members ------------------------------------------------------------------------

MembershipCall::MembershipCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                               const ClientDoor& door, NewcomerGreeter& greeter,
                               std::optional<LogIndex> expected_index, Answer answer)
    : ClientRequest(context, metrics, door, RequestKind::kProposal, LogIndex()),
      greeter_(greeter),
      expected_index_(expected_index),
      answer_(std::move(answer)) {}

void MembershipCall::Start(const Plan& plan) {
  if (const auto problem = CheckServing()) return End(*problem);
  if (const auto problem = CheckLeading()) return End(*problem);
  const RaftStatus status = formed().board.Read();
  if (expected_index_ && *expected_index_ != status.configuration_index) {
    return End(ConfigurationMoved());
  }
  if (status.configuration->is_joint()) return End(ChangeUnderWay());
  MembersOrError planned = plan(*status.configuration);
  if (const auto* problem = std::get_if<ServiceError>(&planned)) return End(*problem);
  if (!Register()) return;
  MembershipChangeRequested change{.ticket = ticket(),
                                   .expected_index = status.configuration_index,
                                   .members = std::get<std::vector<Member>>(std::move(planned))};
  const std::vector<Member> newcomers = NewcomersAmong(change.members);
  const FormedServer& formed_server = formed();
  if (newcomers.empty()) return SendOrFail(formed_server, std::move(change));
  greeter_.Greet(formed_server.rules, newcomers,
                 [&formed_server, change](const NewcomerGreeter::Greetings& greetings) {
                   OnGreeted(formed_server, change, greetings);
                 });
}

void MembershipCall::OnGreeted(const FormedServer& formed, MembershipChangeRequested change,
                               const NewcomerGreeter::Greetings& greetings) {
  std::size_t place = 0;
  for (Member& member : change.members) {
    if (member.incarnation != 0) continue;
    const absl::StatusOr<Greeting>& greeting = greetings[place++];
    if (auto problem = JudgeNewcomer(member, greeting, formed.rules.founding().cluster_id)) {
      return FailTaken(formed, change.ticket, *problem);
    }
    member.incarnation = greeting->incarnation;
  }
  SendOrFail(formed, std::move(change));
}

void MembershipCall::SendOrFail(const FormedServer& formed, MembershipChangeRequested change) {
  const Ticket ticket = change.ticket;
  const std::uint64_t bytes = BytesOf(change);
  if (formed.inbox.PushClient(std::move(change), bytes)) return;
  FailTaken(formed, ticket, TooManyWaiting());
}

void MembershipCall::FailTaken(const FormedServer& formed, Ticket ticket,
                               const ServiceError& error) {
  ClientCall* call = formed.calls.Take(ticket);
  if (call != nullptr) static_cast<MembershipCall*>(call)->End(error);
}

void MembershipCall::OnApplied(LogPosition position, std::string, const Standing& standing) {
  FillHeader(formed(), standing, answer_.header);
  answer_.set_config_index(position.index.value());
  Succeed();
}

absl::Status MembershipCall::OnReadable(KeyValueStore&, LogIndex, const Standing&) {
  RAFT_CHECK(false, "a change of members reads nothing");
  return absl::OkStatus();
}

// --- Hand-over ---------------------------------------------------------------------------------

TransferCall::TransferCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                           const ClientDoor& door, const v1::TransferLeadershipRequest& request,
                           v1::TransferLeadershipResponse& response)
    : ClientRequest(context, metrics, door, RequestKind::kProposal, LogIndex()),
      request_(request),
      response_(response) {}

void TransferCall::Start() {
  if (const auto problem = RefuseUnknownFields(request_)) return End(*problem);
  if (const auto problem = CheckServing()) return End(*problem);
  if (const auto problem = CheckLeading()) return End(*problem);
  if (!Register()) return;
  LeadershipTransferRequested transfer{.ticket = ticket(), .target = std::nullopt};
  if (request_.target_server_id() != 0) transfer.target = ServerId(request_.target_server_id());
  AfterPush(formed().inbox.PushClient(transfer, kTransferBytes));
}

void TransferCall::OnTransferEnded(const TransferEnded& ended) {
  const bool anybody = request_.target_server_id() == 0;
  const bool done = ended.outcome == TransferOutcome::kDone ||
                    (anybody && ended.outcome == TransferOutcome::kOtherLeads);
  if (!done) return End(door().errors.NotHandedOver(ended));
  const Standing standing{.leadership = {.role = RoleName::kFollower,
                                         .term = ended.current_term,
                                         .leader = ended.leader},
                          .applied_index = formed().board.Read().applied_index};
  FillHeader(formed(), standing, *response_.mutable_header());
  Succeed();
}

void TransferCall::OnDeadlinePassed(std::optional<LogPosition>) {
  End(HandOverUnknown(grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline passed"));
}

void TransferCall::OnShuttingDown(std::optional<LogPosition>) {
  End(HandOverUnknown(grpc::StatusCode::UNKNOWN, "this server stopped"));
}

void TransferCall::OnApplied(LogPosition, std::string, const Standing&) {
  RAFT_CHECK(false, "a hand-over is not in the log");
}

absl::Status TransferCall::OnReadable(KeyValueStore&, LogIndex, const Standing&) {
  RAFT_CHECK(false, "a hand-over reads nothing");
  return absl::OkStatus();
}

}  // namespace raft
