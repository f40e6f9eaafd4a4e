// Where messages wait until the disk has what they promise.
//
// A promise leaves after the disk has it (Figure 2: "updated on stable storage before responding to
// RPCs"). Send is safe by default; the two exceptions have long names, one use each and a reason.
// Knows sequences; nothing of roles or sockets.
#pragma once

#include <variant>
#include <vector>

#include "core/effects.h"
#include "core/server_state.h"

namespace raft {

using OutgoingMessage = std::variant<OutgoingRequest, OutgoingResponse>;

class Outbox {
 public:
  explicit Outbox(const PersistentState& persistent) : persistent_(persistent) {}

  // Leaves once everything changed so far is durable: promise and log.
  void Send(OutgoingMessage message);

  // Leaves once term and vote are durable. For votes and for answers to heartbeats, which claim
  // nothing of the log beyond what was durable already: a slow log must not starve them.
  void SendOncePromiseIsDurable(OutgoingMessage message);

  // Leaves at once. For the leader's AppendEntries alone: replicating in parallel with the own disk
  // write is safe because the leader counts itself only when durable (dissertation §10.2.1).
  void SendWithoutWaitingForDisk(OutgoingRequest request);

  // Moves what may leave now into `effects`.
  void ReleaseInto(Effects& effects);

  std::size_t held_count() const { return held_.size(); }

 private:
  struct Held {
    PersistSequence until;
    OutgoingMessage message;
  };

  void Hold(PersistSequence until, OutgoingMessage message);

  const PersistentState& persistent_;
  std::vector<OutgoingMessage> free_;
  std::vector<Held> held_;
};

}  // namespace raft
