// Laws that hold of one server after every step: on one state, and between two states.
//
// On in every build, at a cost of what changed; laws over the whole log or the whole cluster are
// the simulator's. Ids N1 to N10 name the invariants of the test plan. Knows how a state looks, not
// how it came about.
#pragma once

#include "core/role.h"
#include "core/server_state.h"

namespace raft {

class Invariants {
 public:
  // Stops the process, naming the law, if the state or the step that led to it breaks one.
  void Check(const ServerState& state, const Role& role);

 private:
  // What the laws between two states need to remember of the earlier one.
  struct Memory {
    Promise promise;
    LogPosition committed;  // at the commit index
    LogIndex handed_to_apply_index;
    LogIndex base_index;
    LogPosition last_position;
    PersistSequence durable_sequence;
    RoleName role = RoleName::kFollower;
    bool is_quarantined = false;
  };

  void CheckOneState(const ServerState& state, const Role& role) const;
  void CheckBetweenStates(const Memory& now, const ServerState& state) const;

  bool has_previous_ = false;
  Memory previous_;
};

}  // namespace raft
