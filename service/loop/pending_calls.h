// Everybody who waits for an outcome, by ticket.
//
// Whoever takes a call out answers it; nobody else can, so each is answered exactly once (traps G7,
// F12). A client that cancels only takes its own call out: what was proposed goes on. Bounded:
// beyond the limit the door answers OVERLOADED.
//
// Threads: any. One leaf lock; calls are answered outside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/effects.h"
#include "core/types.h"
#include "persistence/mutex.h"
#include "service/loop/client_call.h"

namespace raft {

using SteadyTime = std::chrono::steady_clock::time_point;

// A call that was taken out before its outcome was known.
struct UnansweredCall {
  ClientCall* call;
  std::optional<LogPosition> appended;  // a proposal that is in the log: its outcome is unknown
};

// What became of the attempt to answer a read.
struct TakenRead {
  ClientCall* call = nullptr;          // set: answer it
  std::optional<LogIndex> wait_until;  // set: still waiting, for this index; neither: it is gone
};

class PendingCalls {
 public:
  explicit PendingCalls(std::size_t calls_max) : calls_max_(calls_max) {}
  PendingCalls(const PendingCalls&) = delete;
  PendingCalls& operator=(const PendingCalls&) = delete;

  // Keeps `call` (not owned) until it is taken out. None: full or closed.
  [[nodiscard]] std::optional<Ticket> Add(ClientCall* call, SteadyTime deadline);

  // Hands the call to the caller, who must answer it. Null: somebody else already did.
  [[nodiscard]] ClientCall* Take(Ticket ticket);
  // The same for a read, unless it wishes for an index above `applied`.
  [[nodiscard]] TakenRead TakeRead(Ticket ticket, LogIndex applied);

  // Whether the core should hear of this call at all: it still waits and is not past its deadline.
  // A call for which this was false is never appended.
  bool MayStart(Ticket ticket, SteadyTime now);
  // From now on these calls have a place in the log. Event-loop thread.
  void RecordAppended(std::span<const ProposalAppended> appended);

  // Takes out calls whose deadline has passed, at most `calls_max` of them. Event-loop thread,
  // between turns, when every started proposal is recorded as appended.
  std::vector<UnansweredCall> TakeOverdue(SteadyTime now, std::size_t calls_max);

  // Refuses new calls from now on.
  void Close();
  // Takes out whatever is left.
  std::vector<UnansweredCall> TakeAll();

  // Whether this call still waits.
  bool Waits(Ticket ticket) const;
  std::size_t size() const;

 private:
  struct Waiting {
    ClientCall* call;
    SteadyTime deadline;
    std::optional<LogPosition> appended;
  };

  const std::size_t calls_max_;
  mutable Mutex mutex_;
  bool closed_ = false;
  Ticket last_ticket_;
  absl::flat_hash_map<std::uint64_t, Waiting> waiting_;
};

}  // namespace raft
