// What peers told about themselves, for leader hints and status.
//
// Filled by both ends of Greet: a follower learns its leader's client address from the leader's
// greeting. Any thread; one leaf lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/types.h"
#include "persistence/mutex.h"
#include "service/conversion/greeting.h"

namespace raft {

struct PeerCard {
  std::string client_address;  // advertised
  std::string peer_address;    // advertised
  std::string version;
  std::uint64_t process_nonce = 0;
  std::uint32_t state_machine_version = 0;
};

class PeerDirectory {
 public:
  // This server's own card comes first, so that hints may name this server too.
  explicit PeerDirectory(const LocalServer& local);

  // Requires: the greeting's sender was found to be a member in its founding life.
  void Note(const Greeting& greeting);

  // None: this server has not been in touch with it since the start.
  std::optional<PeerCard> CardOf(ServerId server) const;
  // Empty: not known yet.
  std::string ClientAddressOf(ServerId server) const;

 private:
  mutable Mutex mutex_;
  std::map<ServerId, PeerCard> cards_;
};

}  // namespace raft
