// A harness that finds nothing must be able to find something: recorded histories of real servers,
// judged.
#include "tests/chaos/load.h"

#include <gtest/gtest.h>

#include "tests/chaos/cuts.h"
#include "tests/chaos/networked_cluster.h"
#include "tests/linearizability/checker.h"

namespace raft::chaos {
namespace {

using linearizability::History;
using linearizability::Judgement;
using linearizability::Operation;
using linearizability::Outcome;

// A history of clients that work while one server hears nobody and nobody hears it: it falls
// behind, and answers who asks it. `strays` ask it as often as any other.
History HistoryBesideAServerLeftBehind(ClientKind strays) {
  NetworkedCluster servers(3, 1);
  servers.StartAll();
  const Id left_behind = servers.cluster().WaitForLeader() % 3 + 1;
  const Id one = left_behind % 3 + 1;
  const Id other = one % 3 + 1;
  servers.network().Disturb(HeldBy(FaultKind::kIsolate, {left_behind, one, other}), {.held = true});
  Load load(servers.cluster(), 1, strays);
  for (int times = 0; times < 10; ++times) EXPECT_TRUE(load.WaitForProgress());
  load.Stop();
  return load.History();
}

TEST(LoadTest, StaleReadsThatAreRecordedAsLinearizableAreFound) {
  const History history = HistoryBesideAServerLeftBehind(ClientKind::kLiar);
  EXPECT_EQ(CheckHistory(history).judgement, Judgement::kNotLinearizable);
}

TEST(LoadTest, HonestReadsAreLinearizableBesideAServerThatIsLeftBehind) {
  const History history = HistoryBesideAServerLeftBehind(ClientKind::kStray);
  const auto verdict = CheckHistory(history);
  EXPECT_EQ(verdict.judgement, Judgement::kLinearizable) << verdict.explanation;
}

TEST(LoadTest, AClientHasOneCallOpenAndIsAnotherOneAfterAnUnknownOutcome) {
  NetworkedCluster servers(3, 1);
  servers.StartAll();
  Load load(servers.cluster(), 1);
  ASSERT_TRUE(load.WaitForProgress());
  servers.cluster().Kill(load.leader());
  ASSERT_TRUE(load.WaitForProgress());
  load.Stop();

  std::map<std::uint32_t, std::int64_t> free_since;
  std::size_t unknown = 0;
  for (const Operation& operation : load.History()) {
    EXPECT_GE(operation.called_at, free_since[operation.client]) << operation.client;
    free_since[operation.client] = operation.returned_at;
    if (operation.outcome != Outcome::kUnknown) continue;
    ++unknown;
    EXPECT_EQ(operation.returned_at, linearizability::kNever);
  }
  EXPECT_GT(unknown, 0u) << "nothing was under way when the leader was killed";
}

}  // namespace
}  // namespace raft::chaos
