// Why members do not change and leadership is not handed over: the operator's part of errors.h.
//
// Each of these has changed nothing. Building errors is pure; any thread.
#pragma once

#include "core/effects.h"
#include "service/errors.h"

namespace raft {

// A change of members was planned for another configuration than the one in force.
ServiceError ConfigurationMoved();
// The change of members before it is not finished.
ServiceError ChangeUnderWay();
// Why the core does not change the members. Requires: the reason is one of those.
ServiceError ChangeRefused(const Refusal& refusal);
// Why the core does not hand over. Requires: the reason is one of those.
ServiceError TransferRefused(RefusalReason reason);

}  // namespace raft
