#include "service/waiting_peer_calls.h"

#include <utility>

namespace raft {

CallId WaitingPeerCalls::Add(WaitingPeerCall& call) {
  CallId call_id;
  {
    MutexLock lock(mutex_);
    call_id = CallId(++last_call_id_);
    if (!closed_) {
      calls_.emplace(call_id.value(), &call);
      return call_id;
    }
  }
  call.Abandon(close_reason_);  // written once, before `closed_`
  return call_id;
}

WaitingPeerCall* WaitingPeerCalls::Take(CallId call_id) {
  MutexLock lock(mutex_);
  const auto found = calls_.find(call_id.value());
  if (found == calls_.end()) return nullptr;
  WaitingPeerCall* call = found->second;
  calls_.erase(found);
  return call;
}

void WaitingPeerCalls::Answer(const OutgoingResponse& response) {
  if (WaitingPeerCall* call = Take(response.to.call_id)) {
    call->Answer(response.response);
  }
}

void WaitingPeerCalls::Close(const std::string& reason) {
  std::unordered_map<std::uint64_t, WaitingPeerCall*> calls;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    close_reason_ = reason;
    closed_ = true;
    calls.swap(calls_);
  }
  for (const auto& [call_id, call] : calls) call->Abandon(reason);
}

std::size_t WaitingPeerCalls::size() const {
  MutexLock lock(mutex_);
  return calls_.size();
}

}  // namespace raft
