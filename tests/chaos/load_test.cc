// A harness that finds nothing must be able to find something: recorded histories of real servers,
// judged.
#include "tests/chaos/load.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/chaos/cuts.h"
#include "tests/chaos/networked_cluster.h"
#include "tests/linearizability/checker.h"

namespace raft::chaos {
namespace {

using linearizability::History;
using linearizability::Judgement;
using linearizability::Operation;
using linearizability::OperationKind;
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

std::string WayOf(const Operation& operation) {
  const std::string shown = operation.seen.has_value() ? "an item" : "nothing";
  switch (operation.kind) {
    case OperationKind::kGet:
      return "get " + shown;
    case OperationKind::kPut:
      return "put";
    case OperationKind::kDelete:
      return operation.succeeded ? "delete an item" : "delete nothing";
    case OperationKind::kCompareAndSet:
      break;
  }
  return operation.succeeded ? "swap" : "not swap and see " + shown;
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

// A load that never swaps anything would show nothing about swaps.
TEST(LoadTest, EveryKindOfOperationHappensInEveryWay) {
  NetworkedCluster servers(3, 1);
  servers.StartAll();
  std::set<std::string> ways;
  const auto have_all_happened = [&] {
    Load load(servers.cluster(), ways.size());
    EXPECT_TRUE(load.WaitForProgress());
    load.Stop();
    for (const Operation& operation : load.History()) {
      if (operation.outcome == Outcome::kHappened) ways.insert(WayOf(operation));
    }
    return ways.size() == 8;
  };
  EXPECT_TRUE(integration::WaitUntil(have_all_happened));
  EXPECT_EQ(ways, (std::set<std::string>{"get an item", "get nothing", "put", "delete an item",
                                         "delete nothing", "swap", "not swap and see an item",
                                         "not swap and see nothing"}));
}

}  // namespace
}  // namespace raft::chaos
