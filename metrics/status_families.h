// The families that are looked up: gauges made afresh from one snapshot of the server.
//
// Room: metrics/. A pure function of its argument. Because nothing is kept between scrapes, a
// series that no longer applies (a peer's lag after step-down) is not there the next time.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "metrics/metrics_snapshot.h"

namespace raft {

// Families without a series are left out. Any thread.
std::vector<prometheus::MetricFamily> StatusFamilies(const MetricsSnapshot& snapshot);

}  // namespace raft
