// The standard process_* families, read from /proc/self: prometheus-cpp has no process collector.
//
// Room: metrics/. Knows Linux; a value the kernel does not give is left out, never invented.
#pragma once

#include <prometheus/metric_family.h>

#include <optional>
#include <vector>

namespace raft {

// Any thread; reads a handful of files of /proc.
std::vector<prometheus::MetricFamily> ProcessFamilies();

// How long this process has run, seconds; none: /proc would not say.
std::optional<double> ProcessAgeSeconds();

}  // namespace raft
