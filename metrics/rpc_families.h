// The families behind RpcMetrics: one set of series a served method.
//
// Room: metrics/, private to it: includes prometheus-cpp, which RpcMetrics spares its users.
#pragma once

#include <prometheus/family.h>
#include <prometheus/registry.h>

#include <string_view>

#include "metrics/rpc_metrics.h"

namespace raft {

class RpcFamilies {
 public:
  // Registers the families; `registry` must outlive this.
  explicit RpcFamilies(prometheus::Registry& registry);

  // Any thread. The same method gets the same series again: Family::Add is locked and idempotent.
  RpcMetrics For(RpcType type, std::string_view service, std::string_view method);

 private:
  prometheus::Family<prometheus::Counter>& started_;
  prometheus::Family<prometheus::Counter>& handled_;
  prometheus::Family<prometheus::Histogram>& handling_;
};

}  // namespace raft
