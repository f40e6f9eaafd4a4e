// The peers of one ServerUnderTest, played by the test: their answers, and the short road to a
// candidate or leader.
//
// Knows what an honest peer would answer. A test that wants a lie builds the response itself.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/core_harness/server_under_test.h"

namespace raft::harness {

// ---- Answers.

inline void Grant(ServerUnderTest& server, const Sent<PreVoteRequest>& sent) {
  server.ReceiveAnswer(
      sent.to, PreVoteResponse{
                   .number = sent.request.number, .term = sent.request.term, .vote_granted = true});
}
inline void Grant(ServerUnderTest& server, const Sent<RequestVoteRequest>& sent) {
  server.ReceiveAnswer(
      sent.to, RequestVoteResponse{
                   .number = sent.request.number, .term = sent.request.term, .vote_granted = true});
}
// Denies, with the denier's own current term.
inline void Deny(ServerUnderTest& server, const Sent<PreVoteRequest>& sent, Term own_term) {
  server.ReceiveAnswer(
      sent.to,
      PreVoteResponse{.number = sent.request.number, .term = own_term, .vote_granted = false});
}
inline void Deny(ServerUnderTest& server, const Sent<RequestVoteRequest>& sent, Term own_term) {
  server.ReceiveAnswer(
      sent.to,
      RequestVoteResponse{.number = sent.request.number, .term = own_term, .vote_granted = false});
}

// What a follower answers that holds everything in this request, durably.
inline AppendEntriesResponse SuccessOf(const AppendEntriesRequest& request) {
  return {.number = request.number,
          .term = request.term,
          .success = true,
          .match_index = request.previous.index + request.entries.size(),
          .conflict = std::nullopt};
}
inline AppendEntriesResponse MismatchOf(const AppendEntriesRequest& request, ConflictHint hint) {
  return {.number = request.number,
          .term = request.term,
          .success = false,
          .match_index = LogIndex(0),
          .conflict = hint};
}
inline void Acknowledge(ServerUnderTest& server, const Sent<AppendEntriesRequest>& sent) {
  server.ReceiveAnswer(sent.to, SuccessOf(sent.request));
}
inline void AcknowledgeAll(ServerUnderTest& server,
                           const std::vector<Sent<AppendEntriesRequest>>& all) {
  for (const Sent<AppendEntriesRequest>& sent : all) Acknowledge(server, sent);
}
inline void Reject(ServerUnderTest& server, const Sent<AppendEntriesRequest>& sent,
                   ConflictHint hint) {
  server.ReceiveAnswer(sent.to, MismatchOf(sent.request, hint));
}
inline void FailCall(ServerUnderTest& server, const Sent<AppendEntriesRequest>& sent) {
  server.Step(PeerUnreachable{.peer = sent.to, .number = sent.request.number});
}

// Answers as `peer` until it holds everything the leader sends it and nothing is left to answer.
inline void CatchUp(ServerUnderTest& leader, ServerId peer) {
  for (int round = 0; round < 1000; ++round) {
    const auto sent = leader.TakeRequestsTo<AppendEntriesRequest>(peer);
    if (sent.empty()) return;
    AcknowledgeAll(leader, sent);
  }
  ADD_FAILURE() << "the leader never stops sending to " << peer.value();
}
inline void CatchUpAll(ServerUnderTest& leader) {
  for (const ServerId voter : leader.setup().voters) {
    if (voter != leader.setup().self) CatchUp(leader, voter);
  }
}

// The first entry-carrying AppendEntries in `all`; none when there are only heartbeats.
inline std::optional<Sent<AppendEntriesRequest>> WithEntries(
    const std::vector<Sent<AppendEntriesRequest>>& all) {
  for (const Sent<AppendEntriesRequest>& sent : all) {
    if (!sent.request.is_heartbeat()) return sent;
  }
  return std::nullopt;
}
inline std::optional<Sent<AppendEntriesRequest>> WithoutEntries(
    const std::vector<Sent<AppendEntriesRequest>>& all) {
  for (const Sent<AppendEntriesRequest>& sent : all) {
    if (sent.request.is_heartbeat()) return sent;
  }
  return std::nullopt;
}
inline std::optional<Sent<AppendEntriesRequest>> TakeAppendTo(ServerUnderTest& leader,
                                                              ServerId peer) {
  return WithEntries(leader.TakeRequestsTo<AppendEntriesRequest>(peer));
}
inline std::optional<Sent<AppendEntriesRequest>> TakeHeartbeatTo(ServerUnderTest& leader,
                                                                 ServerId peer) {
  return WithoutEntries(leader.TakeRequestsTo<AppendEntriesRequest>(peer));
}
// All heartbeats that wait, whomever they go to: one per peer that a read asks.
inline std::vector<Sent<AppendEntriesRequest>> TakeHeartbeats(ServerUnderTest& leader) {
  std::vector<Sent<AppendEntriesRequest>> heartbeats = leader.TakeRequests<AppendEntriesRequest>();
  std::erase_if(heartbeats, [](const auto& sent) { return !sent.request.is_heartbeat(); });
  return heartbeats;
}

// ---- Roads to a role.

// Ticks until the server asks for pre-votes; returns after how many ticks.
inline std::uint64_t TickUntilPreCandidate(ServerUnderTest& server) {
  const std::uint64_t enough = 2ull * server.setup().options.election_timeout_ticks_max;
  for (std::uint64_t ticks = 0; ticks < enough; ++ticks) {
    if (server.role() == RoleName::kPreCandidate) return ticks;
    server.TickTimes(1);
  }
  EXPECT_EQ(server.role(), RoleName::kPreCandidate) << "no election after " << enough << " ticks";
  return enough;
}

// Lets the timer run out and every peer say yes to the pre-vote.
inline void BecomeCandidate(ServerUnderTest& server) {
  TickUntilPreCandidate(server);
  for (const auto& sent : server.TakeRequests<PreVoteRequest>()) {
    if (server.role() == RoleName::kPreCandidate) Grant(server, sent);
  }
  ASSERT_EQ(server.role(), RoleName::kCandidate);
}

// Wins an election; the first AppendEntries of the term stay to be taken. More than one server.
inline void BecomeLeader(ServerUnderTest& server) {
  ASSERT_NO_FATAL_FAILURE(BecomeCandidate(server));
  for (const auto& sent : server.TakeRequests<RequestVoteRequest>()) {
    if (server.role() == RoleName::kCandidate) Grant(server, sent);
  }
  ASSERT_EQ(server.role(), RoleName::kLeader);
}

// Wins an election and commits the no-op of the term everywhere; nothing is left to answer.
inline void BecomeEstablishedLeader(ServerUnderTest& server) {
  ASSERT_NO_FATAL_FAILURE(BecomeLeader(server));
  CatchUpAll(server);
  ASSERT_EQ(server.status().commit_index, server.status().last_log_index);
}

}  // namespace raft::harness
