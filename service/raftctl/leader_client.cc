#include "service/raftctl/leader_client.h"

#include <algorithm>
#include <utility>

#include "raft/v1/cluster_service.pb.h"

namespace raft::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kProbeTimeout{1'000};
constexpr milliseconds kRetryDelayMin{20};
constexpr milliseconds kRetryDelayMax{250};
constexpr int kHintsFollowedAtOnceMax = 3;
// A hint to a server that just could not be reached is ignored for this long; the address may be
// one that only servers can resolve, and then the other endpoints must get their turn.
constexpr milliseconds kUnreachableMemory{1'000};
// Hints come from outside: a confused server must not grow this list without end.
constexpr size_t kServersMax = 64;
constexpr char kGetStatus[] = "/raft.v1.ClusterService/GetStatus";

}  // namespace

struct LeaderClient::Link {
  explicit Link(const std::string& address) : connection(address) {}
  Connection connection;
  v1::GetStatusResponse probe_answer;
  std::vector<std::function<void(bool)>> waiters;  // Of the probe that runs, if any.
};

struct LeaderClient::Server {
  std::vector<std::unique_ptr<Link>> links;
  size_t next_link = 0;
  ServerReach reach;
  bool ever_reached = false;
  Clock::time_point unreachable_since;
};

struct LeaderClient::Attempt {
  LeaderCall call;
  Done done;
  LeaderCallResult result;
  int tries = 0;
  int hints_followed = 0;
};

LeaderClient::LeaderClient(CallEngine* engine, const std::vector<std::string>& endpoints,
                           int connections)
    : engine_(engine),
      connections_(connections),
      endpoint_count_(endpoints.size()),
      jitter_(std::random_device{}()) {
  for (const std::string& endpoint : endpoints) {
    auto server = std::make_unique<Server>();
    server->reach.address = endpoint;
    servers_.push_back(std::move(server));
  }
}

LeaderClient::~LeaderClient() = default;

void LeaderClient::Start(const LeaderCall& call, Done done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->call = call;
  attempt->done = std::move(done);
  Try(attempt);
}

std::vector<ServerReach> LeaderClient::Reach() const {
  std::vector<ServerReach> all;
  for (const auto& server : servers_) all.push_back(server->reach);
  return all;
}

const std::string& LeaderClient::target_address() const { return servers_[target_]->reach.address; }

void LeaderClient::Try(const AttemptPointer& attempt) {
  if (Clock::now() >= attempt->call.deadline) return Finish(attempt, Ending::kDeadline);
  ++attempt->tries;
  Server* server = servers_[target_].get();
  while (server->links.size() < static_cast<size_t>(connections_)) {
    server->links.push_back(std::make_unique<Link>(server->reach.address));
  }
  Link* link = server->links[server->next_link++ % server->links.size()].get();
  WhenReachable(server, link, [this, attempt, server, link](bool reachable) {
    if (reachable) {
      Send(attempt, server, link);
    } else {
      OnUnreachable(attempt, server);
    }
  });
}

// A call is sent only over a connection that stands. Otherwise GetStatus, which does nothing, goes
// first: whatever becomes of it, the call itself was then certainly not started.
void LeaderClient::WhenReachable(Server* server, Link* link, std::function<void(bool)> then) {
  if (link->connection.IsReady()) return then(true);
  link->waiters.push_back(std::move(then));
  if (link->waiters.size() > 1) return;
  engine_->Start(&link->connection, kGetStatus, v1::GetStatusRequest(), &link->probe_answer,
                 Clock::now() + kProbeTimeout, [this, server, link](const CallOutcome& outcome) {
                   FinishProbe(server, link, outcome);
                 });
}

void LeaderClient::FinishProbe(Server* server, Link* link, const CallOutcome& outcome) {
  server->reach.asked = true;
  // Any answer of the server will do; only a transport's error, which has no reason, will not.
  const bool reachable = outcome.outcome != Outcome::kUnknown || !outcome.reason.empty();
  server->reach.reachable = reachable;
  if (reachable) server->ever_reached = true;
  if (!reachable) {
    server->unreachable_since = Clock::now();
    server->reach.failure = outcome.code == absl::StatusCode::kDeadlineExceeded
                                ? "no answer within 1 s"
                                : ShortCause(outcome.message);
  }
  const auto waiters = std::exchange(link->waiters, {});
  for (const auto& waiter : waiters) waiter(reachable);
}

void LeaderClient::Send(const AttemptPointer& attempt, Server* server, Link* link) {
  const LeaderCall& call = attempt->call;
  Clock::time_point deadline = call.deadline;
  if (call.attempt_timeout > Clock::duration::zero()) {
    deadline = std::min(deadline, Clock::now() + call.attempt_timeout);
  }
  engine_->Start(
      &link->connection, call.method, *call.request, call.response, deadline,
      [this, attempt, server](const CallOutcome& outcome) { OnAnswer(attempt, server, outcome); });
}

void LeaderClient::OnAnswer(const AttemptPointer& attempt, Server* server,
                            const CallOutcome& outcome) {
  LeaderCallResult& result = attempt->result;
  result.outcome = outcome;
  bool hinted = false;
  switch (outcome.outcome) {
    case Outcome::kSucceeded:
    case Outcome::kRefused:
      return Finish(attempt, Ending::kAnswered);
    case Outcome::kNotStarted:
      ++result.refusals_retried;
      // An overloaded leader is still the leader.
      if (outcome.reason != "OVERLOADED") hinted = MoveOn(server, outcome.leader_address);
      break;
    case Outcome::kUnknown:
      hinted = MoveOn(server, outcome.leader_address);
      if (!attempt->call.retry_unknown_outcome) {
        return Finish(attempt, Ending::kAnswered);
      }
      ++result.unknown_outcomes_retried;
      break;
  }
  TryLater(attempt, hinted);
}

void LeaderClient::OnUnreachable(const AttemptPointer& attempt, Server* server) {
  MoveOn(server, "");
  if (NobodyReached()) return Finish(attempt, Ending::kNobodyReached);
  TryLater(attempt, false);
}

void LeaderClient::TryLater(const AttemptPointer& attempt, bool hinted) {
  // The first hops to a hinted leader are free; then delays grow, so that a cluster that is
  // electing is not asked a thousand times, and are spread, so that calls do not come in waves.
  Clock::duration delay = Clock::duration::zero();
  if (!hinted || ++attempt->hints_followed > kHintsFollowedAtOnceMax) {
    const int doublings = std::min(attempt->tries, 5);
    const milliseconds bound = std::min(kRetryDelayMin * (1 << doublings), kRetryDelayMax);
    delay = bound / 2 + milliseconds(jitter_() % static_cast<unsigned>(bound.count() / 2));
    delay = std::max<Clock::duration>(delay, attempt->result.outcome.retry_delay);
  }
  const Clock::time_point when = std::min(Clock::now() + delay, attempt->call.deadline);
  engine_->At(when, [this, attempt] { Try(attempt); });
}

void LeaderClient::Finish(const AttemptPointer& attempt, Ending ending) {
  LeaderCallResult& result = attempt->result;
  result.ending = ending;
  // What an earlier try may have done is not undone by a later refusal.
  if (result.unknown_outcomes_retried > 0 && result.outcome.outcome != Outcome::kSucceeded) {
    result.outcome.outcome = Outcome::kUnknown;
  } else if (ending != Ending::kAnswered && result.outcome.outcome != Outcome::kNotStarted) {
    result.outcome.outcome = Outcome::kNotStarted;
    result.outcome.message = "no server could be asked in time";
  }
  attempt->done(result);
}

bool LeaderClient::MoveOn(const Server* from, const std::string& hint) {
  if (servers_[target_].get() != from) return true;
  if (!hint.empty() && hint != from->reach.address) {
    const Server* hinted = FindOrAdd(hint);
    const bool known_dead = hinted != nullptr && hinted->reach.asked && !hinted->reach.reachable &&
                            Clock::now() - hinted->unreachable_since < kUnreachableMemory;
    if (hinted != nullptr && !known_dead) {
      for (target_ = 0; servers_[target_].get() != hinted; ++target_) {
      }
      return true;
    }
  }
  rotation_ = (rotation_ + 1) % endpoint_count_;
  if (servers_[rotation_].get() == from) rotation_ = (rotation_ + 1) % endpoint_count_;
  target_ = rotation_;
  return false;
}

LeaderClient::Server* LeaderClient::FindOrAdd(const std::string& address) {
  for (const auto& server : servers_) {
    if (server->reach.address == address) return server.get();
  }
  if (servers_.size() >= kServersMax) return nullptr;
  servers_.push_back(std::make_unique<Server>());
  servers_.back()->reach.address = address;
  return servers_.back().get();
}

bool LeaderClient::NobodyReached() const {
  // A server that answered once is waited for; servers that never did are probably a wrong address.
  return std::all_of(servers_.begin(), servers_.end(), [](const auto& server) {
    return server->reach.asked && !server->reach.reachable && !server->ever_reached;
  });
}

}  // namespace raft::ctl
