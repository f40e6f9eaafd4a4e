// A follower takes over a snapshot: from the offer to the answer (Figure 13, receiver
// implementation).
//
// The bytes never come here; the world stores them beside the live state and reports. Then, each
// step an effect that is answered by an input before the next leaves, so that a crash between any
// two leaves what a start can finish: the term is on disk; the stored state becomes the live one;
// the log's base follows it; the live state forgets that it waited; the leader hears of it. While
// this goes on nothing is handed to the state machine and no other offer is accepted. Knows no
// role: it outlives them.
#pragma once

#include <cstdint>
#include <optional>

#include "core/inputs.h"
#include "core/messages.h"
#include "core/types.h"

namespace raft {

class Outbox;
struct ServerState;

class SnapshotInstall {
 public:
  // Whether the stored state is being made the live one.
  bool is_running() const { return stage_ != Stage::kNone; }
  // Where that state ends; none while there is no such.
  LogTimeMs end_log_time_ms() const { return stored_.log_time_ms; }
  std::optional<LogPosition> end() const {
    return is_running() ? std::optional(stored_.last_included) : std::nullopt;
  }

  // An offer: asks the world to store it, unless it is not needed or comes at the wrong time, which
  // is answered at once. Requires: it comes from this term's leader.
  void OnOffer(const InstallSnapshotRequest& request, ReturnAddress sender, ServerState& state,
               Outbox& outbox);
  // The rest in the order in which it happens. `leads`: this server does meanwhile.
  void OnStored(const SnapshotStored& stored, bool leads, ServerState& state, Outbox& outbox);
  void OnSwitched(const StateSwitched& switched, ServerState& state);
  void OnWritePersisted(ServerState& state);
  void OnCompleted(ServerState& state, Outbox& outbox);

 private:
  enum class Stage : std::uint8_t { kNone, kPromising, kSwitching, kMovingBase, kCompleting };

  void SwitchOncePromiseIsDurable(ServerState& state);
  // The write that makes the present promise durable.
  static PersistSequence PromiseWrite(const ServerState& state);

  // The law by which no snapshot of committed entries can end at `position`; null if one can.
  static const char* BrokenLaw(LogPosition position, const ServerState& state);
  // The same of its log time; by then more may be known here than when it was offered.
  static const char* BrokenLawOfTime(const SnapshotStored& stored, const ServerState& state);
  // Whether everything up to `position` is here anyway.
  static bool IsNotNeeded(LogPosition position, const ServerState& state);
  static bool WouldGoBack(LogPosition position, const ServerState& state);
  // The offer cannot come from an honest leader.
  static void Refuse(ServerId leader, const char* law, RequestNumber number, ReturnAddress sender,
                     ServerState& state, Outbox& outbox);
  static void Answer(RequestNumber number, ReturnAddress sender, bool success, LogIndex match,
                     ServerState& state, Outbox& outbox);

  std::optional<ReturnAddress> awaited_;  // the transfer that is being stored
  Stage stage_ = Stage::kNone;
  SnapshotStored stored_;          // what is being installed
  PersistSequence awaited_write_;  // the next stage begins once this is durable
};

}  // namespace raft
