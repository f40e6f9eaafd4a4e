#include "service/conversion/process_watch.h"

#include <algorithm>

namespace raft {

bool ProcessWatch::Alarms(ServerId server, std::uint64_t nonce) {
  MutexLock lock(mutex_);
  auto found = servers_.find(server.value());
  if (found == servers_.end()) {
    if (servers_.size() >= kServersMax) return false;
    found = servers_.try_emplace(server.value()).first;
  }
  Watched& watched = found->second;
  const std::uint64_t current = watched.current_nonce;
  if (current == nonce) return false;
  // A replaced process stays replaced: then each of its messages is an alarm, not every second one.
  const auto& replaced = watched.replaced_nonces;
  if (std::find(replaced.begin(), replaced.end(), nonce) != replaced.end()) return true;
  if (current != 0) {
    watched.replaced_nonces[watched.next_slot] = current;
    watched.next_slot = (watched.next_slot + 1) % kRememberedNonces;
  }
  watched.current_nonce = nonce;
  return false;
}

}  // namespace raft
