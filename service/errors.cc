#include "service/errors.h"

#include <grpcpp/server_context.h>

#include "absl/strings/str_cat.h"
#include "google/protobuf/any.pb.h"
#include "service/membership_errors.h"

namespace raft {
namespace {

using grpc::StatusCode;
using std::chrono::milliseconds;

constexpr milliseconds kOverloadedWait{50};
constexpr milliseconds kTransferringWait{10};
constexpr milliseconds kBackupWait{1000};
constexpr milliseconds kNever{-1};

// The stock decoders of other languages look for google.rpc's type URLs (error_details.proto).
void Attach(const google::protobuf::Message& detail, const char* type_name,
            v1::StatusDetails& details) {
  google::protobuf::Any* any = details.add_details();
  any->set_type_url(absl::StrCat("type.googleapis.com/", type_name));
  detail.SerializeToString(any->mutable_value());
}

std::vector<std::pair<std::string, std::string>> Place(const LogPosition& position) {
  return {{"index", absl::StrCat(position.index.value())},
          {"term", absl::StrCat(position.term.value())}};
}

ServiceError LogFull(const Refusal& refusal) {
  std::string cause;
  std::vector<std::pair<std::string, std::string>> metadata;
  if (refusal.silent_peer) {
    metadata.emplace_back("silent_server_id", absl::StrCat(refusal.silent_peer->value()));
    cause = absl::StrCat("; server ", refusal.silent_peer->value(),
                         " does not answer and holds it up: bring it back");
  }
  return {.code = StatusCode::RESOURCE_EXHAUSTED,
          .reason = "LOG_FULL",
          .message = absl::StrCat("the log has reached --log-bytes-max", cause),
          .metadata = std::move(metadata),
          .retry_after = kNever};
}

ServiceError OutcomeUnknown(StatusCode code, const char* why, const LogPosition& appended) {
  return {.code = code,
          .reason = "OUTCOME_UNKNOWN",
          .message = absl::StrCat(why, " after the proposal was appended at index ",
                                  appended.index.value(), " (term ", appended.term.value(),
                                  "): it may or may not take effect. Read before you repeat it"),
          .metadata = Place(appended)};
}

}  // namespace

grpc::Status ToStatus(const ServiceError& error) {
  v1::StatusDetails details;
  details.set_code(error.code);
  details.set_message(error.message);
  v1::ErrorInfo info;
  info.set_reason(error.reason);
  info.set_domain("raft.v1");
  for (const auto& [key, value] : error.metadata) (*info.mutable_metadata())[key] = value;
  Attach(info, "google.rpc.ErrorInfo", details);
  if (error.retry_after && *error.retry_after >= milliseconds::zero()) {
    v1::RetryInfo retry;
    const auto delay_ms = error.retry_after->count();
    retry.mutable_retry_delay()->set_seconds(delay_ms / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int>(delay_ms % 1000) * 1'000'000);
    Attach(retry, "google.rpc.RetryInfo", details);
  }
  if (error.leader_hint) Attach(*error.leader_hint, "raft.v1.LeaderHint", details);
  return {error.code, error.message, details.SerializeAsString()};
}

void AddTrailers(const ServiceError& error, grpc::ServerContextBase& context) {
  if (error.leader_hint && error.leader_hint->leader_id() != 0) {
    context.AddTrailingMetadata("raft-leader-id", absl::StrCat(error.leader_hint->leader_id()));
    if (!error.leader_hint->client_address().empty()) {
      context.AddTrailingMetadata("raft-leader-address", error.leader_hint->client_address());
    }
  }
  if (error.retry_after) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(error.retry_after->count()));
  }
}

v1::LeaderHint ErrorBook::HintAt(ServerId leader, Term term) const {
  v1::LeaderHint hint;
  hint.set_leader_id(leader.value());
  hint.set_client_address(client_address_of_(leader));
  hint.set_term(term.value());
  return hint;
}

ServiceError ErrorBook::NotLeader(std::optional<ServerId> leader, Term term) const {
  if (!leader) {
    return {.code = StatusCode::UNAVAILABLE,
            .reason = "NO_LEADER",
            .message = absl::StrCat("no leader is known (term ", term.value(),
                                    "): an election is under way or a majority is out of reach"),
            .retry_after = no_leader_wait_};
  }
  const v1::LeaderHint hint = HintAt(*leader, term);
  const std::string where = hint.client_address().empty()
                                ? ", whose client address is not known here yet"
                                : absl::StrCat(" at ", hint.client_address());
  return {.code = StatusCode::UNAVAILABLE,
          .reason = "NOT_LEADER",
          .message = absl::StrCat("not leader; leader is server ", leader->value(), where,
                                  " (term ", term.value(), ")"),
          .leader_hint = hint,
          .retry_after = milliseconds(1)};
}

