// When a server that has just started takes part in votes.
//
// One whose data directory was put back from an old copy has forgotten votes, and does not know it
// (trap H20). Whoever remembers says so when it is greeted, and greets within milliseconds; but a
// candidate that knows nothing may ask sooner. So a server votes once everybody has answered its
// greeting and held nothing against it, or once it has waited for the shortest election timeout:
// those that are away must not keep the others from electing. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>

#include "service/conversion/peer_identity.h"
#include "service/peer_directory.h"

namespace raft {

class BallotGate {
 public:
  // All references outlive the gate. `patience` is counted from now on; zero: open at once.
  BallotGate(const HeaderRules& rules, const PeerDirectory& directory,
             std::chrono::milliseconds patience)
      : rules_(rules),
        directory_(directory),
        opens_at_(std::chrono::steady_clock::now() + patience) {}

  bool IsOpen() {
    if (is_open_.load(std::memory_order_relaxed)) return true;
    if (std::chrono::steady_clock::now() < opens_at_ && !HasEverybodyAnswered()) return false;
    is_open_.store(true, std::memory_order_relaxed);
    return true;
  }

 private:
  // A greeting that was answered with something against this server does not count as one.
  bool HasEverybodyAnswered() const {
    const std::shared_ptr<const ClusterConfiguration> configuration = rules_.configuration();
    const auto& members = configuration->members();
    return !members.empty() &&
           std::all_of(members.begin(), members.end(), [this](const Member& it) {
             if (it.server_id == rules_.local().server_id) return true;
             const std::optional<PeerCard> card = directory_.CardOf(it.server_id);
             return card && card->incarnation == it.incarnation && !card->reached_at.empty();
           });
  }

  const HeaderRules& rules_;
  const PeerDirectory& directory_;
  const std::chrono::steady_clock::time_point opens_at_;
  std::atomic<bool> is_open_{false};
};

}  // namespace raft
