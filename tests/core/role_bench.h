// One role on a work bench: the state, outbox and answers it needs, and no server around it.
//
// Plays the part of RaftServer that a role counts on (handing out writes, releasing messages) and
// leaves out the rest: no term gate, no swapping. A test enters a role, calls one handler and looks
// at what it returned, what left the outbox and what was noted.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "core/outbox.h"
#include "core/role.h"
#include "core/server_state.h"
#include "tests/core_harness/builders.h"

namespace raft::harness {

class RoleBench {
 public:
  // Server 1 of `servers`, as the disk left it.
  explicit RoleBench(const RecoveredState& recovered = {}, std::size_t servers = 3,
                     const RaftOptions& options = SmallOptions())
      : state_(kS1, ClusterConfiguration(FirstServers(servers)), options, /*random_seed=*/1,
               recovered),
        outbox_(state_.persistent) {}

  ServerState& state() { return state_; }
  Outbox& outbox() { return outbox_; }
  ClientAnswers& answers() { return answers_; }

  // A role that has entered as if the server had just swapped to it; `entered` is what it returned.
  template <typename RoleType>
  std::unique_ptr<RoleType> Enter(NextRole entered = NextRole::kStay) {
    // Every role but a leader finds the timer running; a follower starts it itself.
    state_.election_timer.StartIfStopped();
    auto role = std::make_unique<RoleType>(
        RoleContext{.state = state_, .outbox = outbox_, .answers = answers_});
    EXPECT_EQ(role->OnEnter(), entered);
    return role;
  }

  // One tick of logical time, as RaftServer counts it.
  NextRole TickOnce(Role& role) {
    ++state_.ticks;
    return role.OnTick();
  }
  // Ticks until the role wants another one; returns which, or kStay after a long time.
  NextRole TickUntilItLeaves(Role& role) {
    for (std::uint32_t tick = 0; tick <= 2 * state_.options.election_timeout_ticks_max; ++tick) {
      if (const NextRole next = TickOnce(role); next != NextRole::kStay) return next;
    }
    return NextRole::kStay;
  }

  // The disk finishes everything that changed so far.
  void Persist() {
    if (state_.persistent.has_unsaved_changes()) {
      state_.persistent.CompletePersist(state_.persistent.TakePersistRequest().sequence);
    }
  }
  // A write leaves for the disk and is not finished yet.
  PersistSequence HandToDisk() { return state_.persistent.TakePersistRequest().sequence; }

  // What may leave now.
  Effects Release() {
    Effects effects;
    outbox_.ReleaseInto(effects);
    return effects;
  }
  template <typename Request>
  std::vector<std::pair<ServerId, Request>> ReleaseRequests() {
    std::vector<std::pair<ServerId, Request>> found;
    for (OutgoingRequest& outgoing : Release().requests) {
      if (auto* request = std::get_if<Request>(&outgoing.request)) {
        found.emplace_back(outgoing.to, std::move(*request));
      }
    }
    return found;
  }
  template <typename Response>
  std::vector<Response> ReleaseResponses() {
    std::vector<Response> found;
    for (OutgoingResponse& outgoing : Release().responses) {
      if (auto* response = std::get_if<Response>(&outgoing.response)) found.push_back(*response);
    }
    return found;
  }

  template <typename Event>
  std::vector<Event> EventsOf() const {
    std::vector<Event> found;
    for (const RaftEvent& event : state_.events) {
      if (const auto* match = std::get_if<Event>(&event)) found.push_back(*match);
    }
    return found;
  }
  // Whether an impossible message was noticed under a law that begins so.
  bool NotedImpossible(const std::string& law) const {
    for (const auto& refused : EventsOf<ImpossibleMessageRefused>()) {
      if (std::string(refused.law).starts_with(law)) return true;
    }
    return false;
  }

 private:
  ServerState state_;
  Outbox outbox_;
  ClientAnswers answers_;
};

// Where the answers to server 2's calls go.
inline constexpr ReturnAddress kFromS2{.peer = kS2, .call_id = CallId(1)};

// Takes the outcome of a handler that a test does not ask about, and insists that it is "stay".
inline void ExpectStay(NextRole next) { EXPECT_EQ(next, NextRole::kStay); }

}  // namespace raft::harness
