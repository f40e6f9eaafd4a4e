// One client's request while it waits to learn its outcome.
//
// The loop's threads know a waiting client only as this: they say what became of the request, and
// the implementation (a gRPC reactor, or a test) turns that into an answer. Exactly one of the
// methods below is called, once, by whoever took the call out of PendingCalls; afterwards the call
// may be gone.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/check.h"
#include "core/effects.h"
#include "core/types.h"
#include "persistence/key_value_store.h"
#include "service/loop/status_board.h"

namespace raft {

// Where this server stood when it answered.
struct Standing {
  Leadership leadership;
  LogIndex applied_index;
};

class ClientCall {
 public:
  // A read is answered once this index is applied, whatever its read index; 0: no such wish.
  explicit ClientCall(LogIndex min_applied_index) : min_applied_index_(min_applied_index) {}
  virtual ~ClientCall() = default;
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  LogIndex min_applied_index() const { return min_applied_index_; }

  // Apply thread: the proposal happened; `result` is the state machine's answer.
  virtual void OnApplied(LogPosition position, std::string result, const Standing& standing) = 0;
  // Apply thread: the state may be read now; it holds everything up to `read_index`. An error is
  // the disk's and final: the process will end.
  virtual absl::Status OnReadable(KeyValueStore& state, LogIndex read_index,
                                  const Standing& standing) = 0;
  // Apply thread: certainly not appended, not applied and not answered.
  virtual void OnRefused(const Refusal& refusal) = 0;
  // Apply thread: the hand-over that was asked for came to this end.
  virtual void OnTransferEnded(const TransferEnded&) {
    RAFT_CHECK(false, "only who asks for a hand-over hears of its end");
  }
  // Apply thread: the server's deadline passed. `appended` tells a proposal whose outcome is
  // unknown from one that was certainly not started.
  virtual void OnDeadlinePassed(std::optional<LogPosition> appended) = 0;
  // Any thread, while the server stops.
  virtual void OnShuttingDown(std::optional<LogPosition> appended) = 0;

 private:
  const LogIndex min_applied_index_;
};

}  // namespace raft
