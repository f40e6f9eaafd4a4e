#include "tests/simulation/fault_plan.h"

#include <algorithm>

#include "tests/simulation/dice.h"

namespace raft::simulation {
namespace {

constexpr std::array<std::string_view, kFaults> kNames = {
    "message_lost",     "message_duplicated", "message_delayed",
    "message_replayed", "cut_one_way",        "cut_two_way",
    "cut_partial",      "cut_chained",        "disk_slow",
    "disk_stalled",     "disk_fails_once",    "disk_fails_for_good",
    "disk_full",        "power_lost",         "power_lost_in_disk_step",
    "process_killed",   "crash_loop",         "paused",
    "clock_rate",       "clock_jumps",        "clock_frozen",
    "state_distorted",  "disk_wiped",         "old_disk_put_back"};

constexpr std::uint64_t kShapePart = 1;
constexpr std::uint64_t kFaultsPart = 2;
constexpr std::uint64_t kLifePart = 7;
constexpr std::uint64_t kStatesPart = 9;
constexpr std::uint64_t kWipesPart = 10;
constexpr std::uint32_t kRealStorageOneIn = 4;

// The faults before this one come whatever the cluster is like.
constexpr auto kFaultsDrawnAlike = static_cast<std::size_t>(Fault::kStateDistorted);

// Mostly three and five; one, two, four and seven now and then.
std::uint32_t DrawServers(Dice& dice) {
  constexpr std::array<std::uint32_t, 12> kSizes = {3, 3, 3, 3, 3, 5, 5, 5, 4, 2, 1, 7};
  return kSizes[dice.Between(0, kSizes.size() - 1)];
}

RaftOptions DrawOptions(Dice& dice) {
  RaftOptions options;
  constexpr std::array<std::uint64_t, 4> kAppendBytesMax = {1, 300, 4'096, 1 << 20};
  constexpr std::array<std::uint64_t, 3> kInflightBytesMax = {1, 2'000, 8 << 20};
  constexpr std::array<std::uint64_t, 4> kUncommittedBytesMax = {600, 64 << 20, 64 << 20, 64 << 20};
  options.append_bytes_max = kAppendBytesMax[dice.Between(0, kAppendBytesMax.size() - 1)];
  options.inflight_bytes_max = kInflightBytesMax[dice.Between(0, kInflightBytesMax.size() - 1)];
  options.uncommitted_bytes_max =
      kUncommittedBytesMax[dice.Between(0, kUncommittedBytesMax.size() - 1)];
  // From trimming all the time with hardly a tail to never.
  constexpr std::array<std::uint64_t, 5> kCompactionEntries = {1, 10, 50, 200, 1'000'000};
  constexpr std::array<std::uint64_t, 4> kTailEntries = {0, 3, 30, 100};
  options.compaction_entries = kCompactionEntries[dice.Between(0, kCompactionEntries.size() - 1)];
  options.tail_entries = kTailEntries[dice.Between(0, kTailEntries.size() - 1)];
  constexpr std::array<std::uint64_t, 3> kCompactionBytes = {1'000, 20'000, 16 << 20};
  options.compaction_bytes = kCompactionBytes[dice.Between(0, kCompactionBytes.size() - 1)];
  return options;
}

void DrawSwarm(Dice& dice, FaultPlan& plan) {
  for (std::size_t fault = 0; fault < kFaultsDrawnAlike; ++fault) plan.faults[fault] = dice.Coin();
  plan.gap_mean = dice.MomentBetween(100 * kMillisecond, 2 * kSecond);
  plan.length_mean = dice.MomentBetween(100 * kMillisecond, 3 * kSecond);
  plan.latency_mean = dice.MomentBetween(kMillisecond / 10, 10 * kMillisecond);
  plan.sync_mean = dice.MomentBetween(kMillisecond / 10, 10 * kMillisecond);
  plan.lost_per_thousand = dice.Between(1, 400);
  plan.duplicated_per_thousand = dice.Between(1, 500);
  plan.delayed_per_thousand = dice.Between(1, 500);
  plan.replayed_per_thousand = dice.Between(1, 100);
}

void SetUniform(FaultPlan& plan) {
  plan.faults.set();
  plan.lost_per_thousand = 50;
  plan.duplicated_per_thousand = 50;
  plan.delayed_per_thousand = 100;
  plan.replayed_per_thousand = 20;
}

// One odd state among three can be told; among changing members, or where raftd's own storage would
// have to be distorted, nobody tries.
void DrawStates(Dice dice, FaultPlan& plan) {
  constexpr std::array<std::uint64_t, 3> kStateCheckEntries = {1, 3, 8};
  plan.options.state_check_entries =
      kStateCheckEntries[dice.Between(0, kStateCheckEntries.size() - 1)];
  plan.distortion_gap_mean = dice.MomentBetween(300 * kMillisecond, 4 * kSecond);
  const bool can_be_told = plan.servers >= 3 && !plan.has_operator && !plan.real_storage;
  plan.faults[static_cast<std::size_t>(Fault::kStateDistorted)] = can_be_told && dice.Coin();
}

// Somebody must be there to take the lost server out.
void DrawWipes(Dice dice, FaultPlan& plan) {
  plan.faults[static_cast<std::size_t>(Fault::kOldDiskPutBack)] = !plan.real_storage && dice.Coin();
  plan.wipe_gap_mean = dice.MomentBetween(1 * kSecond, 8 * kSecond);
  plan.faults[static_cast<std::size_t>(Fault::kDiskWiped)] = plan.has_operator && dice.Coin();
}

}  // namespace

std::string_view NameOf(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

std::optional<Fault> FaultNamed(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Fault>(found - kNames.begin());
}

std::string NamesOf(const FaultSet& faults) {
  std::string names;
  for (std::size_t fault = 0; fault < kFaults; ++fault) {
    if (!faults[fault]) continue;
    if (!names.empty()) names += ',';
    names += kNames[fault];
  }
  return names.empty() ? "none" : names;
}

FaultPlan DrawFaultPlan(std::uint64_t seed, const Wishes& wishes) {
  FaultPlan plan;
  Dice shape(seed, kShapePart);
  plan.servers = DrawServers(shape);
  plan.options = DrawOptions(shape);
  plan.real_storage = shape.Between(1, kRealStorageOneIn) == 1;
  plan.clients = shape.Between(1, 5);
  plan.keys = shape.Between(1, 4);
  plan.think_time_mean = shape.MomentBetween(5 * kMillisecond, 200 * kMillisecond);
  plan.storm_length = shape.MomentBetween(5 * kSecond, 25 * kSecond);
  Dice life(seed, kLifePart);
  plan.has_operator = life.Coin();
  if (plan.has_operator) plan.spares = life.Between(0, 3);
  plan.change_gap_mean = life.MomentBetween(100 * kMillisecond, 4 * kSecond);
  Dice faults(seed, kFaultsPart);
  if (wishes.schedule == Schedule::kSwarm) {
    DrawSwarm(faults, plan);
  } else {
    SetUniform(plan);
  }
  if (wishes.servers != 0) plan.servers = wishes.servers;
  plan.real_storage = wishes.real_storage.value_or(plan.real_storage);
  DrawStates(Dice(seed, kStatesPart), plan);
  DrawWipes(Dice(seed, kWipesPart), plan);
  if (wishes.storm_length) plan.storm_length = *wishes.storm_length;
  plan.faults &= ~wishes.without;
  return plan;
}

}  // namespace raft::simulation
