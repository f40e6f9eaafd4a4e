// Requests of peers that wait for the core's answer: call id to open call.
//
// Each call is finished exactly once, by whoever takes it out first: the core's answer, the caller
// going away (its deadline passed, its connection broke), or this server stopping. The write that a
// dead AppendEntries asked for goes on; the next heartbeat reports it. Any thread; one leaf lock,
// never held while a call is finished.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/effects.h"
#include "persistence/mutex.h"

namespace raft {

// One open call. Exactly one of the two verbs is called, once; the call may delete itself then.
class WaitingPeerCall {
 public:
  // Requires: `response` is of the kind that the call asked for.
  virtual void Answer(const PeerResponse& response) = 0;
  // The caller sees UNAVAILABLE with this reason.
  virtual void Abandon(const std::string& reason) = 0;

 protected:
  virtual ~WaitingPeerCall() = default;
};

class WaitingPeerCalls {
 public:
  // From now on the call may be finished at any moment. After Close: abandons it at once.
  CallId Add(WaitingPeerCall& call);
  // Null: somebody else has finished it or will. The taker must finish it.
  [[nodiscard]] WaitingPeerCall* Take(CallId call_id);
  // Finishes the call with the core's answer; nothing happens when it is gone.
  void Answer(const OutgoingResponse& response);
  // Abandons all calls, and each that comes later.
  void Close(const std::string& reason);

  std::size_t size() const;

 private:
  mutable Mutex mutex_;
  std::uint64_t last_call_id_ = 0;
  bool closed_ = false;
  std::string close_reason_;
  std::unordered_map<std::uint64_t, WaitingPeerCall*> calls_;
};

}  // namespace raft
