// When a server that has just started takes part in votes.
//
// One whose data directory was put back from an old copy has forgotten votes, and does not know it
// (trap H20). Whoever remembers says so when it is greeted, and greets within milliseconds; but a
// candidate that knows nothing may ask sooner. So a server votes once all voters have answered its
// greeting and held nothing against it, or once it has waited for the shortest election timeout:
// those that are away must not keep the others from electing. The voters are those that this server
// knows; one that joined since its copy was made may be too late. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>

#include "core/messages.h"
#include "service/conversion/peer_identity.h"
#include "service/peer_directory.h"

namespace raft {

template <typename Request>
inline constexpr bool kIsBallot =
    std::is_same_v<Request, PreVoteRequest> || std::is_same_v<Request, RequestVoteRequest>;
// What a server that has forgotten its promises must not answer. A hand-over that is refused fails,
// and the leader goes on.
template <typename Request>
inline constexpr bool kMayEndInAVote =
    kIsBallot<Request> || std::is_same_v<Request, TimeoutNowRequest>;

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
    if (std::chrono::steady_clock::now() < opens_at_ && !HaveAllAnswered()) return false;
    is_open_.store(true, std::memory_order_relaxed);
    return true;
  }

 private:
  // A greeting that was answered with something against this server does not count as one.
  bool HaveAllAnswered() const {
    const std::shared_ptr<const ClusterConfiguration> configuration = rules_.configuration();
    const auto& members = configuration->members();
    return !members.empty() &&
           std::all_of(members.begin(), members.end(), [&](const Member& member) {
             return !configuration->IsVoter(member.server_id) ||
                    member.server_id == rules_.local().server_id || HasAnswered(member);
           });
  }
  bool HasAnswered(const Member& member) const {
    const std::optional<PeerCard> card = directory_.CardOf(member.server_id);
    return card && card->incarnation == member.incarnation && !card->reached_at.empty();
  }

  const HeaderRules& rules_;
  const PeerDirectory& directory_;
  const std::chrono::steady_clock::time_point opens_at_;
  std::atomic<bool> is_open_{false};
};

}  // namespace raft
