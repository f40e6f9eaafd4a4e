// Who may speak to whom: the rules of PeerHeader.
//
// Every message between servers names its cluster, its sender and addressee and the lives of their
// data directories. One that does not fit this server's founding configuration changes nothing but
// a counter, so that a re-used address, an emptied disk or another cluster cannot vote here (traps
// D10, D11, D13, I14, I15, I16). Knows headers only. Immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/types.h"
#include "persistence/identity.h"
#include "raft/peer/v1/peer_service.pb.h"

namespace raft {

// The peer protocol this version speaks, and the kinds of entries it can apply.
inline constexpr std::uint32_t kPeerProtocolVersion = 1;
inline constexpr std::uint32_t kStateMachineVersion = 1;

// This process in its data directory, as it presents itself to peers.
struct LocalServer {
  ServerId server_id;
  std::uint64_t incarnation = 0;           // of the data directory
  std::uint64_t process_nonce = 0;         // DrawProcessNonce(), once a process
  std::uint64_t initial_members_hash = 0;  // compared while the cluster forms
  std::string client_address;              // advertised
  std::string peer_address;                // advertised
  std::string version;                     // of the program, for logs
};

// A random number, never 0, for LocalServer::process_nonce.
std::uint64_t DrawProcessNonce();

// Why a message was not looked at further. The order is the order of the checks.
enum class HeaderProblem : std::uint8_t {
  kMalformed,             // an id, incarnation, nonce or number of 0
  kProtocolVersion,       // speaks a protocol this version does not
  kOtherCluster,          // another cluster id
  kNotAddressee,          // addressed to another server
  kUnknownMember,         // the sender is not in the configuration, or claims to be this server
  kSenderIncarnation,     // another life of the sender's data directory
  kAddresseeIncarnation,  // meant for another life of this server's data directory
};
inline constexpr int kHeaderProblemCount = 7;
// Lower-case words for metrics and logs: "other_cluster".
const char* ToString(HeaderProblem problem);

struct HeaderRefusal {
  HeaderProblem problem;
  std::string message;  // what is wrong, and where to look
};

class HeaderRules {
 public:
  // Requires: `founding` lists `local` with its incarnation.
  HeaderRules(const LocalServer& local, const FoundingConfiguration& founding);

  // None: the message comes from a member of this cluster, in its founding life, and is for us.
  std::optional<HeaderRefusal> Refuse(const peer::v1::PeerHeader& header) const;
  // The same for an answer to a request that was sent to `asked`; the number is compared by
  // CheckAnswer (message_conversion.h).
  std::optional<HeaderRefusal> RefuseAnswer(const peer::v1::PeerHeader& header,
                                            ServerId asked) const;

  // Fills everything but request_number. Requires: `to` is a member.
  void Stamp(ServerId to, peer::v1::PeerHeader& header) const;

  const LocalServer& local() const { return local_; }
  const FoundingConfiguration& founding() const { return founding_; }

 private:
  const LocalServer local_;
  const FoundingConfiguration founding_;
};

}  // namespace raft
