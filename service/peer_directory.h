// What peers told about themselves, for leader hints, status, and the way to a peer that moved.
//
// Filled by both ends of Greet: a follower learns its leader's client address from the leader's
// greeting, and whoever is greeted by a member from a new address knows where it is now. Keeps a
// limited number of cards. Any thread; one leaf lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/mutex.h"
#include "service/conversion/greeting.h"

namespace raft {

struct PeerCard {
  std::uint64_t incarnation = 0;  // of its data directory
  std::string client_address;     // advertised
  std::string peer_address;       // advertised
  std::string reached_at;         // where this server last greeted it; empty: nowhere yet
  std::string version;
  std::uint64_t process_nonce = 0;
  std::uint32_t state_machine_version = 0;
};

class PeerDirectory {
 public:
  // This server's own card comes first, so that hints may name this server too.
  explicit PeerDirectory(const LocalServer& local);

  // Room for a configuration's members and as many that left or are still to come; what else
  // greets is not noted.
  static constexpr std::size_t kCardsMax = 2 * ClusterConfiguration::kMembersMax;

  // Requires: the greeting's sender belongs to this cluster, as far as this server can tell.
  void Note(const Greeting& greeting);

  // This life of the server has answered a greeting at this address. Requires: it was noted.
  void NoteReached(const ServerLife& server, const std::string& address);

  // This life of the server belongs to the cluster no more. Nothing if another one was noted since.
  void Forget(const ServerLife& server);

  // None: this server has not been in touch with it since the start.
  std::optional<PeerCard> CardOf(ServerId server) const;
  // Empty: not known yet.
  std::string ClientAddressOf(ServerId server) const;
  // Where this life of the server was reached, and is advertised too; empty: nowhere yet. A copy of
  // a data directory can announce an address, but nobody goes there while the original answers.
  std::string ConfirmedAddressOf(const ServerLife& server) const;
  // Grows whenever a server announces another address, another life, or itself as another process.
  // Cheap enough for every message.
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

 private:
  mutable Mutex mutex_;
  std::map<ServerId, PeerCard> cards_;
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace raft
