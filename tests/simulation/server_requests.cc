// A simulated server's clients and its operator: what they ask, and what they are told. The rest of
// simulated_server.h.
#include <utility>

#include "tests/simulation/law_broken.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {

void SimulatedServer::Submit(ClientRequest request) {
  if (!is_up()) {
    world_.network.Send(self_, ServerId(0), [answer = std::move(request.answer)] { answer({}); });
    return;
  }
  const Ticket ticket(++last_ticket_);
  std::string command = request.command;
  const bool is_read = request.is_read;
  clients_.emplace(ticket, WaitingClient{.request = std::move(request), .came_at = ++order_});
  if (is_read) {
    Put(ReadRequested{.ticket = ticket});
  } else {
    Put(CommandProposed{
        .ticket = ticket, .command = std::move(command), .expected_term = std::nullopt});
  }
}

void SimulatedServer::ChangeMembers(std::vector<Member> members,
                                    std::optional<LogIndex> expected_index) {
  const Ticket ticket(++last_ticket_);
  ClientRequest nobody_waits{
      .is_read = false, .command = {}, .key = {}, .answer = [](const ClientAnswer&) {}};
  clients_.emplace(ticket, WaitingClient{.request = std::move(nobody_waits), .came_at = ++order_});
  Put(MembershipChangeRequested{
      .ticket = ticket, .expected_index = expected_index, .members = std::move(members)});
}

void SimulatedServer::Transfer(std::optional<ServerId> target) {
  const Ticket ticket(++last_ticket_);
  transfers_.insert(ticket);
  Put(LeadershipTransferRequested{.ticket = ticket, .target = target});
}

void SimulatedServer::DemandConfirmed(const ReadReady& ready) const {
  const std::uint64_t came_at = clients_.at(ready.ticket).came_at;
  std::set<ServerId> confirmed{self_};
  for (const auto& [peer, left_at] : answered_) {
    if (left_at > came_at) confirmed.insert(peer);
  }
  if (IsMajorityHere(confirmed)) return;
  throw LawBroken("W10 a majority confirms a read after it came",
                  NameOf(self_) + " answers a read that " + std::to_string(confirmed.size()) +
                      " servers have confirmed");
}

void SimulatedServer::Answer(Ticket ticket, ClientAnswer answer) {
  const auto client = clients_.find(ticket);
  if (client == clients_.end()) {
    throw LawBroken("W12 every client is answered once", NameOf(self_) + " answered one twice");
  }
  world_.network.Send(self_, ServerId(0),
                      [tell = std::move(client->second.request.answer),
                       answer = std::move(answer)] { tell(answer); });
  clients_.erase(client);
}

}  // namespace raft::simulation
