// Writes down where members are now: a change of members that changes addresses only.
//
// A member that comes back under another address announces it to whomever it greets, and their
// links follow. Once the leader has reached it there it also puts the address into the
// configuration, so that servers that were not greeted, or start later, find it. Pure function; any
// thread.
#pragma once

#include <optional>

#include "core/inputs.h"
#include "core/raft_status.h"
#include "service/peer_directory.h"

namespace raft {

// None: this server does not lead, a change is under way, or everybody is where the configuration
// says. Nobody waits for the outcome (ticket 0); what is refused is planned again later.
std::optional<MembershipChangeRequested> PlanAddressRecord(const RaftStatus& status,
                                                           const PeerDirectory& peers);

}  // namespace raft
