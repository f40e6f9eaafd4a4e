// The only clock of the loop: turns steady time into ticks.
//
// At most one tick waits in the inbox; a machine that was paused gets one, not a burst, so a late
// server is slow to campaign rather than hasty. Wall clocks are never read (trap J9).
#pragma once

#include <chrono>
#include <thread>

#include "persistence/mutex.h"
#include "service/loop/inbox.h"

namespace raft {

class Ticker {
 public:
  // `inbox` outlives this object.
  Ticker(std::chrono::milliseconds interval, Inbox& inbox) : interval_(interval), inbox_(inbox) {}
  ~Ticker() { Stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void Start();
  void Stop();

 private:
  void Run();

  const std::chrono::milliseconds interval_;
  Inbox& inbox_;
  Mutex mutex_;
  ConditionVariable stopped_changed_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace raft
