// The answer of /livez and /readyz, in the form Kubernetes and etcd use.
//
// Room: metrics/. A pure function of the checks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "metrics/metrics_snapshot.h"

namespace raft {

struct HealthPage {
  bool healthy = false;
  // "ok" alone when healthy and not `verbose`; else a line a check, "[+]name ok" or
  // "[-]name failed: reason", and a closing line.
  std::string text;
};

// `name` is "livez" or "readyz". No check at all is healthy: the process answered.
HealthPage MakeHealthPage(std::string_view name, const std::vector<HealthCheck>& checks,
                          bool verbose);

}  // namespace raft
