// What servers tell each other about themselves, before anything else (the Greet RPC).
//
// Builds and reads greetings; decides nothing. Knows no gRPC. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "persistence/identity.h"
#include "raft/peer/v1/peer_service.pb.h"
#include "service/conversion/peer_identity.h"

namespace raft {

// A validated greeting, whichever way it went.
struct Greeting {
  ServerId from;
  std::uint64_t incarnation = 0;
  std::uint64_t process_nonce = 0;
  std::uint32_t state_machine_version = 0;
  std::uint64_t initial_members_hash = 0;         // meaningful while forming
  std::string client_address;                     // advertised; may be empty
  std::string peer_address;                       // advertised; may be empty
  std::optional<FoundingConfiguration> founding;  // none: the sender is forming
  std::string version;
  // The sender's configuration in force; none: it is forming, does not know it yet, or answers.
  std::optional<ClusterConfiguration> configuration;
  std::optional<StartingPoint> start;  // none: it is forming, or too old a version to say
  std::optional<Regress> regress;      // answers only: what the answerer holds against the greeter
  std::vector<std::uint64_t> doubled_processes;  // of the addressee's life (process_watch.h)

  bool is_forming() const { return !founding.has_value(); }
};

// Whether it says that the addressee's process with this nonce is one of two.
bool NamesAsDoubled(const Greeting& greeting, std::uint64_t process_nonce);

// `founding` null: this server is forming. An incarnation of 0 in `to`: not known yet. A formed
// server says what it started with. A request of one that knows its configuration carries that too:
// whom it lists belongs to the cluster.
void WriteGreeting(const LocalServer& local, const FoundingConfiguration* founding,
                   const ServerLife& to, peer::v1::GreetRequest& message);
void WriteGreeting(const HeaderRules& rules, const ServerLife& to, peer::v1::GreetRequest& message);
void WriteGreeting(const LocalServer& local, const FoundingConfiguration* founding,
                   const ServerLife& to, peer::v1::GreetResponse& message);
void WriteGreeting(const HeaderRules& rules, const ServerLife& to,
                   peer::v1::GreetResponse& message);
// Tells the greeter what is held against it.
void ToProto(const Regress& regress, peer::v1::GreetResponse& message);

// INVALID_ARGUMENT: an id, incarnation or nonce of 0, a cluster id that is neither the founding's
// nor empty, a damaged founding or configuration, forming and formed at once, a starting point that
// no data directory has. FAILED_PRECONDITION: no protocol version in common, or not addressed to
// `self`.
absl::StatusOr<Greeting> ReadGreeting(const peer::v1::GreetRequest& message, ServerId self);
absl::StatusOr<Greeting> ReadGreeting(const peer::v1::GreetResponse& message, ServerId self);

}  // namespace raft
