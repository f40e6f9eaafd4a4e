#include "service/client_requests.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/check.h"

namespace raft {
namespace {

// A read is charged with this much of the inbox.
constexpr std::uint64_t kReadBytes = 64;

bool IsLimit(grpc::StatusCode code) { return code == grpc::StatusCode::RESOURCE_EXHAUSTED; }

bool IsLate(grpc::StatusCode code) {
  return code == grpc::StatusCode::DEADLINE_EXCEEDED || code == grpc::StatusCode::CANCELLED;
}

}  // namespace

void FillHeader(const FormedServer& formed, const Standing& standing, v1::ResponseHeader& header) {
  header.set_cluster_id(formed.cluster_id);
  header.set_server_id(formed.self.value());
  header.set_term(standing.leadership.term.value());
  header.set_applied_index(standing.applied_index.value());
  header.set_leader_id(standing.leadership.leader.value_or(ServerId()).value());
}

std::optional<ServiceError> RefuseUnknownFields(const google::protobuf::Message& request) {
  const auto& fields = request.GetReflection()->GetUnknownFields(request);
  if (fields.empty()) return std::nullopt;
  return NotSupported(
      absl::StrCat(request.GetDescriptor()->name(), " field ", fields.field(0).number()));
}

std::optional<ServiceError> RefuseUnknownFieldsWithin(const google::protobuf::Message& request) {
  if (auto problem = RefuseUnknownFields(request)) return problem;
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(request, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(request, field) : 1;
    for (int place = 0; place < count; ++place) {
      const auto& inside = field->is_repeated()
                               ? reflection.GetRepeatedMessage(request, field, place)
                               : reflection.GetMessage(request, field);
      if (auto problem = RefuseUnknownFieldsWithin(inside)) return problem;
    }
  }
  return std::nullopt;
}

// --- What Propose and Read share ---------------------------------------------------------------

std::optional<ServiceError> ClientRequest::CheckServing() const {
  if (door_.gate.draining()) {
    return door_.errors.ShuttingDown(
        std::nullopt,
        formed_ == nullptr ? std::nullopt : std::optional(formed_->board.leadership()));
  }
  if (formed_ == nullptr) return door_.errors.Forming(door_.gate.WaitingFor());
  return std::nullopt;
}

std::optional<ServiceError> ClientRequest::CheckLeading() const {
  // Asking the board saves followers a turn of the loop for each misdirected client. The core
  // decides again: it may have stepped down since.
  const Leadership leadership = formed_->board.leadership();
  if (leadership.is_leader()) return std::nullopt;
  return door_.errors.NotLeader(leadership.leader, leadership.term);
}

std::optional<ServiceError> ClientRequest::CheckState() const {
  const Leadership leadership = formed_->board.leadership();
  if (!leadership.state_is_diverged) return std::nullopt;
  return StateDiverged(leadership);
}

ServiceError ClientRequest::StateDiverged(const Leadership& leadership) const {
  return door_.errors.StateDiverged(leadership.other_leader(), leadership.term);
}

std::optional<SteadyTime> ClientRequest::Deadline() const {
  using std::chrono::system_clock;
  const SteadyTime now = std::chrono::steady_clock::now();
  const system_clock::time_point deadline = context().deadline();
  if (deadline == system_clock::time_point::max()) return now + door_.limits.default_deadline;
  const auto left = deadline - system_clock::now();
  if (left <= system_clock::duration::zero()) return std::nullopt;
  return now + std::min<system_clock::duration>(left, door_.limits.deadline_max);
}

bool ClientRequest::Register() {
  const std::optional<SteadyTime> deadline = Deadline();
  if (!deadline) {
    End(DeadlinePassed(kind_, std::nullopt));
    return false;
  }
  // Others may answer the call from here on, but gRPC keeps it alive until its handler returns.
  const std::optional<Ticket> ticket = formed_->calls.Add(this, *deadline);
  if (!ticket) {
    End(NoRoom());
    return false;
  }
  ticket_ = *ticket;
  return true;
}

void ClientRequest::AfterPush(bool accepted) {
  // Once it is through the door the call belongs to whoever takes it out; nothing of it may be
  // touched here any more.
  if (accepted) return;
  if (formed_->calls.Take(ticket_) == this) End(NoRoom());
}

ServiceError ClientRequest::NoRoom() const {
  if (!door_.gate.draining()) return TooManyWaiting();
  return door_.errors.ShuttingDown(std::nullopt, formed_->board.leadership());
}

void ClientRequest::End(const ServiceError& error) {
  CountFailure(error);
  Fail(error);
}

void ClientRequest::OnRefused(const Refusal& refusal) { End(door_.errors.Refused(refusal)); }

void ClientRequest::OnDeadlinePassed(std::optional<LogPosition> appended) {
  End(DeadlinePassed(kind_, appended));
}

void ClientRequest::OnShuttingDown(std::optional<LogPosition> appended) {
  End(door_.errors.ShuttingDown(appended, formed_->board.leadership()));
}

void ClientRequest::OnCancel() {
  // Not registered: it was answered at the door.
  if (formed_ == nullptr || ticket_ == Ticket()) return;
  if (formed_->calls.Take(ticket_) == this) End(CancelledByClient());
}

// --- Propose -----------------------------------------------------------------------------------

ProposeCall::ProposeCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                         const ClientDoor& door, const v1::ProposeRequest& request,
                         v1::ProposeResponse& response)
    : ClientRequest(context, metrics, door, RequestKind::kProposal, LogIndex()),
      request_(request),
      response_(response) {
  door.metrics.OnProposalStarted();
}

