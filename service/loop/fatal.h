// What a thread does when going on would be a lie: a failed write of promise, log or state.
#pragma once

#include <functional>

#include "absl/status/status.h"

namespace raft {

// Told the failure (file, operation, cause) by the thread it happened on; in raftd it never returns
// (service/logging.h, EndProcess). In a test it may, and the thread then stops without reporting
// the failed work as done. Must be thread-safe.
using FatalHandler = std::function<void(const absl::Status& failure)>;

}  // namespace raft
