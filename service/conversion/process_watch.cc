#include "service/conversion/process_watch.h"

#include <algorithm>

namespace raft {

ProcessWatch::ProcessWatch(const std::vector<ServerId>& members) {
  for (const ServerId member : members) members_.emplace(member, std::make_unique<Member>());
}

bool ProcessWatch::Alarms(ServerId member, std::uint64_t nonce) {
  const auto found = members_.find(member);
  if (found == members_.end()) return false;
  Member& watched = *found->second;
  if (watched.current_nonce.load(std::memory_order_relaxed) == nonce) return false;

  MutexLock lock(watched.mutex);
  const std::uint64_t current = watched.current_nonce.load(std::memory_order_relaxed);
  if (current == nonce) return false;
  // A replaced process stays replaced: then each of its messages is an alarm, not every second one.
  const auto& replaced = watched.replaced_nonces;
  if (std::find(replaced.begin(), replaced.end(), nonce) != replaced.end()) return true;
  if (current != 0) {
    watched.replaced_nonces[watched.next_slot] = current;
    watched.next_slot = (watched.next_slot + 1) % kRememberedNonces;
  }
  watched.current_nonce.store(nonce, std::memory_order_relaxed);
  return false;
}

}  // namespace raft