ServiceError ErrorBook::Transferring(const Refusal& refusal) const {
  ServiceError error{.code = StatusCode::UNAVAILABLE,
                     .reason = "TRANSFERRING",
                     .message = "this leader is handing over",
                     .retry_after = kTransferringWait};
  if (refusal.leader_hint) {
    absl::StrAppend(&error.message, " to server ", refusal.leader_hint->value());
    error.leader_hint = HintAt(*refusal.leader_hint, refusal.current_term);
  }
  return error;
}

ServiceError ErrorBook::StateDiverged(std::optional<ServerId> other, Term term) const {
  ServiceError error{.code = StatusCode::UNAVAILABLE,
                     .reason = "STATE_DIVERGED",
                     .message =
                         "this server's state differs from the majority's, and it answers "
                         "nothing until a snapshot has replaced it; ask another server",
                     .retry_after = no_leader_wait_};
  if (other) {
    error.leader_hint = HintAt(*other, term);
    error.retry_after = milliseconds(1);
  }
  return error;
}

ServiceError ErrorBook::NotHandedOver(const TransferEnded& ended) const {
  if (ended.outcome == TransferOutcome::kOtherLeads && ended.leader) {
    return {
        .code = StatusCode::ABORTED,
        .reason = "OTHER_LEADER",
        .message = absl::StrCat("server ", ended.leader->value(), " became leader instead (term ",
                                ended.current_term.value(), ")"),
        .leader_hint = HintAt(*ended.leader, ended.current_term)};
  }
  return {.code = StatusCode::ABORTED,
          .reason = "NOT_TAKEN_OVER",
          .message = absl::StrCat("the target did not become leader in time (term ",
                                  ended.current_term.value(), "); this server may still lead")};
}

ServiceError ErrorBook::Refused(const Refusal& refusal) const {
  const std::uint64_t term = refusal.current_term.value();
  switch (refusal.reason) {
    case RefusalReason::kNotLeader:
    case RefusalReason::kLeadershipLost:
      return NotLeader(refusal.leader_hint, refusal.current_term);
    case RefusalReason::kNoQuorum:
      return {.code = StatusCode::UNAVAILABLE,
              .reason = "NO_QUORUM",
              .message = absl::StrCat("the leader of term ", term,
                                      " no longer hears from a majority of the servers"),
              .retry_after = no_leader_wait_};
    case RefusalReason::kTermMoved:
      return {.code = StatusCode::ABORTED,
              .reason = "TERM_MOVED",
              .message = absl::StrCat("expected_term is not the current term, which is ", term),
              .metadata = {{"current_term", absl::StrCat(term)}}};
    case RefusalReason::kOverloaded:
      return {.code = StatusCode::RESOURCE_EXHAUSTED,
              .reason = "OVERLOADED",
              .message =
                  "too many bytes are proposed and not yet committed "
                  "(--uncommitted-bytes-max); send the call again a little later",
              .retry_after = kOverloadedWait};
    case RefusalReason::kTransferring:
      return Transferring(refusal);
    case RefusalReason::kStateDiverged:
      return StateDiverged(refusal.leader_hint, refusal.current_term);
    case RefusalReason::kTermNotCommitted:
    case RefusalReason::kConfigurationMoved:
    case RefusalReason::kChangeUnderWay:
    case RefusalReason::kNoMajorityReachable:
    case RefusalReason::kLearnerBehind:
      return ChangeRefused(refusal);
    case RefusalReason::kTransferToSelf:
    case RefusalReason::kTargetNotVoter:
    case RefusalReason::kTargetUnreachable:
    case RefusalReason::kTransferUnderWay:
      return TransferRefused(refusal.reason);
    case RefusalReason::kLogFull:
      return LogFull(refusal);
  }
  return {.reason = "INTERNAL", .message = "refused for a reason without a name"};
}
ServiceError ErrorBook::Forming(const std::string& waiting_for) const {
  return {.code = StatusCode::UNAVAILABLE,
          .reason = "NO_LEADER",
          .message = absl::StrCat("the cluster is forming; waiting for ",
                                  waiting_for.empty() ? "this server to start" : waiting_for),
          .retry_after = no_leader_wait_};
}

