#include "service/raftctl/call_outcome.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "raft/v1/error_details.pb.h"

namespace raft::ctl {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";
constexpr std::chrono::milliseconds kRetryDelayMax{1'000};

// An Any of ours names google.rpc types although our own messages of the same form decode it.
bool Unpack(const google::protobuf::Any& any, absl::string_view type,
            google::protobuf::MessageLite* message) {
  return any.type_url() == absl::StrCat(kTypeUrlPrefix, type) &&
         message->ParseFromString(any.value());
}

std::chrono::milliseconds BoundedDelay(const google::protobuf::Duration& delay) {
  // A server must not be able to put a client to sleep for a day.
  if (delay.seconds() < 0 || delay.nanos() < 0) return std::chrono::milliseconds(0);
  if (delay.seconds() >= 1) return kRetryDelayMax;
  return std::chrono::milliseconds(delay.nanos() / 1'000'000);
}

void ReadDetails(absl::string_view details, CallOutcome* outcome) {
  v1::StatusDetails status;
  if (details.empty() || !status.ParseFromArray(details.data(), static_cast<int>(details.size()))) {
    return;
  }
  for (const google::protobuf::Any& any : status.details()) {
    v1::ErrorInfo info;
    v1::RetryInfo retry;
    v1::LeaderHint hint;
    if (Unpack(any, "google.rpc.ErrorInfo", &info) && info.domain() == "raft.v1") {
      outcome->reason = info.reason();
    } else if (Unpack(any, "google.rpc.RetryInfo", &retry)) {
      outcome->retry_delay = BoundedDelay(retry.retry_delay());
    } else if (Unpack(any, "raft.v1.LeaderHint", &hint)) {
      outcome->leader_id = hint.leader_id();
      outcome->leader_address = hint.client_address();
    }
  }
}

bool IsTransportCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

Outcome Judge(absl::StatusCode code, absl::string_view reason) {
  if (code == absl::StatusCode::kOk) return Outcome::kSucceeded;
  if (reason == "OUTCOME_UNKNOWN") return Outcome::kUnknown;
  if (reason.empty()) return IsTransportCode(code) ? Outcome::kUnknown : Outcome::kRefused;
  if (code == absl::StatusCode::kUnavailable || reason == "OVERLOADED" || reason == "NOT_STARTED") {
    return Outcome::kNotStarted;
  }
  return IsTransportCode(code) ? Outcome::kUnknown : Outcome::kRefused;
}

}  // namespace

CallOutcome ClassifyCall(absl::StatusCode code, absl::string_view message,
                         absl::string_view details) {
  CallOutcome outcome;
  outcome.code = code;
  outcome.message = std::string(message);
  ReadDetails(details, &outcome);
  outcome.outcome = Judge(code, outcome.reason);
  return outcome;
}

std::string ShortCause(absl::string_view message) {
  const size_t colon = message.rfind(": ");
  std::string cause(colon == absl::string_view::npos ? message : message.substr(colon + 2));
  // "Connection refused" reads as part of a sentence; "DNS server" keeps its capitals.
  if (cause.size() > 1 && absl::ascii_islower(static_cast<unsigned char>(cause[1]))) {
    cause[0] = absl::ascii_tolower(static_cast<unsigned char>(cause[0]));
  }
  return cause.empty() ? "no reason given" : cause;
}

}  // namespace raft::ctl
