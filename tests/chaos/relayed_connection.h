// One connection between two servers, led through here: a socket to each and a lane each way.
//
// Used by the network's thread alone.
#pragma once

#include <poll.h>

#include <optional>
#include <utility>
#include <vector>

#include "tests/chaos/lane.h"
#include "tests/chaos/link_rule.h"
#include "tests/chaos/socket.h"

namespace raft::chaos {

class RelayedConnection {
 public:
  // `opened` goes from the server that connected to the one it called.
  RelayedConnection(const Direction& opened, Socket caller, Socket called)
      : opened_(opened),
        caller_(std::move(caller)),
        called_(std::move(called)),
        forth_(caller_.handle(), called_.handle()),
        back_(called_.handle(), caller_.handle()) {}
  RelayedConnection(const RelayedConnection&) = delete;
  RelayedConnection& operator=(const RelayedConnection&) = delete;

  // Appends what to wait for: two entries, of the caller and of the called.
  void Watch(const LinkRules& rules, SteadyTime now, std::vector<pollfd>& watched) const;
  // When the next byte is due; none: nothing waits for time to pass.
  std::optional<SteadyTime> NextDue(const LinkRules& rules) const;
  // Carries what can be carried; `watched` are the two entries of Watch, answered by poll.
  void Carry(const LinkRules& rules, const pollfd* watched, RandomSource& random, SteadyTime now);

  bool Connects(Id one, Id other) const;
  // Both ends see a reset; what is under way is lost.
  void Reset();
  bool IsFinished() const;

 private:
  const Direction opened_;
  Socket caller_;
  Socket called_;
  Lane forth_;
  Lane back_;
};

}  // namespace raft::chaos
