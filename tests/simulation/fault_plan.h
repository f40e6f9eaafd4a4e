// What may go wrong in one run, and how often: drawn from the seed before the run begins.
//
// The swarm schedule draws a random subset of the faults with random strengths, because two faults
// that hide each other are rarely both off in a uniform mix; the uniform schedule has all of them
// at middling strength. Also draws the shape of the cluster. Knows names and numbers only.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/raft_options.h"
#include "tests/simulation/virtual_time.h"

namespace raft::simulation {

enum class Fault : std::uint8_t {
  kMessageLost,
  kMessageDuplicated,
  kMessageDelayed,
  kMessageReplayed,  // a copy arrives much later
  kCutOneWay,
  kCutTwoWay,   // one server from all others
  kCutPartial,  // two servers from each other, while others see both
  kCutChained,  // each server sees its neighbours only
  kDiskSlow,
  kDiskStalled,
  kDiskFailsOnce,
  kDiskFailsForGood,
  kDiskFull,
  kPowerLost,            // unsynced suffixes are gone
  kPowerLostInDiskStep,  // and the write under way is torn
  kProcessKilled,
  kCrashLoop,
  kPaused,
  kClockRate,
  kClockJumps,
  kClockFrozen,
  // Two of one server at a time, until the cluster has mended it.
  kStateDistorted,  // it holds another state than its log leads to
  kDiskWiped,       // it is emptied
  // Of one server, when all is healed: the others must still remember.
  kOldDiskPutBack,
};
inline constexpr std::size_t kFaults = 24;
using FaultSet = std::bitset<kFaults>;

// "message_lost", "cut_one_way", ...
std::string_view NameOf(Fault fault);
std::optional<Fault> FaultNamed(std::string_view name);
// Comma-separated names; "none" for an empty set.
std::string NamesOf(const FaultSet& faults);

enum class Schedule : std::uint8_t { kSwarm, kUniform };

// What the command line fixes instead of leaving it to the seed.
struct Wishes {
  Schedule schedule = Schedule::kSwarm;
  std::uint32_t servers = 0;           // 0: drawn
  std::optional<bool> real_storage;    // none: drawn
  FaultSet without;                    // never happen in this run
  std::optional<Moment> storm_length;  // how long faults go on; none: drawn
};

struct FaultPlan {
  std::uint32_t servers = 3;  // that found the cluster
  std::uint32_t spares = 0;   // more servers, with empty disks, to be added
  // Somebody changes the members and hands over, about so often.
  bool has_operator = false;
  Moment change_gap_mean = 1 * kSecond;
  RaftOptions options;
  bool real_storage = false;  // the storage code of raftd over a simulated disk
  std::uint32_t clients = 3;
  std::uint32_t keys = 3;
  Moment think_time_mean = 50 * kMillisecond;

  Moment distortion_gap_mean = 4 * kSecond;  // between two states that are distorted
  Moment wipe_gap_mean = 4 * kSecond;        // between two disks that are wiped

  FaultSet faults;
  Moment storm_length = 20 * kSecond;      // how long faults go on
  Moment gap_mean = 500 * kMillisecond;    // between two faults
  Moment length_mean = 1 * kSecond;        // of a fault that lasts
  Moment latency_mean = 1 * kMillisecond;  // of a message on a good day
  Moment sync_mean = 1 * kMillisecond;     // of a synced write on a good day
  // Of each message while the network storms.
  std::uint32_t lost_per_thousand = 0;
  std::uint32_t duplicated_per_thousand = 0;
  std::uint32_t delayed_per_thousand = 0;
  std::uint32_t replayed_per_thousand = 0;

  std::uint32_t all_servers() const { return servers + spares; }
  bool Has(Fault fault) const { return faults[static_cast<std::size_t>(fault)]; }
};

FaultPlan DrawFaultPlan(std::uint64_t seed, const Wishes& wishes);

}  // namespace raft::simulation
