// Every error a client can see: code, a message that stands alone, and the reason for programs.
//
// The table of the README in code. The rule above all: UNAVAILABLE with our ErrorInfo means the
// call was certainly not appended and may be sent again as it is; an unknown outcome is never
// UNAVAILABLE (traps F9, F13). Building errors is pure; any thread.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/effects.h"
#include "raft/v1/error_details.pb.h"
#include "service/loop/status_board.h"

namespace grpc {
class ServerContextBase;
}

namespace raft {

struct ServiceError {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  const char* reason = "";  // ErrorInfo.reason, such as "NOT_LEADER"
  std::string message;
  std::vector<std::pair<std::string, std::string>> metadata = {};  // ErrorInfo.metadata
  std::optional<v1::LeaderHint> leader_hint = std::nullopt;
  // When a retry makes sense (RetryInfo, grpc-retry-pushback-ms); below 0: never by itself.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

// With StatusDetails as its error details.
grpc::Status ToStatus(const ServiceError& error);
// raft-leader-id, raft-leader-address, grpc-retry-pushback-ms. Before the call is finished.
void AddTrailers(const ServiceError& error, grpc::ServerContextBase& context);

enum class RequestKind : std::uint8_t { kProposal, kRead };

// The errors that need to know servers' addresses and times.
class ErrorBook {
 public:
  // `client_address_of` returns an empty string for a server it has not heard of; any thread.
  ErrorBook(std::function<std::string(ServerId)> client_address_of,
            std::chrono::milliseconds election_timeout_min)
      : client_address_of_(std::move(client_address_of)),
        no_leader_wait_(election_timeout_min / 4) {}

  // What the core decided.
  ServiceError Refused(const Refusal& refusal) const;
  // A hand-over came to another end than the one that was asked for. Requires: not kDone.
  ServiceError NotHandedOver(const TransferEnded& ended) const;
  // This server does not lead: NOT_LEADER with a hint, or NO_LEADER.
  ServiceError NotLeader(std::optional<ServerId> leader, Term term) const;
  // The cluster has not formed yet; `waiting_for` says what it waits for.
  ServiceError Forming(const std::string& waiting_for) const;
  // This server's state is not the cluster's; `other` may be asked instead.
  ServiceError StateDiverged(std::optional<ServerId> other, Term term) const;
  // This server stops. `appended`: the proposal is in the log and its outcome unknown.
  ServiceError ShuttingDown(std::optional<LogPosition> appended,
                            const std::optional<Leadership>& leadership) const;

 private:
  v1::LeaderHint HintAt(ServerId leader, Term term) const;
  ServiceError Transferring(const Refusal& refusal) const;

  const std::function<std::string(ServerId)> client_address_of_;
  const std::chrono::milliseconds no_leader_wait_;
};

// The errors that need to know nothing.
ServiceError NotSupported(const std::string& what);
// `judged` is not OK and comes from ValidateCommand or ValidateQuery.
ServiceError Invalid(const absl::Status& judged);
ServiceError CommandTooLarge(std::size_t bytes, std::size_t bytes_max);
// Too many clients wait, or too many bytes of theirs.
ServiceError TooManyWaiting();
ServiceError DeadlinePassed(RequestKind kind, std::optional<LogPosition> appended);
ServiceError CancelledByClient();
// A hand-over whose end nobody waited for: it may still come about. `why` begins the sentence.
ServiceError HandOverUnknown(grpc::StatusCode code, const char* why);

// --- Backups -----------------------------------------------------------------------------------

// The state cannot be read or written, says `failure`; this server is about to stop.
ServiceError Corrupt(const absl::Status& failure);
ServiceError TooManyBackups(std::size_t backups_max);
ServiceError TooManySnapshots();
// A snapshot is of an entry; a server that never heard of one has nothing that could be lost.
ServiceError NothingApplied();
ServiceError BackupStalled(std::chrono::milliseconds patience);
ServiceError BackupGivenUp();

}  // namespace raft
