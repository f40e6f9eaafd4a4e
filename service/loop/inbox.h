// The one door to the event loop: everything that happens comes through here as a value.
//
// Three lanes. Internal (tick, and what disk, apply and bulk thread have done) is never refused and
// keeps only the newest value of a kind where that says as much. Peers is bounded: full means the
// sender treats this server as unreachable. Clients is bounded in count and bytes: full means
// RESOURCE_EXHAUSTED at the door. So no client can starve the protocol, and nothing grows without a
// limit.
//
// Threads: any thread pushes; only the event-loop thread takes. One leaf lock; the loop is notified
// only while it sleeps.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/inputs.h"
#include "persistence/mutex.h"

namespace raft {

struct InboxLimits {
  std::size_t peer_inputs_max = 4096;
  std::size_t client_inputs_max = 100'000;
  std::uint64_t client_bytes_max = 64ull << 20;
  // One turn of the loop takes at most this much of the client lane.
  std::size_t turn_client_inputs_max = 1024;
  std::uint64_t turn_client_bytes_max = 1ull << 20;
};

// How full the lanes are; for metrics.
struct InboxDepth {
  std::size_t peers = 0;
  std::size_t clients = 0;
  std::uint64_t client_bytes = 0;
};

class Inbox {
 public:
  explicit Inbox(const InboxLimits& limits) : limits_(limits) {}
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Internal lane; never refused. Ticks that the loop has not yet taken merge into one.
  void PushTick();
  void PushPersisted(PersistSequence sequence);
  // What the apply thread did, in the order it did it. Nobody waits for the first two, so they wake
  // nobody: they come with the next input of another kind.
  void PushApplied(LogIndex last_applied);
  // Before PushApplied of the same index.
  void PushDigested(StateCheck check);
  void PushCheckpointed(LogIndex through);
  void PushSwitched(LogPosition last_included);
  void PushInstallCompleted();
  // Bounded by the offers the core accepted.
  void PushSnapshotStored(const SnapshotStored& stored);

  // Peer lane: RequestReceived, ResponseReceived, PeerUnreachable. False: full or closed; a request
  // is then answered RESOURCE_EXHAUSTED. Responses and PeerUnreachable are never refused, because
  // their number is bounded by the requests this server sent.
  [[nodiscard]] bool PushPeer(Input input);

  // Client lane: CommandProposed, ReadRequested. `bytes` is what it is charged with. False: full or
  // closed; nothing was kept.
  [[nodiscard]] bool PushClient(Input input, std::uint64_t bytes);

  // Waits until something is there, then moves one turn's inputs to `turn` (cleared first),
  // internal before peers before clients. False: closed and nothing left. Event-loop thread only.
  [[nodiscard]] bool WaitAndTake(std::vector<Input>& turn);

  // Refuses peers and clients from now on; WaitAndTake returns what is left, then false.
  void Close();

  InboxDepth depth() const;

 private:
  struct ClientInput {
    Input input;
    std::uint64_t bytes = 0;
  };
  // Whether nothing is there that is worth a turn.
  bool IdleLocked() const;
  void AddApplyAnswer(Input answer);
  void TakeInternalLocked(std::vector<Input>& turn);
  void TakeClientsLocked(std::vector<Input>& turn);
  // Ends the critical section of a push, then notifies the loop if it sleeps.
  void Wake(MutexLock& lock);

  const InboxLimits limits_;
  mutable Mutex mutex_;
  ConditionVariable filled_;
  bool loop_sleeps_ = false;
  bool closed_ = false;
  bool tick_ = false;
  std::optional<PersistSequence> persisted_;
  // A newer EntriesApplied takes the place of an older one as long as nothing else came between:
  // entries that were applied before a switch of the state and after it are not the same news.
  std::vector<Input> apply_answers_;
  bool apply_answer_awaited_ = false;  // the loop is woken for one of them
  std::vector<SnapshotStored> stored_;
  std::vector<Input> peers_;
  std::deque<ClientInput> clients_;
  std::uint64_t client_bytes_ = 0;
};

}  // namespace raft
