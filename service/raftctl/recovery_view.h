// A recovery plan in words an operator can decide by: what is there, what is kept, what is lost.
//
// Room: service/raftctl. Pure; knows plans and reports.
#pragma once

#include <string>
#include <vector>

#include "persistence/inspect.h"
#include "persistence/recover.h"

namespace raft::ctl {

// A row per survivor: directory, server, promised term, last entry, applied, digest, and whether it
// is the one to recover from. `reports` in the order of the plan's survivors.
std::string SurvivorTable(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan);
// The same as JSON objects, one a line, then one for the plan.
std::string SurvivorJson(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan);

// What is certain, what will take effect although it may never have been acknowledged, what is
// given up, and what may be lost; one sentence a line.
std::string DescribePlan(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan);

}  // namespace raft::ctl
