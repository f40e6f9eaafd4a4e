#include "service/kept_snapshots.h"

#include <utility>

namespace raft {

void KeptSnapshots::Keep(const Member& peer, PinnedSnapshot pinned) {
  if (pinned.source == nullptr) return;
  const auto left = pinned.moved_at + keep_time_ - std::chrono::steady_clock::now();
  Kept kept{.incarnation = peer.incarnation, .pinned = std::move(pinned), .number = 0};
  std::uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    kept.number = number = ++last_number_;
    std::swap(kept_[peer.server_id], kept);  // what was there goes once the lock is open
  }
  const bool pushed =
      bulk_.PushAfter(std::chrono::ceil<std::chrono::milliseconds>(left),
                      [this, server = peer.server_id, number] { LetGoOf(server, number); });
  if (!pushed) LetGoOf(peer.server_id, number);
}

PinnedSnapshot KeptSnapshots::Take(const Member& peer, LogIndex ends_at_least) {
  Kept taken;
  {
    MutexLock lock(mutex_);
    const auto kept = kept_.find(peer.server_id);
    if (kept == kept_.end()) return {};
    taken = std::move(kept->second);
    kept_.erase(kept);
  }
  const bool serves = taken.incarnation == peer.incarnation &&
                      taken.pinned.source->header().last_included.index >= ends_at_least;
  return serves ? std::move(taken.pinned) : PinnedSnapshot();
}

void KeptSnapshots::LetGo(ServerId peer) {
  Kept let_go;  // once the lock is open
  MutexLock lock(mutex_);
  const auto kept = kept_.find(peer);
  if (kept == kept_.end()) return;
  let_go = std::move(kept->second);
  kept_.erase(kept);
}

void KeptSnapshots::LetGoOf(ServerId peer, std::uint64_t number) {
  Kept let_go;
  MutexLock lock(mutex_);
  const auto kept = kept_.find(peer);
  if (kept == kept_.end() || kept->second.number != number) return;
  let_go = std::move(kept->second);
  kept_.erase(kept);
}

void KeptSnapshots::Close() {
  std::map<ServerId, Kept> let_go;
  MutexLock lock(mutex_);
  closed_ = true;
  let_go.swap(kept_);
}

}  // namespace raft
