// What happens in a run, in words: for the story of a seed that went red, and for the counters of
// states worth reaching.
#pragma once

#include <string>

#include "core/effects.h"
#include "core/recovered_state.h"
#include "tests/simulation/story.h"

namespace raft::simulation {

std::string NameOf(ServerId server);  // "server 2"
std::string Tell(const RecoveredState& recovered);
std::string Tell(const RaftEvent& event);
std::string Tell(const PeerRequest& request);
std::string Tell(const PeerResponse& response);

// Counts the state that this event shows, if it is one of those.
void CountSometimes(const RaftEvent& event, Story& story);

}  // namespace raft::simulation
