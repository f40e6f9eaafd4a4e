// Who may speak to whom: the rules of PeerHeader.
//
// Every message between servers names its cluster, its sender and addressee and the lives of their
// data directories. One that does not fit changes nothing but a counter, so that a re-used address,
// an emptied disk or another cluster cannot vote here (traps D10, D11, D13, I14, I15, I16). A
// sender that the configuration in force lists speaks in the listed life only. One that it does not
// list is let in: it may be newer than what this server knows, or removed, and the core tells the
// two apart. One that was put back from an old copy is remembered (peer_memory.h), and so are two
// that live at once (process_watch.h). Knows headers only. Any thread; leaf locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/identity.h"
#include "persistence/mutex.h"
#include "raft/peer/v1/peer_service.pb.h"
#include "service/conversion/peer_memory.h"
#include "service/conversion/process_watch.h"
#include "service/conversion/server_life.h"

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
  kUnknownMember,         // the sender claims to be this server, or is not the one that was asked
  kSenderIncarnation,     // another life of the sender's data directory than the one listed
  kAddresseeIncarnation,  // meant for another life of this server's data directory
  kRegressed,             // the sender's data directory has forgotten what it had promised
  kDoubled,               // the sender is one of two processes that live with one identity
};
inline constexpr int kHeaderProblemCount = 9;
// Lower-case words for metrics and logs: "other_cluster".
const char* ToString(HeaderProblem problem);

struct HeaderRefusal {
  HeaderProblem problem;
  std::string message;  // what is wrong, and where to look
};

class HeaderRules {
 public:
  // Lists nobody until Follow is called. Requires: `founding` is not empty.
  HeaderRules(const LocalServer& local, const FoundingConfiguration& founding);
  HeaderRules(const HeaderRules&) = delete;
  HeaderRules& operator=(const HeaderRules&) = delete;

  // From now on this configuration is in force. Not null.
  void Follow(std::shared_ptr<const ClusterConfiguration> configuration);
  // What this process found on its disk; greetings say it from now on. Before the first of them.
  void NoteStart(const StartingPoint& start);
  // None: it has not been looked at yet.
  std::optional<StartingPoint> start() const;
  // Whether the configuration in force lists this life.
  bool Lists(const ServerLife& life) const;
  // Never null; without members until Follow was called.
  std::shared_ptr<const ClusterConfiguration> configuration() const;

  // None: the message comes from this cluster, from a life that may speak, and is for us.
  std::optional<HeaderRefusal> Refuse(const peer::v1::PeerHeader& header) const;
  // The same for what only leaders say, where a sender may be in another life than the listed one:
  // this server's configuration may be older than that life, and nobody but this leader would ever
  // tell it. Whoever leads was elected by servers that list it.
  std::optional<HeaderRefusal> RefuseFromLeader(const peer::v1::PeerHeader& header) const;
  // The same for an answer to a request that was sent to `asked`, whether it is still listed or
  // not; the number is compared by CheckAnswer (message_conversion.h).
  std::optional<HeaderRefusal> RefuseAnswer(const peer::v1::PeerHeader& header,
                                            const ServerLife& asked) const;

  // What peers have proven; whoever hears of it notes it. Its verdicts are among the refusals
  // above.
  PeerMemory& memory() const { return *memory_; }
  // Which processes speak; its findings too are among the refusals.
  const ProcessWatch& processes() const { return *processes_; }
  // To be called with each message that was not refused. If its sender turns out to be doubled it
  // is to be refused after all; the refusals above say so from now on.
  [[nodiscard]] ProcessWatch::Finding Hear(const peer::v1::PeerHeader& header) const;
  static HeaderRefusal DoubledRefusal(const peer::v1::PeerHeader& header);

  // Fills everything but request_number.
  void Stamp(const ServerLife& to, peer::v1::PeerHeader& header) const;
  // Only the moments, of a header that is filled otherwise.
  void StampMoments(const ServerLife& to, peer::v1::PeerHeader& header) const;

  const LocalServer& local() const { return local_; }
  const FoundingConfiguration& founding() const { return founding_; }

 private:
  std::optional<HeaderRefusal> RefuseForeign(const peer::v1::PeerHeader& header) const;
  std::optional<HeaderRefusal> RefuseAddressee(const peer::v1::PeerHeader& header) const;
  std::optional<HeaderRefusal> RefuseRegressed(const peer::v1::PeerHeader& header) const;
  std::optional<HeaderRefusal> RefuseDoubled(const peer::v1::PeerHeader& header) const;

  const LocalServer local_;
  const FoundingConfiguration founding_;
  mutable Mutex mutex_;
  std::shared_ptr<const ClusterConfiguration> configuration_;
  std::optional<StartingPoint> start_;
  const std::unique_ptr<PeerMemory> memory_ = std::make_unique<PeerMemory>();
  const std::unique_ptr<ProcessWatch> processes_;
};

}  // namespace raft
