#include "service/raftctl/bench_run.h"

#include <algorithm>
#include <utility>

namespace raft::ctl {
namespace {

// A failed operation waits this long before the next, lest a dead server be asked in a tight loop.
constexpr std::chrono::milliseconds kPauseAfterError{10};
constexpr std::chrono::seconds kGraceForUnfinished{10};
constexpr std::chrono::milliseconds kDueInterval{1};

}  // namespace

BenchRun::BenchRun(CallEngine* engine, const BenchShape& shape, StartOperation start_operation)
    : engine_(engine), shape_(shape), start_operation_(std::move(start_operation)) {}

bool BenchRun::Run() {
  const Clock::time_point start = Clock::now();
  measure_begin_ = start + shape_.warmup;
  measure_end_ = measure_begin_ + shape_.duration;
  next_due_ = start;
  engine_->At(measure_begin_, [this] { BeginMeasuring(); });
  engine_->At(measure_end_, [this] { EndMeasuring(); });
  if (shape_.rate_per_second > 0) {
    StartDue();
  } else {
    for (int slot = 0; slot < shape_.outstanding; ++slot) StartClosed();
  }
  const bool completed = engine_->Run([this] { return Finished(); });
  if (!ended_) EndMeasuring();
  CountUnfinished();
  return completed;
}

void BenchRun::BeginMeasuring() {
  measure_begin_ = Clock::now();
  if (on_measure_begin) on_measure_begin();
}

void BenchRun::EndMeasuring() {
  ended_ = true;
  measure_end_ = std::min(measure_end_, Clock::now());
  report_.seconds =
      std::max(0.0, std::chrono::duration<double>(measure_end_ - measure_begin_).count());
  if (on_measure_end) on_measure_end();
}

void BenchRun::StartClosed() {
  if (!ended_) StartOne(Clock::now());
}

// Starts what is due, and looks again in a millisecond.
void BenchRun::StartDue() {
  const Clock::time_point now = Clock::now();
  const std::chrono::nanoseconds interval(
      static_cast<std::int64_t>(std::max(1.0, 1e9 / shape_.rate_per_second)));
  for (; next_due_ <= now && next_due_ < measure_end_; next_due_ += interval) {
    late_.push_back(next_due_);
  }
  while (!late_.empty() && running_.size() < static_cast<size_t>(shape_.outstanding)) {
    const Clock::time_point due = late_.front();
    late_.pop_front();
    StartOne(due);
  }
  if (next_due_ < measure_end_ || !late_.empty()) {
    engine_->After(kDueInterval, [this] { StartDue(); });
  }
}

void BenchRun::StartOne(Clock::time_point due) {
  running_.insert(due);
  start_operation_([this, due](bool succeeded) { OnDone(due, succeeded); });
}

void BenchRun::OnDone(Clock::time_point due, bool succeeded) {
  const Clock::time_point now = Clock::now();
  running_.erase(running_.find(due));
  const bool open_loop = shape_.rate_per_second > 0;
  if (IsMeasured(open_loop ? due : now)) {
    if (succeeded) {
      ++report_.operations;
      report_.latency.Record(now - due);
    } else {
      ++report_.errors;
    }
  }
  if (open_loop) return;
  if (succeeded) {
    StartClosed();
  } else {
    engine_->After(kPauseAfterError, [this] { StartClosed(); });
  }
}

bool BenchRun::IsMeasured(Clock::time_point when) const {
  return when >= measure_begin_ && when < measure_end_;
}

bool BenchRun::Finished() const {
  if (!ended_) return false;
  if (shape_.rate_per_second <= 0) return true;
  return (running_.empty() && late_.empty()) || Clock::now() > measure_end_ + kGraceForUnfinished;
}

void BenchRun::CountUnfinished() {
  if (shape_.rate_per_second <= 0) return;
  const Clock::time_point now = Clock::now();
  for (const Clock::time_point due : running_) late_.push_back(due);
  for (const Clock::time_point due : late_) {
    if (!IsMeasured(due)) continue;
    ++report_.unfinished;
    report_.latency.Record(now - due);
  }
}

}  // namespace raft::ctl
