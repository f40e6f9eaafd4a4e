#include "service/conversion/greeting.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/conversion/founding_conversion.h"
#include "service/conversion/message_rules.h"

namespace raft {
namespace {

// GreetRequest and GreetResponse have the same fields on purpose: both sides say the same.
template <typename Message>
void Write(const LocalServer& local, const FoundingConfiguration* founding, const ServerLife& to,
           Message& message) {
  message.Clear();
  peer::v1::PeerHeader& header = *message.mutable_header();
  if (founding != nullptr) header.set_cluster_id(founding->cluster_id);
  header.set_from(local.server_id.value());
  header.set_to(to.server_id.value());
  header.set_incarnation(local.incarnation);
  header.set_to_incarnation(to.incarnation);
  header.set_process_nonce(local.process_nonce);
  header.set_protocol_version(kPeerProtocolVersion);
  message.set_protocol_version_min(kPeerProtocolVersion);
  message.set_protocol_version_max(kPeerProtocolVersion);
  message.set_state_machine_version(kStateMachineVersion);
  message.set_forming(founding == nullptr);
  message.set_initial_members_hash(local.initial_members_hash);
  message.set_client_address(local.client_address);
  message.set_peer_address(local.peer_address);
  if (founding != nullptr) ToProto(*founding, *message.mutable_founding());
  message.set_version(local.version);
}

void ToProto(const StartingPoint& start, peer::v1::StartingPoint& message) {
  message.set_term(start.term.value());
  message.set_last_log_index(start.last_log.index.value());
  message.set_last_log_term(start.last_log.term.value());
}

// Of a formed server.
template <typename Message>
void WriteFormed(const HeaderRules& rules, const ServerLife& to, Message& message) {
  Write(rules.local(), &rules.founding(), to, message);
  rules.StampMoments(to, *message.mutable_header());
  if (const auto start = rules.start()) ToProto(*start, *message.mutable_start());
  for (const std::uint64_t nonce : rules.processes().DoubledProcesses(to)) {
    message.add_doubled_processes(nonce);
  }
}

template <typename Message>
absl::Status CheckSender(const Message& message, ServerId self) {
  const peer::v1::PeerHeader& header = message.header();
  if (header.from() == 0 || header.incarnation() == 0 || header.process_nonce() == 0) {
    return absl::InvalidArgumentError(
        "MALFORMED: greeting without the sender's id, incarnation or process nonce");
  }
  if (message.protocol_version_min() > kPeerProtocolVersion ||
      message.protocol_version_max() < kPeerProtocolVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "PROTOCOL_VERSION: server ", header.from(), " speaks peer protocol ",
        message.protocol_version_min(), " to ", message.protocol_version_max(),
        ", this server speaks ", kPeerProtocolVersion, "; upgrade the older of the two"));
  }
  if (header.to() != self.value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("NOT_ADDRESSEE: server ", header.from(), " greets server ", header.to(),
                     ", this is server ", self.value(), "; check the addresses"));
  }
  if (header.from() == self.value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "UNKNOWN_MEMBER: a greeting to server ", self.value(),
        " that claims to come from it too; an advertised peer address leads back to this server"));
  }
  return absl::OkStatus();
}

template <typename Message>
absl::StatusOr<std::optional<FoundingConfiguration>> ReadFounding(const Message& message) {
  const std::string& cluster_id = message.header().cluster_id();
  if (message.forming() == message.has_founding()) {
    return absl::InvalidArgumentError(
        "MALFORMED: greeting is of a forming server with a founding, or of a formed one without");
  }
  if (message.forming()) {
    if (!cluster_id.empty()) {
      return absl::InvalidArgumentError(
          "MALFORMED: greeting of a forming server with a cluster id");
    }
    return std::nullopt;
  }
  absl::StatusOr<FoundingConfiguration> founding = FromProto(message.founding());
  if (!founding.ok()) return founding.status();
  if (cluster_id != founding->cluster_id) {
    return absl::InvalidArgumentError("MALFORMED: greeting with two different cluster ids");
  }
  return std::optional(*std::move(founding));
}

// The log of a server holds no entry of a term that the server has not promised.
absl::StatusOr<StartingPoint> ReadStart(const peer::v1::StartingPoint& message) {
  Rules rules("greeting");
  RequirePosition(rules, "start.last_log", message.last_log_index(), message.last_log_term());
  rules.Require(message.term() <= kNumberMax, "start.term ", message.term(), " is above ",
                kNumberMax, ", which no honest cluster reaches");
  rules.Require(message.last_log_term() <= message.term(), "start.last_log_term ",
                message.last_log_term(), " is above start.term ", message.term());
  if (rules.broken()) {
    return absl::InvalidArgumentError(absl::StrCat("MALFORMED: ", rules.status().message()));
  }
  return StartingPoint{.term = Term(message.term()),
                       .last_log = {.index = LogIndex(message.last_log_index()),
                                    .term = Term(message.last_log_term())}};
}

