#include "service/raftctl/cluster_commands.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/json.h"
#include "service/raftctl/members_view.h"
#include "service/raftctl/status_view.h"

namespace raft::ctl {
namespace {

constexpr char kGetStatus[] = "/raft.v1.ClusterService/GetStatus";
constexpr char kListMembers[] = "/raft.v1.ClusterService/ListMembers";
constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";
constexpr std::uint64_t kServing = 1;  // grpc.health.v1.HealthCheckResponse.SERVING

std::string FailureOf(const CallOutcome& outcome) {
  if (outcome.code == absl::StatusCode::kDeadlineExceeded) return "no answer in time";
  return outcome.reason.empty() ? ShortCause(outcome.message) : outcome.message;
}

// One connection to each endpoint, kept between rounds of --watch.
class Servers {
 public:
  explicit Servers(const GlobalOptions& global) : global_(global) {
    for (const std::string& endpoint : global.endpoints) {
      connections_.push_back(std::make_unique<Connection>(endpoint));
    }
  }

  // Sends `request` to every server at once and fills `responses`, one per server. Returns false
  // when interrupted.
  template <typename Response>
  bool AskAll(const char* method, const google::protobuf::MessageLite& request,
              std::vector<Response>* responses, std::vector<CallOutcome>* outcomes) {
    responses->resize(connections_.size());
    outcomes->resize(connections_.size());
    size_t left = connections_.size();
    for (size_t server = 0; server < connections_.size(); ++server) {
      engine_.Start(connections_[server].get(), method, request, &(*responses)[server],
                    Clock::now() + global_.timeout,
                    [&left, outcome = &(*outcomes)[server]](const CallOutcome& answer) {
                      *outcome = answer;
                      --left;
                    });
    }
    if (engine_.Run([&left] { return left == 0; })) return true;
    engine_.CancelAll();
    return false;
  }
  // Returns false when interrupted.
  bool Wait(Clock::duration duration) {
    const Clock::time_point end = Clock::now() + duration;
    engine_.At(end, [] {});
    return engine_.Run([end] { return Clock::now() >= end; });
  }

 private:
  const GlobalOptions& global_;
  CallEngine engine_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

// Returns false when interrupted.
bool AskStatus(Servers* servers, const GlobalOptions& global, bool verify_digest,
               std::vector<ServerAnswer>* answers) {
  v1::GetStatusRequest request;
  request.set_verify_digest(verify_digest);
  std::vector<v1::GetStatusResponse> responses;
  std::vector<CallOutcome> outcomes;
  if (!servers->AskAll(kGetStatus, request, &responses, &outcomes)) return false;
  answers->clear();
  for (size_t server = 0; server < responses.size(); ++server) {
    const bool answered = outcomes[server].outcome == Outcome::kSucceeded;
    answers->push_back({.endpoint = global.endpoints[server],
                        .answered = answered,
                        .failure = answered ? "" : FailureOf(outcomes[server]),
                        .status = responses[server]});
  }
  return true;
}

void PrintStatus(const GlobalOptions& global, const StatusOptions& options,
                 const std::vector<ServerAnswer>& answers) {
  const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  std::string text =
      global.output == OutputFormat::kJson ? StatusJson(answers) + "\n" : StatusTable(answers);
  if (options.watch && global.output == OutputFormat::kTable) {
    // Home and clear to the end on a terminal; rounds apart from each other elsewhere.
    text = on_terminal ? absl::StrCat("\x1b[H\x1b[J", text) : absl::StrCat(text, "\n");
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// The health protocol's messages are one field each. Building them from unknown fields spares us
// generated code whose names another library in the process may have registered.
google::protobuf::Empty HealthRequest(const std::string& service) {
  google::protobuf::Empty request;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, service);
  return request;
}

bool Serves(const google::protobuf::Empty& response) {
  const auto& fields = response.GetReflection()->GetUnknownFields(response);
  for (int field = 0; field < fields.field_count(); ++field) {
    const google::protobuf::UnknownField& status = fields.field(field);
    if (status.number() == 1 && status.type() == google::protobuf::UnknownField::TYPE_VARINT) {
      return status.varint() == kServing;
    }
  }
  return false;
}

std::string DescribeHealth(const CallOutcome& outcome, bool serves) {
  if (serves) return "serving";
  if (outcome.outcome == Outcome::kSucceeded) return "not serving";
  if (outcome.code == absl::StatusCode::kNotFound) return "no such service";
  return FailureOf(outcome);
}

}  // namespace

int RunStatus(const GlobalOptions& global, const StatusOptions& options) {
  Servers servers(global);
  std::vector<ServerAnswer> answers;
  do {
    if (!AskStatus(&servers, global, options.verify_digest, &answers)) return kExitInterrupted;
    PrintStatus(global, options, answers);
    if (options.watch && !servers.Wait(options.interval)) return kExitInterrupted;
  } while (options.watch);
  return StatusVerdict(answers);
}

int RunMembersList(const GlobalOptions& global) {
  Servers servers(global);
  std::vector<v1::ListMembersResponse> responses;
  std::vector<CallOutcome> outcomes;
  if (!servers.AskAll(kListMembers, v1::ListMembersRequest(), &responses, &outcomes)) {
    return FailInterrupted("members list", Effect::kReads);
  }
  std::string failures;
  bool anyone_answered = false;  // With a refusal of its own, such as: the cluster is forming.
  const v1::ListMembersResponse* newest = nullptr;
  for (size_t server = 0; server < responses.size(); ++server) {
    if (outcomes[server].outcome == Outcome::kSucceeded) {
      const v1::ListMembersResponse& response = responses[server];
      if (newest == nullptr || newest->config_index() < response.config_index()) newest = &response;
      continue;
    }
    anyone_answered |= !outcomes[server].reason.empty();
    absl::StrAppend(&failures, "; server at ", global.endpoints[server], ": ",
                    FailureOf(outcomes[server]));
  }
  if (newest != nullptr) {
    PrintMembers(global.output, *newest);
    return kExitOk;
  }
  if (anyone_answered) {
    return Fail(
        {kExitNoLeader, absl::StrCat("no server knows the members (asked ", responses.size(),
                                     failures, "). Try: raftctl status")});
  }
  return Fail(
      {kExitCannotConnect, absl::StrCat("no server answered (asked ", responses.size(), failures,
                                        "). Check --endpoints and that the servers run.")});
}

int RunHealth(const GlobalOptions& global, const std::string& service) {
  Servers servers(global);
  std::vector<google::protobuf::Empty> responses;
  std::vector<CallOutcome> outcomes;
  if (!servers.AskAll(kHealthCheck, HealthRequest(service), &responses, &outcomes)) {
    return kExitInterrupted;
  }
  bool all_serve = true;
  for (size_t server = 0; server < responses.size(); ++server) {
    const bool serves =
        outcomes[server].outcome == Outcome::kSucceeded && Serves(responses[server]);
    all_serve &= serves;
    const std::string description = DescribeHealth(outcomes[server], serves);
    if (global.output == OutputFormat::kJson) {
      std::printf("{\"endpoint\":%s,\"healthy\":%s,\"status\":%s}\n",
                  JsonString(global.endpoints[server]).c_str(), serves ? "true" : "false",
                  JsonString(description).c_str());
    } else {
      std::printf("%s: %s\n", global.endpoints[server].c_str(), description.c_str());
    }
  }
  return all_serve ? kExitOk : kExitFailed;
}

}  // namespace raft::ctl