ServiceError ErrorBook::ShuttingDown(std::optional<LogPosition> appended,
                                     const std::optional<Leadership>& leadership) const {
  if (appended) return OutcomeUnknown(StatusCode::UNKNOWN, "this server stopped", *appended);
  ServiceError error{.code = StatusCode::UNAVAILABLE,
                     .reason = "SHUTTING_DOWN",
                     .message = "this server is stopping; send the call to another one",
                     .retry_after = milliseconds(1)};
  if (leadership && leadership->other_leader()) {
    error.leader_hint = HintAt(*leadership->other_leader(), leadership->term);
  }
  return error;
}

ServiceError NotSupported(const std::string& what) {
  return {.code = StatusCode::UNIMPLEMENTED,
          .reason = "NOT_SUPPORTED",
          .message = absl::StrCat(what, " is not supported by this version")};
}

ServiceError Invalid(const absl::Status& judged) {
  if (judged.code() == absl::StatusCode::kUnimplemented) {
    return {.code = StatusCode::UNIMPLEMENTED,
            .reason = "NOT_SUPPORTED",
            .message = std::string(judged.message())};
  }
  return {.code = StatusCode::INVALID_ARGUMENT,
          .reason = "INVALID_REQUEST",
          .message = std::string(judged.message())};
}

ServiceError CommandTooLarge(std::size_t bytes, std::size_t bytes_max) {
  return {.code = StatusCode::INVALID_ARGUMENT,
          .reason = "COMMAND_TOO_LARGE",
          .message = absl::StrCat("the command has ", bytes, " bytes, more than the limit of ",
                                  bytes_max, " (--command-bytes-max)"),
          .metadata = {{"limit", absl::StrCat(bytes_max)}}};
}

ServiceError TooManyWaiting() {
  return {.code = StatusCode::RESOURCE_EXHAUSTED,
          .reason = "OVERLOADED",
          .message =
              "too many clients wait for this server (--pending-calls-max, "
              "--pending-bytes-max); send the call again a little later",
          .retry_after = kOverloadedWait};
}

ServiceError DeadlinePassed(RequestKind kind, std::optional<LogPosition> appended) {
  if (appended) {
    return OutcomeUnknown(StatusCode::DEADLINE_EXCEEDED, "the deadline passed", *appended);
  }
  const char* what = kind == RequestKind::kRead
                         ? "the deadline passed before the read could be answered"
                         : "the deadline passed before the proposal was appended: it certainly "
                           "does not take effect";
  return {.code = StatusCode::DEADLINE_EXCEEDED, .reason = "NOT_STARTED", .message = what};
}

ServiceError CancelledByClient() {
  return {.code = StatusCode::CANCELLED,
          .reason = "OUTCOME_UNKNOWN",
          .message = "the client gave up; a proposal that was appended goes on"};
}

ServiceError HandOverUnknown(StatusCode code, const char* why) {
  return {.code = code,
          .reason = "OUTCOME_UNKNOWN",
          .message = absl::StrCat(why,
                                  " before the end of the hand-over was known: another server "
                                  "may lead now, or soon. Look (raftctl status) before you "
                                  "repeat it")};
}

// --- Backups -----------------------------------------------------------------------------------

ServiceError Corrupt(const absl::Status& failure) {
  return {.code = StatusCode::DATA_LOSS,
          .reason = "CORRUPT",
          .message = std::string(failure.message())};
}

ServiceError TooManyBackups(std::size_t backups_max) {
  return {.code = StatusCode::RESOURCE_EXHAUSTED,
          .reason = "OVERLOADED",
          .message = absl::StrCat(backups_max,
                                  " backups are being taken of this server; ask another server, "
                                  "or this one when they are done"),
          .retry_after = kBackupWait};
}

ServiceError TooManySnapshots() {
  return {.code = StatusCode::RESOURCE_EXHAUSTED,
          .reason = "OVERLOADED",
          .message =
              "many clients wait until this server's state is durable; send the call again a "
              "little later",
          .retry_after = kOverloadedWait};
}

ServiceError NothingApplied() {
  return {.code = StatusCode::FAILED_PRECONDITION,
          .reason = "NOTHING_APPLIED",
          .message = "this server has applied no entry yet, so there is nothing to back up"};
}

ServiceError BackupStalled(milliseconds patience) {
  return {.code = StatusCode::DEADLINE_EXCEEDED,
          .reason = "STALLED",
          .message = absl::StrCat("the client let the backup wait for ", patience.count(),
                                  " ms (--snapshot-stall-timeout-ms)")};
}

ServiceError BackupGivenUp() {
  return {.code = StatusCode::CANCELLED,
          .reason = "CANCELLED",
          .message = "the client gave the backup up"};
}

}  // namespace raft
