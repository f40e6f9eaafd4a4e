#include "persistence/space_reclaimer.h"

#include <utility>

namespace raft {
namespace {

// A merge writes also what is live beside the deleted records, so it has to be worth it. As much as
// a trim lets go by default: more would weigh beside a small state.
constexpr std::uint64_t kBytesWorthAMerge = 16 << 20;

}  // namespace

SpaceReclaimer::SpaceReclaimer(Disk& disk, Database* database)
    : database_(database), worker_(disk.NewBackgroundWorker()) {}

void SpaceReclaimer::Reclaim(std::string first, std::string last) {
  // A merge waits for the database's own worker. Without a thread both would wait for each other.
  if (!worker_->has_thread() || is_busy_.load(std::memory_order_acquire)) return;
  if (BytesIn(first, last) < kBytesWorthAMerge) return;
  first_ = std::move(first);
  last_ = std::move(last);
  is_busy_.store(true, std::memory_order_release);
  worker_->Schedule(&SpaceReclaimer::Compact, this);
}

std::uint64_t SpaceReclaimer::BytesIn(const std::string& first, const std::string& last) const {
  const leveldb::Range range(first, last);
  std::uint64_t bytes = 0;
  database_->db().GetApproximateSizes(&range, 1, &bytes);
  return bytes;
}

// What fails here fails the next write too (syncing_env.h).
void SpaceReclaimer::Compact(void* reclaimer) {
  auto* const self = static_cast<SpaceReclaimer*>(reclaimer);
  const leveldb::Slice first = self->first_;
  const leveldb::Slice last = self->last_;
  self->database_->db().CompactRange(&first, &last);
  self->is_busy_.store(false, std::memory_order_release);
}

}  // namespace raft
