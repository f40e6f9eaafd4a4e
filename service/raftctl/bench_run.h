// One measured run: keeps operations going, closed loop or at a fixed rate, and times each.
//
// Room: service/raftctl; used by `raftctl bench` and by the load generator of tests/benchmark.
// Knows time and counting; what an operation is, the caller says. At a fixed rate the time of an
// operation runs from when it should have started, so a stalled server cannot hide its stall by
// slowing the clients down ("coordinated omission").
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>

#include "service/raftctl/call_engine.h"
#include "service/raftctl/latency_histogram.h"

namespace raft::ctl {

struct BenchShape {
  int outstanding = 64;        // Operations at once; in open loop the most at once.
  double rate_per_second = 0;  // Operations started per second; 0: closed loop.
  Clock::duration warmup = std::chrono::seconds(1);
  Clock::duration duration = std::chrono::seconds(5);
};

struct BenchReport {
  std::uint64_t operations = 0;  // Succeeded within the measured time.
  std::uint64_t errors = 0;      // Failed within it.
  std::uint64_t unfinished = 0;  // Open loop: due within it and still not answered 10 s later.
  double seconds = 0;            // Measured.
  LatencyHistogram latency;      // Of those that succeeded, and of the unfinished ones so far.

  double operations_per_second() const {
    return seconds > 0 ? static_cast<double>(operations) / seconds : 0;
  }
  double latency_ms(double percent) const {
    return std::chrono::duration<double, std::milli>(latency.Percentile(percent)).count();
  }
};

class BenchRun {
 public:
  // Tells the run that an operation ended.
  using OperationDone = std::function<void(bool succeeded)>;
  using StartOperation = std::function<void(OperationDone)>;

  // `engine` runs everything; `start_operation` starts one and calls back on the engine's thread.
  BenchRun(CallEngine* engine, const BenchShape& shape, StartOperation start_operation);

  // Called when measuring begins and ends, to sample processor time.
  std::function<void()> on_measure_begin;
  std::function<void()> on_measure_end;

  // Runs to the end. Returns false when interrupted; the report then covers what was measured.
  bool Run();
  const BenchReport& report() const { return report_; }

 private:
  void BeginMeasuring();
  void EndMeasuring();
  void StartClosed();
  void StartDue();
  void StartOne(Clock::time_point due);
  void OnDone(Clock::time_point due, bool succeeded);
  bool IsMeasured(Clock::time_point when) const;
  bool Finished() const;
  void CountUnfinished();

  CallEngine* const engine_;
  const BenchShape shape_;
  const StartOperation start_operation_;
  BenchReport report_;
  Clock::time_point measure_begin_;
  Clock::time_point measure_end_;
  Clock::time_point next_due_;
  std::deque<Clock::time_point> late_;        // Open loop: due, but too many are outstanding.
  std::multiset<Clock::time_point> running_;  // When the running ones were due.
  bool ended_ = false;
};

}  // namespace raft::ctl
