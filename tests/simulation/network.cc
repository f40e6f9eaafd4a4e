#include "tests/simulation/network.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPart = 3;
constexpr Moment kDelayMean = 200 * kMillisecond;
constexpr Moment kCopyDelayMean = 100 * kMillisecond;
constexpr Moment kReplayMean = 3 * kSecond;

}  // namespace

Network::Network(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Story& story)
    : plan_(plan), time_(time), story_(story), dice_(seed, kPart) {}

bool Network::Happens(Fault fault, std::uint32_t per_thousand) {
  const bool happens = dice_.Chance(per_thousand);
  if (!happens || !storms_ || !plan_.Has(fault)) return false;
  story_.Count(fault);
  return true;
}

void Network::Send(ServerId from, ServerId to, std::function<void()> arrive) {
  const bool is_copied = Happens(Fault::kMessageDuplicated, plan_.duplicated_per_thousand);
  const bool is_replayed = Happens(Fault::kMessageReplayed, plan_.replayed_per_thousand);
  const Moment late = dice_.About(kCopyDelayMean);
  const Moment much_later = dice_.About(kReplayMean);
  if (is_copied) Deliver(late, from, to, arrive);
  if (is_replayed) Deliver(much_later, from, to, arrive);
  SendOnce(from, to, std::move(arrive));
}

void Network::SendOnce(ServerId from, ServerId to, std::function<void()> arrive) {
  const Moment delay = dice_.About(plan_.latency_mean);
  const bool is_lost = Happens(Fault::kMessageLost, plan_.lost_per_thousand);
  const bool is_late = Happens(Fault::kMessageDelayed, plan_.delayed_per_thousand);
  const Moment late = dice_.About(kDelayMean);
  if (!is_lost) Deliver(is_late ? delay + late : delay, from, to, std::move(arrive));
}

void Network::Deliver(Moment delay, ServerId from, ServerId to, std::function<void()> arrive) {
  time_.After(delay, [this, from, to, arrive = std::move(arrive)] {
    if (!IsCut(from, to)) arrive();
  });
}

}  // namespace raft::simulation
