#include "tests/chaos/fault.h"

#include <array>

namespace raft::chaos {

const char* NameOf(FaultKind kind) {
  static constexpr std::array<const char*, kFaultKinds> kNames = {
      "kill",  "kill all", "stand still", "terminate", "mute", "deafen", "isolate",
      "split", "part",     "bridge",      "chain",     "slow", "reset"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace raft::chaos
