// Notices two processes with one identity: a cloned disk, a copied volume (trap D12).
//
// A restart replaces a member's nonce once and the old one never comes back. Two living processes
// take turns: a nonce that was already replaced speaks again. That is counted and logged, and
// changes nothing else. Any thread; the common case is one relaxed load.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/types.h"
#include "persistence/mutex.h"

namespace raft {

class ProcessWatch {
 public:
  explicit ProcessWatch(const std::vector<ServerId>& members);

  // A message of `member` carried this nonce. True: a process that had been replaced speaks again.
  // An unknown member is never an alarm.
  [[nodiscard]] bool Alarms(ServerId member, std::uint64_t nonce);

 private:
  static constexpr std::size_t kRememberedNonces = 8;
  struct Member {
    std::atomic<std::uint64_t> current_nonce{0};
    Mutex mutex;
    std::array<std::uint64_t, kRememberedNonces> replaced_nonces{};  // a ring; 0: free
    std::size_t next_slot = 0;
  };
  std::map<ServerId, std::unique_ptr<Member>> members_;
};

}  // namespace raft
