// How a server under test begins: who it is, what its disk returned, what its state machine holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/raft_server.h"
#include "tests/core_harness/builders.h"
#include "tests/core_harness/test_state_machine.h"

namespace raft::harness {

struct ServerSetup {
  ServerId self = kS1;
  std::vector<ServerId> voters = FirstServers(3);
  RaftOptions options = SmallOptions();
  std::uint64_t seed = 1;
  RecoveredState recovered = {};
  // What the state machine holds; none: what the recovered log says up to the applied position.
  std::optional<TestState> state = std::nullopt;
  std::shared_ptr<SnapshotShelf> shelf = std::make_shared<SnapshotShelf>();
};

inline std::unique_ptr<RaftServer> StartServer(ServerSetup setup, const TestState& state) {
  const IndexedConfiguration applied = state.ConfigurationFrom(setup.voters);
  setup.recovered.configuration_index = applied.index;
  return std::make_unique<RaftServer>(setup.self, applied.configuration, setup.options, setup.seed,
                                      setup.recovered);
}
inline TestState StateAtStart(const ServerSetup& setup) {
  if (setup.state.has_value()) return *setup.state;
  const RecoveredState& recovered = setup.recovered;
  TestState state{.position = recovered.base, .log_time_ms = recovered.log_time_ms};
  for (const LogEntryPointer& entry : recovered.entries) {
    if (entry->index <= recovered.applied.index) state.Apply(entry);
  }
  return state;
}

}  // namespace raft::harness
