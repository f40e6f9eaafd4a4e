// The hand-over of a leader that stops: asked for as a client would, and waited for.
//
// Any thread answers it, one waits. It matters only whether it is worth another try: the server
// stops anyhow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/check.h"
#include "persistence/mutex.h"
#include "service/loop/client_call.h"
#include "service/loop/pending_calls.h"

namespace raft {

class HandOverCall final : public ClientCall {
 public:
  HandOverCall() : ClientCall(LogIndex()) {}

  enum class Answer : std::uint8_t {
    kDone,    // or it cannot be had
    kInVain,  // the successor could not take over: it has just started, perhaps
  };

  // None: not answered before `until`. Takes the answer, so that the call can be asked again.
  std::optional<Answer> WaitUntil(SteadyTime until) {
    MutexLock lock(mutex_);
    answered_.wait_until(lock, until, [this] { return answer_.has_value(); });
    return std::exchange(answer_, std::nullopt);
  }

  void OnRefused(const Refusal&) override { NoteAnswer(Answer::kDone); }
  void OnTransferEnded(const TransferEnded& ended) override {
    NoteAnswer(ended.outcome == TransferOutcome::kNothingCame ? Answer::kInVain : Answer::kDone);
  }
  void OnDeadlinePassed(std::optional<LogPosition>) override { NoteAnswer(Answer::kDone); }
  void OnShuttingDown(std::optional<LogPosition>) override { NoteAnswer(Answer::kDone); }
  void OnApplied(LogPosition, std::string, const Standing&) override {
    RAFT_CHECK(false, "a hand-over is not in the log");
  }
  absl::Status OnReadable(KeyValueStore&, LogIndex, const Standing&) override {
    RAFT_CHECK(false, "a hand-over reads nothing");
    return absl::OkStatus();
  }

 private:
  void NoteAnswer(Answer answer) {
    MutexLock lock(mutex_);
    answer_ = answer;
    answered_.notify_all();
  }

  Mutex mutex_;
  ConditionVariable answered_;
  std::optional<Answer> answer_;
};

}  // namespace raft
