// The status page: one HTML file that shows at a glance who leads and how far everybody is.
//
// Room: metrics/. A pure function of a snapshot; style and script are status_page.css and
// status_page.js, compiled in. Refers to no resource of another origin, so it works on a machine
// without the internet, and leaks nothing. All foreign text is escaped.
#pragma once

#include <optional>
#include <string>

#include "metrics/metrics_snapshot.h"

namespace raft {

// What the page shows beside the snapshot.
struct StatusPageFacts {
  std::string version;
  std::optional<double> process_age_seconds;
};

std::string MakeStatusPage(const MetricsSnapshot& snapshot, const StatusPageFacts& facts);

}  // namespace raft
