// How a snapshot file, a configuration and a moment look on paper.
//
// Room: service/raftctl. Pure, but for PrintFacts.
#pragma once

#include <string>

#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/snapshot_file.h"
#include "service/raftctl/fact_sheet.h"
#include "service/raftctl/options.h"

namespace raft::ctl {

// Cluster id, position, time, keys, digest, configuration, size.
void AddSnapshotFacts(const SnapshotFileReport& report, FactSheet* sheet);

// "1=127.0.0.1:7001, 4=127.0.0.1:7031 (learner)"; a joint one as "... -> ...".
std::string DescribeConfiguration(const ClusterConfiguration& configuration);

// "2026-01-31T12:00:00Z".
std::string DescribeTime(LogTimeMs log_time_ms);

void PrintFacts(const FactSheet& sheet, OutputFormat format);

}  // namespace raft::ctl
