#include "tests/integration/steady_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace raft::integration {
namespace {

constexpr Milliseconds kTryDeadline{5'000};
constexpr Milliseconds kRetryPause{5};

// The API's table of outcomes answers "same call again?" with yes. STATE_DIVERGED is not here
// although a client tries it elsewhere: no load of ours runs on a state that was falsified.
bool SaysTryAgain(const CallError& error) {
  static const std::set<std::string> kReasons = {"NOT_LEADER", "NO_LEADER",    "NO_QUORUM",
                                                 "OVERLOADED", "TRANSFERRING", "SHUTTING_DOWN",
                                                 "NOT_STARTED"};
  return kReasons.contains(error.reason);
}

std::string Describe(const CallError& error) {
  return "code " + std::to_string(error.code) + " " + error.reason + " " + error.message;
}

// One writer's connections, and where it believes the leader to be.
class Route {
 public:
  explicit Route(const std::vector<std::string>& addresses) : addresses_(addresses) {}

  Client& client() {
    auto& client = clients_[target_];
    if (client == nullptr) client = std::make_unique<Client>(target_);
    return *client;
  }
  // True: the refusal named somebody else, who is asked next.
  bool FollowHint(const CallError& error) {
    const std::string& hint = error.leader_hint.client_address();
    if (!hint.empty() && hint != target_) {
      target_ = hint;
      return true;
    }
    next_ = (next_ + 1) % addresses_.size();
    target_ = addresses_[next_];
    return false;
  }
  // A server that is down accepts no connection: then a call certainly did not start.
  bool IsDown() { return !client().GetStatus(false, Milliseconds(1'000)).ok(); }

 private:
  const std::vector<std::string>& addresses_;
  std::size_t next_ = 0;
  std::string target_ = addresses_.front();
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

}  // namespace

SteadyLoad::SteadyLoad(std::vector<std::string> addresses, int writers)
    : addresses_(std::move(addresses)) {
  for (int writer = 0; writer < writers; ++writer) {
    threads_.emplace_back([this, writer] { Write(writer); });
  }
}

void SteadyLoad::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopped_changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void SteadyLoad::Write(int writer) {
  Route route(addresses_);
  Clock::time_point last_acknowledged = Clock::now();
  bool probed = false;  // the connection was seen to stand since the last change of target
  for (int number = 0; Pause(Milliseconds(0));) {
    if (!probed && route.IsDown()) {
      route.FollowHint(CallError());
      if (!Pause(kRetryPause)) return;
      continue;
    }
    probed = true;
    const std::string key = "writer-" + std::to_string(writer) + "-" + std::to_string(number);
    const Answer<v1::ProposeResponse> answer = route.client().Put(key, key, kTryDeadline);
    if (answer.ok()) {
      NoteAcknowledged(key, Clock::now() - last_acknowledged);
      last_acknowledged = Clock::now();
      ++number;
      continue;
    }
    if (answer.outcome == Outcome::kUnknown) {
      const std::lock_guard lock(mutex_);
      surprises_.push_back(key + ": " + Describe(answer.error));
      ++number;  // nobody knows what became of this one
    } else if (!SaysTryAgain(answer.error)) {
      ADD_FAILURE() << "a writer was refused and not told to try again: " << key << ": "
                    << Describe(answer.error);
      return;
    }
    probed = false;
    if (!route.FollowHint(answer.error) && !Pause(kRetryPause)) return;
  }
}

bool SteadyLoad::Pause(Milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !stopped_changed_.wait_for(lock, duration, [this] { return stopped_; });
}

void SteadyLoad::NoteAcknowledged(const std::string& key, Clock::duration waited) {
  const std::lock_guard lock(mutex_);
  acknowledged_keys_.push_back(key);
  longest_pause_ = std::max(longest_pause_, waited);
}

std::size_t SteadyLoad::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_keys_.size();
}

std::vector<std::string> SteadyLoad::acknowledged_keys() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_keys_;
}

std::vector<std::string> SteadyLoad::surprises() const {
  const std::lock_guard lock(mutex_);
  return surprises_;
}

Milliseconds SteadyLoad::TakeLongestPause() {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<Milliseconds>(std::exchange(longest_pause_, {}));
}

}  // namespace raft::integration
