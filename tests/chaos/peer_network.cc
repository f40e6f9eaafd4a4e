#include "tests/chaos/peer_network.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "tests/chaos/socket_owner.h"

namespace raft::chaos {
namespace {

constexpr int kForEver = -1;

SteadyTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

PeerNetwork::PeerNetwork(const std::map<Id, std::uint16_t>& ports, std::uint64_t seed)
    : bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), random_(seed) {
  for (const auto& [server, port] : ports) {
    doors_[server] = {.listening = ListenOnLoopback(), .port = port};
  }
  thread_ = std::thread([this] { Run(); });
}

PeerNetwork::~PeerNetwork() {
  {
    const Lock lock(mutex_);
    is_stopping_ = true;
  }
  Ring();
  thread_.join();
  close(bell_);
}

std::string PeerNetwork::DoorOf(Id server) const {
  return "127.0.0.1:" + std::to_string(doors_.at(server).listening.own_port());
}

void PeerNetwork::Expect(Id server, pid_t process) {
  const Lock lock(mutex_);
  std::erase_if(expected_, [server](const auto& known) { return known.second == server; });
  expected_[process] = server;
}

DisturbanceNumber PeerNetwork::Disturb(const std::vector<Direction>& directions,
                                       const LinkRule& rule) {
  DisturbanceNumber number = 0;
  {
    const Lock lock(mutex_);
    number = ++last_disturbance_;
    disturbances_[number] = {.directions = directions, .rule = rule};
    MergeRules();
  }
  Ring();
  return number;
}

void PeerNetwork::Lift(DisturbanceNumber disturbance) {
  {
    const Lock lock(mutex_);
    disturbances_.erase(disturbance);
    MergeRules();
  }
  Ring();  // What was held may leave.
}

void PeerNetwork::Reset(Id one, Id other) {
  {
    const Lock lock(mutex_);
    for (RelayedConnection& connection : connections_) {
      if (connection.Connects(one, other)) connection.Reset();
    }
  }
  Ring();
}

void PeerNetwork::MergeRules() {
  rules_.clear();
  for (const auto& [number, disturbance] : disturbances_) {
    for (const Direction& direction : disturbance.directions) {
      rules_[direction] = Both(rules_[direction], disturbance.rule);
    }
  }
}

void PeerNetwork::Ring() {
  const std::uint64_t once = 1;
  (void)!write(bell_, &once, sizeof(once));
}

void PeerNetwork::Run() {
  Lock lock(mutex_);
  while (!is_stopping_) {
    std::vector<pollfd> watched = Watched();
    const int wait_ms = WaitMs();
    lock.unlock();
    (void)poll(watched.data(), watched.size(), wait_ms);
    lock.lock();
    std::uint64_t rings = 0;
    (void)!read(bell_, &rings, sizeof(rings));
    Carry(watched);  // Only this thread adds and removes connections: the entries still fit.
    connections_.remove_if([](const RelayedConnection& each) { return each.IsFinished(); });
    auto answered = watched.begin() + 1;
    for (const auto& [server, door] : doors_) {
      if ((answered++)->revents != 0) AcceptAt(server, door);
    }
  }
}

std::vector<pollfd> PeerNetwork::Watched() const {
  std::vector<pollfd> watched{{.fd = bell_, .events = POLLIN, .revents = 0}};
  for (const auto& [server, door] : doors_) {
    watched.push_back({.fd = door.listening.handle(), .events = POLLIN, .revents = 0});
  }
  const SteadyTime now = Now();
  for (const RelayedConnection& connection : connections_) connection.Watch(rules_, now, watched);
  return watched;
}

int PeerNetwork::WaitMs() const {
  std::optional<SteadyTime> next;
  const SteadyTime now = Now();
  for (const RelayedConnection& connection : connections_) {
    const std::optional<SteadyTime> due = connection.NextDue(rules_);
    // What is due already waits for its receiver, not for time.
    if (due.has_value() && *due > now) next = std::min(next.value_or(*due), *due);
  }
  if (!next.has_value()) return kForEver;
  return static_cast<int>(std::chrono::ceil<Milliseconds>(*next - now).count());
}

void PeerNetwork::Carry(const std::vector<pollfd>& answered) {
  const SteadyTime now = Now();
  const pollfd* watched = answered.data() + 1 + doors_.size();
  for (RelayedConnection& connection : connections_) {
    if (!connection.IsFinished()) connection.Carry(rules_, watched, random_, now);
    watched += 2;
  }
}

void PeerNetwork::AcceptAt(Id server, const Door& door) {
  Socket caller = door.listening.Accept();
  if (!caller.is_open()) return;
  const Id sender = SenderOf(caller);
  if (sender == 0) return caller.Abort();
  connections_.emplace_back(Direction{sender, server}, std::move(caller),
                            ConnectToLoopback(door.port));
}

Id PeerNetwork::SenderOf(const Socket& caller) const {
  std::vector<pid_t> processes;
  for (const auto& [process, server] : expected_) processes.push_back(process);
  const std::optional<pid_t> owner =
      FindOwner({.own_port = caller.other_port(), .other_port = caller.own_port()}, processes);
  return owner.has_value() ? expected_.at(*owner) : 0;
}

}  // namespace raft::chaos
