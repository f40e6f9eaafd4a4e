// How a simulated server talks to its peers: what leaves, what arrives, what nobody answers. The
// rest of simulated_server.h.
#include <algorithm>
#include <utility>
#include <variant>

#include "tests/simulation/law_broken.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

// What an AppendEntries vouches for at a receiver whose log it matches.
LogPosition VerifiedBy(const PeerRequest& request) {
  const auto* append = std::get_if<AppendEntriesRequest>(&request);
  if (append == nullptr) return {};
  return append->entries.empty() ? append->previous : append->entries.back()->position();
}

RequestNumber NumberOf(const auto& message) {
  return std::visit([](const auto& kind) { return kind.number; }, message);
}

}  // namespace

Moment SimulatedServer::Patience() const {
  const RaftOptions& options = world_.plan.options;
  return options.election_timeout_ticks_max * options.tick_ms * kMillisecond;
}

void SimulatedServer::SendRequest(OutgoingRequest outgoing) {
  laws_.RequestLeaves(outgoing.request);
  NoteOpenRequest(outgoing.to, NumberOf(outgoing.request));
  world_.story.Tell(
      [&] { return NameOf(self_) + " -> " + NameOf(outgoing.to) + " " + Tell(outgoing.request); });
  // As in raftd: a message for somebody who has left meanwhile finds no way.
  if (!reachable_.contains(outgoing.to)) return;
  auto arrive = [this, head = HeadFor(outgoing.to), to = outgoing.to, request = outgoing.request] {
    world_.peer(to).RequestArrives(head, request);
  };
  // The call of a hand-over ends with its deadline; no connection delivers it again after that.
  if (std::holds_alternative<TimeoutNowRequest>(outgoing.request)) {
    world_.network.SendOnce(self_, outgoing.to, std::move(arrive));
  } else {
    world_.network.Send(self_, outgoing.to, std::move(arrive));
  }
}

SimulatedServer::Letterhead SimulatedServer::HeadFor(ServerId to) const {
  return {.from = self_,
          .process = life_,
          .incarnation = machine_->incarnation(),
          .to_incarnation = reachable_.at(to),
          .start = start_};
}

void SimulatedServer::NoteOpenRequest(ServerId to, RequestNumber number) {
  const auto listed = reachable_.find(to);
  const std::uint64_t incarnation = listed == reachable_.end() ? 0 : listed->second;
  requests_.emplace(number, OpenRequest{.peer = to,
                                        .deadline = world_.time.now() + Patience(),
                                        .left_at = ++order_,
                                        .recalled = memory_->Recall({to, incarnation})});
}

// As raftd's HeaderRules do: for another life of this disk nothing is taken, and a ballot of
// another life than the listed one neither. A leader may be in a life that this server does not
// know yet.
bool SimulatedServer::MaySpeak(const Letterhead& head, const PeerRequest& request) const {
  if (head.to_incarnation != machine_->incarnation()) return false;
  const bool is_ballot = std::holds_alternative<PreVoteRequest>(request) ||
                         std::holds_alternative<RequestVoteRequest>(request);
  if (!is_ballot || configuration_->Find(head.from) == nullptr) return true;
  return configuration_->Lists(head.from, head.incarnation);
}

void SimulatedServer::RequestArrives(const Letterhead& head, PeerRequest request,
                                     SnapshotPieces pieces) {
  if (!is_up() || !MaySpeak(head, request) || IsRefusedAsker(head, request) ||
      IsUnansweredBallot(request)) {
    // The connection is refused.
    if (is_up()) world_.story.Count(Sometimes::kOtherLifeRefused);
    world_.network.Send(self_, head.from, [this, head, number = NumberOf(request)] {
      world_.peer(head.from).NobodyAnswers(head.process, number);
    });
    return;
  }
  const CallId call(++last_call_);
  calls_.emplace(call, OpenCall{.caller = head.from,
                                .caller_life = head.process,
                                .number = NumberOf(request),
                                .verified = VerifiedBy(request)});
  if (const auto* now = std::get_if<TimeoutNowRequest>(&request)) laws_.AskedToCampaign(now->term);
  if (pieces != nullptr) snapshots_.Arrived(call, std::move(pieces));
  Put(RequestReceived{.sender = {.peer = head.from, .call_id = call},
                      .request = std::move(request)});
}

void SimulatedServer::SendResponse(OutgoingResponse outgoing) {
  const auto call = calls_.find(outgoing.to.call_id);
  if (call == calls_.end()) {
    throw LawBroken("every request is answered once", NameOf(self_) + " answered one twice");
  }
  const OpenCall open = call->second;
  calls_.erase(call);
  snapshots_.Forget(outgoing.to.call_id);
  laws_.ResponseLeaves(outgoing.response, outgoing.to.peer, open.verified);
  const auto* vote = std::get_if<RequestVoteResponse>(&outgoing.response);
  if (vote != nullptr && vote->vote_granted) {
    world_.laws.VoteLeaves(self_, open.caller, vote->term);
  }
  world_.story.Tell([&] {
    return NameOf(self_) + " -> " + NameOf(outgoing.to.peer) + " " + Tell(outgoing.response);
  });
  const Letterhead head{
      .from = self_, .process = life_, .incarnation = machine_->incarnation(), .start = start_};
  world_.network.Send(self_, open.caller, [this, head, open, response = outgoing.response] {
    world_.peer(open.caller).ResponseArrives(head, open.caller_life, response);
  });
}

// An answer reaches the life that asked; a late or copied one is delivered all the same.
void SimulatedServer::ResponseArrives(const Letterhead& head, std::uint64_t life,
                                      PeerResponse response) {
  if (!is_up() || life != life_) return;
  const RequestNumber number = NumberOf(response);
  const auto request = requests_.find(number);
  const bool is_open = request != requests_.end();
  if (IsRefusedAnswerer(head, is_open ? &request->second : nullptr, response)) {
    return NobodyAnswers(life, number);
  }
  if (is_open) {
    answered_[head.from] = std::max(answered_[head.from], request->second.left_at);
    requests_.erase(request);
  }
  laws_.ResponseArrives(head.from, response);
  Put(ResponseReceived{.from = head.from, .response = std::move(response)});
}

void SimulatedServer::NobodyAnswers(std::uint64_t life, RequestNumber number) {
  if (!is_up() || life != life_) return;
  const auto request = requests_.find(number);
  if (request == requests_.end()) return;
  Put(PeerUnreachable{.peer = request->second.peer, .number = number});
  requests_.erase(request);
}

void SimulatedServer::GiveUpLateRequests() {
  while (!requests_.empty() && requests_.begin()->second.deadline < world_.time.now()) {
    NobodyAnswers(life_, RequestNumber(requests_.begin()->first));
  }
}

}  // namespace raft::simulation
