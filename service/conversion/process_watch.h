// Notices two processes with one identity: a cloned disk, a copied volume (trap D12).
//
// A restart replaces a server's nonce once and the old one never comes back. Two living processes
// take turns: a nonce that was already replaced speaks again. That is counted and logged, and
// changes nothing else. Watches a limited number of servers, so that made-up ids cost nothing. Any
// thread; one leaf lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/mutex.h"

namespace raft {

class ProcessWatch {
 public:
  // Room for a configuration's members and as many that left or are still to come.
  static constexpr std::size_t kServersMax = 2 * ClusterConfiguration::kMembersMax;

  // A message of `server` carried this nonce. True: a process that had been replaced speaks again.
  // Beyond kServersMax a new server is not watched, and is never an alarm.
  [[nodiscard]] bool Alarms(ServerId server, std::uint64_t nonce);

 private:
  static constexpr std::size_t kRememberedNonces = 8;
  struct Watched {
    std::uint64_t current_nonce = 0;
    std::array<std::uint64_t, kRememberedNonces> replaced_nonces{};  // a ring; 0: free
    std::size_t next_slot = 0;
  };

  Mutex mutex_;
  absl::flat_hash_map<std::uint64_t, Watched> servers_;
};

}  // namespace raft
