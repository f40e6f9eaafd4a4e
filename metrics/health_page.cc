#include "metrics/health_page.h"

#include <algorithm>

namespace raft {

HealthPage MakeHealthPage(std::string_view name, const std::vector<HealthCheck>& checks,
                          bool verbose) {
  HealthPage page;
  page.healthy = std::none_of(checks.begin(), checks.end(),
                              [](const HealthCheck& check) { return check.failure.has_value(); });
  if (page.healthy && !verbose) return {.healthy = true, .text = "ok\n"};
  for (const HealthCheck& check : checks) {
    page.text += check.failure.has_value() ? "[-]" + check.name + " failed: " + *check.failure
                                           : "[+]" + check.name + " ok";
    page.text += '\n';
  }
  page.text += std::string(name) + " check " + (page.healthy ? "passed" : "failed") + '\n';
  return page;
}

}  // namespace raft
