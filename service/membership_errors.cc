#include "service/membership_errors.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace raft {
namespace {

using grpc::StatusCode;

// A new leader commits its first entry about this soon.
constexpr std::chrono::milliseconds kNewLeaderWait{50};

}  // namespace

ServiceError ConfigurationMoved() {
  return {.code = StatusCode::ABORTED,
          .reason = "CONFIG_MOVED",
          .message =
              "the members have changed since they were looked at: look again (raftctl "
              "members list) and decide anew"};
}

ServiceError ChangeUnderWay() {
  return {.code = StatusCode::FAILED_PRECONDITION,
          .reason = "CHANGE_UNDER_WAY",
          .message =
              "a change of members is under way; wait until it is settled (raftctl members "
              "list)"};
}

ServiceError ChangeRefused(const Refusal& refusal) {
  switch (refusal.reason) {
    case RefusalReason::kTermNotCommitted:
      return {.code = StatusCode::UNAVAILABLE,
              .reason = "TERM_NOT_COMMITTED",
              .message = "this leader is new and has not committed an entry of its term yet",
              .retry_after = kNewLeaderWait};
    case RefusalReason::kConfigurationMoved:
      return ConfigurationMoved();
    case RefusalReason::kNoMajorityReachable: {
      const RefusedChange sum = refusal.refused_change.value_or(RefusedChange{});
      return {.code = StatusCode::FAILED_PRECONDITION,
              .reason = "NO_MAJORITY_REACHABLE",
              .message = absl::StrCat("the change would leave ", sum.voters, " voters, a majority ",
                                      "of which is ", sum.majority, ", but only ", sum.reachable,
                                      " of them answer: bring servers back or remove others first"),
              .metadata = {{"voters", absl::StrCat(sum.voters)},
                           {"majority", absl::StrCat(sum.majority)},
                           {"reachable", absl::StrCat(sum.reachable)}}};
    }
    case RefusalReason::kLearnerBehind: {
      const std::string id = absl::StrCat(refusal.silent_peer.value_or(ServerId()).value());
      return {.code = StatusCode::FAILED_PRECONDITION,
              .reason = "LEARNER_BEHIND",
              .message = absl::StrCat("server ", id, " does not keep up, and as a voter it would ",
                                      "hold everybody up: wait until its lag is small"),
              .metadata = {{"server_id", id}}};
    }
    default:
      return ChangeUnderWay();
  }
}

ServiceError TransferRefused(RefusalReason reason) {
  const auto refused = [](const char* name, const char* message) {
    return ServiceError{
        .code = StatusCode::FAILED_PRECONDITION, .reason = name, .message = message};
  };
  switch (reason) {
    case RefusalReason::kTransferToSelf:
      return refused("TRANSFER_TO_SELF", "this server leads already");
    case RefusalReason::kTargetNotVoter:
      return refused("TARGET_NOT_VOTER",
                     "leadership goes to a voter that stays; the target is no member, a learner, "
                     "or about to leave");
    case RefusalReason::kTargetUnreachable:
      return refused("TARGET_UNREACHABLE",
                     "no such server has answered within an election timeout; nothing was changed");
    default:
      return {.code = StatusCode::ABORTED,
              .reason = "TRANSFER_UNDER_WAY",
              .message = "leadership is being handed over already; one at a time"};
  }
}

}  // namespace raft