std::optional<ServiceError> ProposeCall::Judge() const {
  if (request_.has_request_id()) return NotSupported("ProposeRequest.request_id (sessions)");
  if (auto problem = RefuseUnknownFields(request_)) return problem;
  const KeyValueLimits& limits = door().limits.key_values;
  const std::size_t bytes = request_.command().ByteSizeLong();
  if (bytes > limits.command_bytes_max) return CommandTooLarge(bytes, limits.command_bytes_max);
  if (absl::Status judged = ValidateCommand(request_.command(), limits); !judged.ok()) {
    return Invalid(judged);
  }
  if (std::optional<ServiceError> problem = CheckServing()) return problem;
  return CheckLeading();
}

void ProposeCall::Start() {
  if (const std::optional<ServiceError> problem = Judge()) return End(*problem);
  if (!Register()) return;
  CommandProposed proposed{.ticket = ticket(), .command = {}, .expected_term = std::nullopt};
  // Serialised once for the log, every peer and every state machine.
  request_.command().SerializeToString(&proposed.command);
  if (request_.has_expected_term()) proposed.expected_term = Term(request_.expected_term());
  const std::uint64_t bytes = proposed.command.size() + kLogEntryOverheadBytes;
  AfterPush(formed().inbox.PushClient(std::move(proposed), bytes));
}

void ProposeCall::OnApplied(LogPosition position, std::string result, const Standing& standing) {
  FillHeader(formed(), standing, *response_.mutable_header());
  response_.set_index(position.index.value());
  const bool parsed = response_.mutable_result()->ParseFromString(result);
  RAFT_CHECK(parsed, "the state machine answers a command with a CommandResult");
  door().metrics.OnProposalCompleted(ProposalOutcome::kApplied, age());
  Succeed();
}

absl::Status ProposeCall::OnReadable(KeyValueStore&, LogIndex, const Standing&) {
  RAFT_CHECK(false, "a proposal's ticket is never announced as a read");
  return absl::OkStatus();
}

void ProposeCall::CountFailure(const ServiceError& error) {
  ProposalOutcome outcome = ProposalOutcome::kFailed;
  if (error.code == grpc::StatusCode::UNAVAILABLE) outcome = ProposalOutcome::kNotLeader;
  if (error.code == grpc::StatusCode::UNKNOWN) outcome = ProposalOutcome::kUnknown;
  if (IsLimit(error.code)) outcome = ProposalOutcome::kOverloaded;
  if (IsLate(error.code)) outcome = ProposalOutcome::kTimeout;
  door().metrics.OnProposalCompleted(outcome, age());
}

// --- Read --------------------------------------------------------------------------------------

ReadCall::ReadCall(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                   const ClientDoor& door, const v1::ReadRequest& request,
                   v1::ReadResponse& response)
    : ClientRequest(context, metrics, door, RequestKind::kRead,
                    LogIndex(request.min_applied_index())),
      request_(request),
      response_(response) {}

std::optional<ServiceError> ReadCall::Judge() const {
  if (request_.has_max_staleness()) return NotSupported("ReadRequest.max_staleness");
  if (!v1::ReadConsistency_IsValid(request_.consistency())) {
    return NotSupported(
        absl::StrCat("read consistency ", static_cast<int>(request_.consistency())));
  }
  if (auto problem = RefuseUnknownFields(request_)) return problem;
  absl::Status judged = ValidateQuery(request_.query(), door().limits.key_values);
  if (!judged.ok()) return Invalid(judged);
  if (std::optional<ServiceError> problem = CheckServing()) return problem;
  return IsStale() ? CheckState() : CheckLeading();
}

void ReadCall::Start() {
  if (const std::optional<ServiceError> problem = Judge()) return End(*problem);
  if (!Register()) return;
  if (IsStale()) {
    AfterPush(formed().apply.PushRead({.ticket = ticket(), .read_index = min_applied_index()}));
  } else {
    AfterPush(formed().inbox.PushClient(ReadRequested{.ticket = ticket()}, kReadBytes));
  }
}

void ReadCall::OnApplied(LogPosition, std::string, const Standing&) {
  RAFT_CHECK(false, "a read's ticket is never in the log");
}

absl::Status ReadCall::OnReadable(KeyValueStore& state, LogIndex read_index,
                                  const Standing& standing) {
  // The door may have let it in before this was found out.
  if (state.diverged()) {
    End(StateDiverged(standing.leadership));
    return absl::OkStatus();
  }
  absl::Status read = state.Read(request_.query(), &response_);
  if (!read.ok()) {
    End({.code = grpc::StatusCode::DATA_LOSS,
         .reason = "CORRUPT",
         .message = std::string(read.message())});
    return read;
  }
  FillHeader(formed(), standing, *response_.mutable_header());
  response_.set_read_index(read_index.value());
  door().metrics.OnReadCompleted(Kind(), ReadOutcome::kOk, age());
  Succeed();
  return read;
}

void ReadCall::CountFailure(const ServiceError& error) {
  ReadOutcome outcome = ReadOutcome::kFailed;
  if (error.code == grpc::StatusCode::UNAVAILABLE) outcome = ReadOutcome::kNotLeader;
  if (IsLimit(error.code)) outcome = ReadOutcome::kOverloaded;
  if (IsLate(error.code)) outcome = ReadOutcome::kTimeout;
  door().metrics.OnReadCompleted(Kind(), outcome, age());
}

}  // namespace raft
