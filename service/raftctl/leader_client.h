// Carries a call to whoever leads: follows hints, tries the other servers, waits between tries.
//
// Room: service/raftctl. Knows which servers exist, which of them answer, and where the leader is
// believed to be; knows nothing of what the calls mean. It sends a call again only when the call
// was certainly not started, or when the caller says that sending twice does no harm.
// One thread: that of the CallEngine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "service/raftctl/call_engine.h"

namespace raft::ctl {

// One unary call. `request` and `response` must live until its callback has run.
struct LeaderCall {
  const char* method = nullptr;
  const google::protobuf::MessageLite* request = nullptr;
  google::protobuf::MessageLite* response = nullptr;
  Clock::time_point deadline{};        // The end of all tries.
  Clock::duration attempt_timeout{0};  // The end of each try; 0: `deadline` alone.
  bool retry_unknown_outcome = false;  // Sending twice does no harm: reads and repeated puts.
};

// Why a call ended the way it did.
enum class Ending {
  kAnswered,       // A server's answer, good or bad: see `outcome`.
  kDeadline,       // The deadline came first: `outcome` is that of the last try.
  kNobodyReached,  // No server could be reached, now or earlier; nothing was sent.
};

struct LeaderCallResult {
  Ending ending = Ending::kAnswered;
  CallOutcome outcome;
  std::uint64_t refusals_retried = 0;          // Tries that certainly were not started.
  std::uint64_t unknown_outcomes_retried = 0;  // Tries that may have happened.
  bool ok() const { return ending == Ending::kAnswered && outcome.outcome == Outcome::kSucceeded; }
};

// What is known about reaching one server.
struct ServerReach {
  std::string address;
  bool asked = false;
  bool reachable = false;
  std::string failure;  // Why not, in short: "connection refused".
};

class LeaderClient {
 public:
  using Done = std::function<void(const LeaderCallResult&)>;

  // `endpoints`: at least one "host:port". `connections`: how many to each server, used in turn.
  // `engine` must outlive this, and no callback runs after this is destroyed only if the engine is
  // not run any more.
  LeaderClient(CallEngine* engine, const std::vector<std::string>& endpoints, int connections);
  ~LeaderClient();

  void Start(const LeaderCall& call, Done done);

  // The servers asked so far, in order of endpoints, then those learned from hints.
  std::vector<ServerReach> Reach() const;
  // Where the next call goes.
  const std::string& target_address() const;

 private:
  struct Link;
  struct Server;
  struct Attempt;
  using AttemptPointer = std::shared_ptr<Attempt>;

  void Try(const AttemptPointer& attempt);
  void WhenReachable(Server* server, Link* link, std::function<void(bool)> then);
  void FinishProbe(Server* server, Link* link, const CallOutcome& outcome);
  void Send(const AttemptPointer& attempt, Server* server, Link* link);
  void OnAnswer(const AttemptPointer& attempt, Server* server, const CallOutcome& outcome);
  void OnUnreachable(const AttemptPointer& attempt, Server* server);
  void TryLater(const AttemptPointer& attempt, bool hinted);
  void Finish(const AttemptPointer& attempt, Ending ending);

  // Moves the target away from `from`, unless another call already did. Returns true when it went
  // to a server named by `hint`.
  bool MoveOn(const Server* from, const std::string& hint);
  Server* FindOrAdd(const std::string& address);
  bool NobodyReached() const;

  CallEngine* const engine_;
  const int connections_;
  std::vector<std::unique_ptr<Server>> servers_;
  const size_t endpoint_count_;
  size_t target_ = 0;    // Into servers_.
  size_t rotation_ = 0;  // Last endpoint tried without a hint.
  std::minstd_rand jitter_;
};

}  // namespace raft::ctl
