// Greets servers that are to be added, all at once, to learn who they are.
//
// A server that is no member yet has no link; it is greeted over a connection of its own that goes
// with the answer. Decides nothing (member_changes.h does).
//
// Threads: any; `done` runs on gRPC's. One leaf lock.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "persistence/mutex.h"
#include "service/conversion/greeting.h"
#include "service/conversion/peer_identity.h"
#include "service/peer_channel.h"

namespace raft {

class NewcomerGreeter {
 public:
  // In the order of the newcomers. An error has gRPC's code and message.
  using Greetings = std::vector<absl::StatusOr<Greeting>>;
  using Done = std::function<void(const Greetings&)>;

  explicit NewcomerGreeter(const PeerLinkOptions& options) : options_(options) {}
  // Waits until no greeting is under way, at most the greeting's deadline.
  ~NewcomerGreeter();
  NewcomerGreeter(const NewcomerGreeter&) = delete;
  NewcomerGreeter& operator=(const NewcomerGreeter&) = delete;

  // Calls `done` once, when all have answered or are past their deadline. Requires: somebody is
  // greeted; `rules` outlives the greeting.
  void Greet(const HeaderRules& rules, const std::vector<Member>& newcomers, Done done);

 private:
  struct Round;
  struct Call;

  void End();

  const PeerLinkOptions options_;
  Mutex mutex_;
  ConditionVariable rounds_ended_;
  std::size_t rounds_ = 0;
};

}  // namespace raft
