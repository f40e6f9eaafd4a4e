// The network between the servers: every byte that they send each other passes through here.
//
// Each server has one door, the address that the others know it by. Whoever connects to a door is
// recognised by the process that holds the other end of the connection, so that one door can treat
// each sender differently while all servers are started with the same --initial-members. A rule
// holds or delays one direction between two servers, whoever opened the connection.
//
// Owns one thread. Public methods: any thread; a rule is in force when the method returns, a reset
// has happened.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/chaos/link_rule.h"
#include "tests/chaos/relayed_connection.h"
#include "tests/chaos/socket.h"

namespace raft::chaos {

using DisturbanceNumber = std::uint64_t;

class PeerNetwork {
 public:
  // `ports`: where each server listens, or will. `seed`: of the jitter.
  PeerNetwork(const std::map<Id, std::uint16_t>& ports, std::uint64_t seed);
  ~PeerNetwork();
  PeerNetwork(const PeerNetwork&) = delete;
  PeerNetwork& operator=(const PeerNetwork&) = delete;

  // "127.0.0.1:port": what the others are to be told instead of the server's own address.
  std::string DoorOf(Id server) const;
  // Connections of this process are the server's from now on. A connection of a process that
  // nobody expects is reset.
  void Expect(Id server, pid_t process);

  // The rule holds for these directions, on top of all others, until it is lifted.
  DisturbanceNumber Disturb(const std::vector<Direction>& directions, const LinkRule& rule);
  void Lift(DisturbanceNumber disturbance);
  // Breaks every connection between the two servers.
  void Reset(Id one, Id other);

 private:
  struct Door {
    Socket listening;
    std::uint16_t port = 0;  // of the server behind it
  };
  struct Disturbance {
    std::vector<Direction> directions;
    LinkRule rule;
  };
  using Lock = std::unique_lock<std::mutex>;

  void Run();
  // What the thread waits for: the bell, the doors, then two entries per connection.
  std::vector<pollfd> Watched() const;
  int WaitMs() const;
  void Carry(const std::vector<pollfd>& answered);
  void AcceptAt(Id server, const Door& door);
  // 0: nobody that is expected.
  Id SenderOf(const Socket& caller) const;
  void Ring();
  void MergeRules();

  std::map<Id, Door> doors_;  // fixed once the thread runs
  int bell_ = -1;             // wakes the thread

  std::mutex mutex_;  // all below; the thread lets go of it while it waits
  bool is_stopping_ = false;
  std::map<pid_t, Id> expected_;
  std::map<DisturbanceNumber, Disturbance> disturbances_;
  DisturbanceNumber last_disturbance_ = 0;
  LinkRules rules_;
  std::list<RelayedConnection> connections_;
  RandomSource random_;

  std::thread thread_;
};

}  // namespace raft::chaos
