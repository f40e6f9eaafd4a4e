// The hand-over of a leader that stops: asked for as a client would, and waited for.
//
// Any thread answers it, one waits. How it ends does not matter: the server stops anyhow.
#pragma once

#include <optional>
#include <string>

#include "core/check.h"
#include "persistence/mutex.h"
#include "service/loop/client_call.h"
#include "service/loop/pending_calls.h"

namespace raft {

class HandOverCall final : public ClientCall {
 public:
  HandOverCall() : ClientCall(LogIndex()) {}

  // Returns when it was answered, or at `until`.
  void WaitUntil(SteadyTime until) {
    MutexLock lock(mutex_);
    answered_changed_.wait_until(lock, until, [this] { return answered_; });
  }

  void OnRefused(const Refusal&) override { NoteAnswer(); }
  void OnTransferEnded(const TransferEnded&) override { NoteAnswer(); }
  void OnDeadlinePassed(std::optional<LogPosition>) override { NoteAnswer(); }
  void OnShuttingDown(std::optional<LogPosition>) override { NoteAnswer(); }
  void OnApplied(LogPosition, std::string, const Standing&) override {
    RAFT_CHECK(false, "a hand-over is not in the log");
  }
  absl::Status OnReadable(KeyValueStore&, LogIndex, const Standing&) override {
    RAFT_CHECK(false, "a hand-over reads nothing");
    return absl::OkStatus();
  }

 private:
  void NoteAnswer() {
    MutexLock lock(mutex_);
    answered_ = true;
    answered_changed_.notify_all();
  }

  Mutex mutex_;
  ConditionVariable answered_changed_;
  bool answered_ = false;
};

}  // namespace raft
