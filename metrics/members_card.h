// The table of servers on the status page: who belongs to the cluster and how far each one is.
//
// Room: metrics/. Pure functions of a snapshot. All foreign text is escaped.
#pragma once

#include <string>

#include "metrics/log_window.h"
#include "metrics/metrics_snapshot.h"

namespace raft {

// On the leader: state, position, lag in entries and in time, and last answer of each server.
std::string ReplicationCard(const MetricsSnapshot& snapshot, const LogWindow& window);

// On a server that does not lead, only who belongs to the cluster is known. Nothing while forming.
std::string MembersCard(const MetricsSnapshot& snapshot);

}  // namespace raft
