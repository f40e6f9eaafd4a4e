// Runs many calls at once on one thread: start a call or a timer, and its callback comes later.
//
// Room: service/raftctl; shared by every command, the benchmark and the load generator. Knows
// gRPC's completion queue (hidden in the .cc), messages and time; knows nothing of leaders or
// retries. One thread, the one that calls Run, runs every callback, so nothing above needs a lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "service/raftctl/call_outcome.h"

namespace google::protobuf {
class MessageLite;
}
namespace grpc {
class CompletionQueue;
}

namespace raft::ctl {

using Clock = std::chrono::steady_clock;

// One TCP connection to one server; reconnects by itself within a second of the server's return.
class Connection {
 public:
  // Does not wait: the connection is made by the first call.
  explicit Connection(std::string address);
  ~Connection();

  // "host:port" as given.
  const std::string& address() const { return address_; }
  // Whether a call sent now would leave at once. False before the first call.
  bool IsReady() const;

 private:
  friend class CallEngine;
  struct Transport;

  std::string address_;
  std::unique_ptr<Transport> transport_;
};

class CallEngine {
 public:
  using Done = std::function<void(const CallOutcome&)>;

  CallEngine();
  // As CancelAll.
  ~CallEngine();
  CallEngine(const CallEngine&) = delete;
  CallEngine& operator=(const CallEngine&) = delete;

  // Sends `request` to `method` ("/package.Service/Method"). `request` is read before this returns;
  // `response` must live until `done` has run. A connection that cannot be made fails the call at
  // once instead of waiting. Never retried by the library: only we know what may be sent twice.
  void Start(Connection* connection, const char* method,
             const google::protobuf::MessageLite& request, google::protobuf::MessageLite* response,
             Clock::time_point deadline, Done done);

  // Runs `callback` once at `when`, or as soon after as the thread is free.
  void At(Clock::time_point when, std::function<void()> callback);
  void After(Clock::duration delay, std::function<void()> callback);

  // Cancels the calls still running, waits for them and forgets all timers; no callback is run.
  // For a caller that was interrupted and is about to free the responses.
  void CancelAll();

  // Runs callbacks until `finished` is true (looked at after each) or the process is interrupted.
  // Returns false when interrupted.
  [[nodiscard]] bool Run(const std::function<bool()>& finished);

 private:
  struct ActiveCall;

  void RunDueTimers();
  void FinishCall(ActiveCall* call);

  std::unique_ptr<grpc::CompletionQueue> queue_;
  std::unordered_set<ActiveCall*> active_calls_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
};

}  // namespace raft::ctl