// Whoever is told one ends its process, so the figures must be possible and contradict each other.
absl::StatusOr<Regress> ReadRegress(const peer::v1::Regress& message) {
  const absl::StatusOr<StartingPoint> start = ReadStart(message.start());
  if (!start.ok()) return start.status();
  const bool are_possible = message.proven_term() <= kNumberMax &&
                            message.match_term() <= message.proven_term() &&
                            message.match_index() <= kNumberMax;
  const std::optional<Regress> regress =
      FindRegress({.term = Term(message.proven_term()),
                   .match_term = Term(message.match_term()),
                   .match_index = LogIndex(message.match_index())},
                  *start);
  if (are_possible && regress) return *regress;
  return absl::InvalidArgumentError("MALFORMED: greeting with a regress that is none");
}

template <typename Message>
absl::StatusOr<Greeting> Read(const Message& message, ServerId self) {
  if (absl::Status status = CheckSender(message, self); !status.ok()) return status;
  absl::StatusOr<std::optional<FoundingConfiguration>> founding = ReadFounding(message);
  if (!founding.ok()) return founding.status();
  const absl::StatusOr<StartingPoint> start = ReadStart(message.start());
  if (!start.ok()) return start.status();
  const auto& doubled = message.doubled_processes();
  const auto doubled_end =
      doubled.begin() + std::min<std::ptrdiff_t>(doubled.size(), ProcessWatch::kProcessesMax);
  return Greeting{.from = ServerId(message.header().from()),
                  .incarnation = message.header().incarnation(),
                  .process_nonce = message.header().process_nonce(),
                  .state_machine_version = message.state_machine_version(),
                  .initial_members_hash = message.initial_members_hash(),
                  .client_address = message.client_address(),
                  .peer_address = message.peer_address(),
                  .founding = *std::move(founding),
                  .version = message.version(),
                  .configuration = std::nullopt,
                  .start = message.has_start() ? std::optional(*start) : std::nullopt,
                  .regress = std::nullopt,
                  .doubled_processes = {doubled.begin(), doubled_end}};
}

}  // namespace

bool NamesAsDoubled(const Greeting& greeting, std::uint64_t process_nonce) {
  const auto& doubled = greeting.doubled_processes;
  return std::find(doubled.begin(), doubled.end(), process_nonce) != doubled.end();
}

void WriteGreeting(const LocalServer& local, const FoundingConfiguration* founding,
                   const ServerLife& to, peer::v1::GreetRequest& message) {
  Write(local, founding, to, message);
}

void WriteGreeting(const HeaderRules& rules, const ServerLife& to,
                   peer::v1::GreetRequest& message) {
  WriteFormed(rules, to, message);
  const std::shared_ptr<const ClusterConfiguration> configuration = rules.configuration();
  if (!configuration->members().empty()) message.set_configuration(configuration->Encode());
}

void WriteGreeting(const LocalServer& local, const FoundingConfiguration* founding,
                   const ServerLife& to, peer::v1::GreetResponse& message) {
  Write(local, founding, to, message);
}

void WriteGreeting(const HeaderRules& rules, const ServerLife& to,
                   peer::v1::GreetResponse& message) {
  WriteFormed(rules, to, message);
}

void ToProto(const Regress& regress, peer::v1::GreetResponse& message) {
  peer::v1::Regress& told = *message.mutable_regress();
  told.set_proven_term(regress.proven.term.value());
  told.set_match_term(regress.proven.match_term.value());
  told.set_match_index(regress.proven.match_index.value());
  ToProto(regress.start, *told.mutable_start());
}

absl::StatusOr<Greeting> ReadGreeting(const peer::v1::GreetRequest& message, ServerId self) {
  absl::StatusOr<Greeting> greeting = Read(message, self);
  if (!greeting.ok() || message.configuration().empty()) return greeting;
  greeting->configuration = ClusterConfiguration::Decode(message.configuration());
  if (greeting->is_forming() || !greeting->configuration) {
    return absl::InvalidArgumentError(
        "MALFORMED: greeting with a configuration that makes no sense, or of a forming server");
  }
  return greeting;
}

absl::StatusOr<Greeting> ReadGreeting(const peer::v1::GreetResponse& message, ServerId self) {
  absl::StatusOr<Greeting> greeting = Read(message, self);
  if (!greeting.ok() || !message.has_regress()) return greeting;
  const absl::StatusOr<Regress> regress = ReadRegress(message.regress());
  if (!regress.ok()) return regress.status();
  greeting->regress = *regress;
  return greeting;
}

}  // namespace raft
