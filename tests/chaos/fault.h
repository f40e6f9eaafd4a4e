// One thing that goes wrong for a while, and the plan of many: drawn before a run begins, so that a
// seed is a schedule.
//
// Knows servers by how far they stand behind the leader, because only the run tells who leads.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/chaos/link_rule.h"

namespace raft::chaos {

enum class FaultKind : std::uint8_t {
  // To processes.
  kKill,        // kill -9, and a new start at the end
  kKillAll,     // kill -9 of every server at once, and a new start of all at the end
  kStandStill,  // SIGSTOP, and SIGCONT at the end
  kTerminate,   // SIGTERM; at the end it must have stopped cleanly, and starts again
  // To the network.
  kMute,     // the target hears all and is heard by nobody
  kDeafen,   // the target is heard by all and hears nobody
  kIsolate,  // both
  kSplit,    // a minority and a majority that do not hear each other, the target in the minority
  kPart,     // the target and the server after it do not hear each other
  kBridge,   // two halves that only the server in the middle hears, the target first
  kChain,    // each hears only the one before and the one after, the target first
  kSlow,     // delay and jitter on every link
  kReset,    // breaks every connection of the target, once
};
inline constexpr std::size_t kFaultKinds = 13;

// "kill", as it is printed.
const char* NameOf(FaultKind kind);

// Whom a fault strikes.
struct Target {
  bool from_leader = true;  // counts from the leader of the moment, else from server 1
  std::uint32_t steps = 0;  // servers further on, round and round
};

struct Fault {
  FaultKind kind = FaultKind::kKill;
  Target target = {};
  Milliseconds begins{0};  // since the start of the run
  Milliseconds lasts{0};
  LinkRule slowness = {};  // of kSlow
  // If it is the only one then, it waits until all servers follow one leader, and the rest of the
  // schedule with it: a slow machine does not turn one fault at a time into many.
  bool awaits_calm = false;
};

using Schedule = std::vector<Fault>;

}  // namespace raft::chaos
