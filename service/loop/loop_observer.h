// What the threads of the service tell whoever counts: metrics in raftd, nothing in most tests.
//
// Implementations must be thread-safe, must not block, and must not call back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/events.h"

namespace raft {

using Seconds = std::chrono::duration<double>;

class LoopObserver {
 public:
  virtual ~LoopObserver() = default;
  // Event-loop thread: one event of the core, in order.
  virtual void OnEvent(const RaftEvent&) {}
  // Event-loop thread: one turn took this long, sleeping excluded.
  virtual void OnLoopTurn(Seconds /*busy*/) {}
  // Event-loop thread, leader only: an own proposal was committed this long after its append.
  virtual void OnCommitted(Seconds /*since_append*/) {}
  // Disk thread: one merged write of log and promise.
  virtual void OnPersisted(Seconds /*busy*/, std::size_t /*entries*/, std::uint64_t /*bytes*/) {}
  // Apply thread: one batch.
  virtual void OnApplied(Seconds /*busy*/, std::size_t /*entries*/) {}
  // Apply thread: one synced write of the state.
  virtual void OnCheckpointed(Seconds /*busy*/) {}
};

}  // namespace raft
