#include "service/raftctl/failure_report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace raft::ctl {
namespace {

FailureReport ReportNotStarted(const LeaderCallResult& result,
                               const std::vector<ServerReach>& reach) {
  const CallOutcome& outcome = result.outcome;
  if (outcome.reason == "OVERLOADED") {
    return {kExitFailed, absl::StrCat("the leader is overloaded: ", outcome.message,
                                      ". Nothing happened. Try again with less load.")};
  }
  const std::string why = outcome.reason.empty() || outcome.reason == "NO_LEADER"
                              ? ""
                              : absl::StrCat("; the last answer: ", outcome.message);
  return {kExitNoLeader,
          absl::StrCat("no leader (", DescribeReach(reach), why, "). Try: raftctl status")};
}

FailureReport ReportRefused(const std::string& what, const CallOutcome& outcome) {
  const bool precondition = outcome.code == absl::StatusCode::kFailedPrecondition ||
                            outcome.code == absl::StatusCode::kAborted;
  const std::string reason = outcome.reason.empty() ? "" : absl::StrCat(" [", outcome.reason, "]");
  return {precondition ? kExitPrecondition : kExitFailed,
          absl::StrCat(what, " was refused: ", outcome.message, reason)};
}

FailureReport ReportUnknown(const std::string& what, Effect effect, const LeaderCallResult& result,
                            const std::vector<ServerReach>& reach) {
  const std::string& why = result.outcome.message;
  if (effect == Effect::kReads) {
    return {kExitUnknownOutcome,
            absl::StrCat(what, " was not answered in time (", DescribeReach(reach),
                         "; the last error: ", why, "). Try: raftctl status")};
  }
  return {kExitUnknownOutcome,
          absl::StrCat("the outcome of ", what, " is unknown: it may have happened, or may still (",
                       why, "). Read before you repeat it.")};
}

}  // namespace

FailureReport ReportFailure(const std::string& what, Effect effect, const LeaderCallResult& result,
                            const std::vector<ServerReach>& reach) {
  if (result.outcome.outcome == Outcome::kUnknown)
    return ReportUnknown(what, effect, result, reach);
  if (result.ending == Ending::kNobodyReached) {
    return {kExitCannotConnect, absl::StrCat("cannot connect (", DescribeReach(reach),
                                             "). Check --endpoints and that the servers run.")};
  }
  if (result.outcome.outcome == Outcome::kRefused) return ReportRefused(what, result.outcome);
  return ReportNotStarted(result, reach);
}

std::string DescribeReach(const std::vector<ServerReach>& reach) {
  size_t asked = 0;
  std::string unreachable;
  for (const ServerReach& server : reach) {
    if (server.asked) ++asked;
    if (server.asked && !server.reachable) {
      absl::StrAppend(&unreachable, "; server at ", server.address,
                      " unreachable: ", server.failure);
    }
  }
  return absl::StrCat("asked ", asked, " of ", reach.size(),
                      reach.size() == 1 ? " server" : " servers", unreachable);
}

int Fail(const FailureReport& report) {
  std::fprintf(stderr, "error: %s\n", report.sentence.c_str());
  return report.code;
}

int FailInterrupted(const std::string& what, Effect effect) {
  const char* const doubt =
      effect == Effect::kReads ? "" : ": it may have happened, or may still happen";
  return Fail({kExitInterrupted, absl::StrCat(what, " was interrupted", doubt)});
}

}  // namespace raft::ctl
