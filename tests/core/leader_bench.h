// A leader on the work bench: server 1 of a few, elected in term 3 over a log of terms 1 and 2.
//
// Its no-op is entry 3. The test plays the peers by answering what the leader sent.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/leader.h"
#include "tests/core/role_bench.h"

namespace raft::harness {

class LeaderBench {
 public:
  explicit LeaderBench(std::size_t servers = 3, const RaftOptions& options = SmallOptions())
      : bench_(Recovered({.term = 3, .log_terms = {1, 2}, .voted_for = kS1}), servers, options),
        leader_(bench_.Enter<Leader>()) {}

  RoleBench& bench() { return bench_; }
  Leader& leader() { return *leader_; }
  ServerState& state() { return bench_.state(); }
  std::uint64_t commit_index() { return state().commit_index.value(); }

  // Ends the turn: what the leader sends now, each request under the peer it goes to.
  std::vector<std::pair<ServerId, AppendEntriesRequest>> EndTurn() {
    leader_->BeforeEffects();
    return bench_.ReleaseRequests<AppendEntriesRequest>();
  }
  // Ends the turn and keeps only what goes to `peer`.
  std::vector<AppendEntriesRequest> EndTurnTo(ServerId peer) {
    std::vector<AppendEntriesRequest> requests;
    for (auto& [to, request] : EndTurn()) {
      if (to == peer) requests.push_back(std::move(request));
    }
    return requests;
  }
  // The peer holds everything in `request`, durably.
  void Acknowledge(ServerId from, const AppendEntriesRequest& request) {
    AnswerMatch(from, request, request.previous.index + request.entries.size());
  }
  void AnswerMatch(ServerId from, const AppendEntriesRequest& request, LogIndex match) {
    ExpectStay(leader_->OnAppendEntriesResponse(
        from,
        {.number = request.number, .term = request.term, .success = true, .match_index = match}));
  }
  void AnswerMismatch(ServerId from, const AppendEntriesRequest& request, ConflictHint hint) {
    ExpectStay(leader_->OnAppendEntriesResponse(from, {.number = request.number,
                                                       .term = request.term,
                                                       .success = false,
                                                       .match_index = LogIndex(0),
                                                       .conflict = hint}));
  }
  void Fail(ServerId peer, const AppendEntriesRequest& request) {
    ExpectStay(leader_->OnPeerUnreachable({.peer = peer, .number = request.number}));
  }
  void PersistAll() {
    bench_.Persist();
    ExpectStay(leader_->OnWritePersisted());
  }
  // Server 2 and the own disk take everything, until nothing is left to send.
  void CommitAll() {
    PersistAll();
    for (int round = 0; round < 100; ++round) {
      const auto requests = EndTurnTo(kS2);
      if (requests.empty()) return;
      for (const AppendEntriesRequest& request : requests) Acknowledge(kS2, request);
    }
    FAIL() << "the leader never stops sending";
  }

  void Propose(std::uint64_t ticket, std::string command = "x",
               std::optional<Term> expected_term = std::nullopt) {
    ExpectStay(leader_->OnCommandProposed(
        {.ticket = Ticket(ticket), .command = std::move(command), .expected_term = expected_term}));
  }
  void Read(std::uint64_t ticket) {
    ExpectStay(leader_->OnReadRequested({.ticket = Ticket(ticket)}));
  }
  std::vector<std::uint64_t> ReadyTickets() {
    std::vector<std::uint64_t> tickets;
    for (const ReadReady& ready : bench_.answers().reads_ready) {
      tickets.push_back(ready.ticket.value());
    }
    return tickets;
  }
  PeerStatus StatusOf(ServerId peer) {
    RaftStatus status;
    leader_->FillStatus(status);
    for (const PeerStatus& found : status.peers) {
      if (found.peer == peer) return found;
    }
    ADD_FAILURE() << "the status lists no such peer";
    return {};
  }

 private:
  RoleBench bench_;
  std::unique_ptr<Leader> leader_;
};

}  // namespace raft::harness
