// Where log lines go: stderr, one event a line, as text or JSON, never blocking whoever logs.
//
// Lines pass through a bounded queue to a thread of their own; when stderr does not take them (a
// full pipe, a full disk) the oldest are dropped, because consensus must not wait for a log (trap
// J4). Everybody logs through spdlog's default logger.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace raft {

struct LoggingOptions {
  std::string format;  // text, json, or auto: text on a terminal, else json
  std::string level;   // trace, debug, info, warn, error
  std::uint64_t server_id = 0;
};

// Main thread, once, before anybody logs.
void StartLogging(const LoggingOptions& options);
// Writes what waits, for at most a second. False: stderr did not take it, and a thread still hangs
// there, so that the process has to end by EndProcess or _exit. Main thread, last.
bool StopLogging();

// How a process must end when going on would be a lie: says why on stderr, at once and past the
// queue, and exits with `exit_code`. Any thread; runs no destructors.
[[noreturn]] void EndProcess(const absl::Status& failure, int exit_code);

}  // namespace raft
