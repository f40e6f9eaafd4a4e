#include "tests/chaos/round.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "tests/chaos/fault_injector.h"
#include "tests/chaos/load.h"
#include "tests/chaos/networked_cluster.h"
#include "tests/chaos/round_figures.h"
#include "tests/linearizability/checker.h"
#include "tests/linearizability/history_text.h"

namespace raft::chaos {
namespace {

using linearizability::History;

const char* NameOf(linearizability::Judgement judgement) {
  switch (judgement) {
    case linearizability::Judgement::kLinearizable:
      return "linearizable";
    case linearizability::Judgement::kNotLinearizable:
      return "NOT linearizable";
    case linearizability::Judgement::kUndecided:
      break;
  }
  return "UNDECIDED";
}

// For printing.
double Seconds(std::chrono::duration<double> duration) { return duration.count(); }
double SecondsSince(SteadyTime start) { return Seconds(std::chrono::steady_clock::now() - start); }

constexpr std::size_t kAcknowledgedMin = 100;

class Round {
 public:
  Round(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario), random_(seed), servers_(scenario.servers, seed) {
    servers_.StartAll();
    load_ = std::make_unique<Load>(cluster(), seed);
  }

  void Run(Milliseconds length) {
    injector_.CarryOut(scenario_.draw(random_, length));
    ExpectRecovery();
    load_->Stop();
    cluster().MustPut("after", "all is well");
    cluster().ExpectSameState(cluster().ids());
    injector_.ExpectNobodyEndedByItself();
    Conclude();
  }

 private:
  // Every fault has ended: there must be a leader, and every client must get its way again.
  void ExpectRecovery() {
    const SteadyTime healed = std::chrono::steady_clock::now();
    cluster().WaitForLeader();
    EXPECT_TRUE(load_->WaitForProgress()) << "a client makes no progress after all faults ended";
    std::printf("  every client goes on %.1f s after the last fault ended\n", SecondsSince(healed));
  }

  void Conclude() {
    const History history = load_->History();
    const std::size_t terms = load_->LeaderTerms().size();
    std::printf("  faults: %s\n", DescribeFaults(injector_.counts()).c_str());
    EXPECT_GE(AcknowledgedWrites(history), kAcknowledgedMin) << "such a run shows nothing";
    std::printf("  operations: %s\n", DescribeOutcomes(history).c_str());
    const Gap gap = LongestGap(history);
    std::printf(
        "  leader changes: %zu; longest gap between acknowledged writes: %.1f s, after %.1f s\n",
        terms > 0 ? terms - 1 : 0, Seconds(gap.length), Seconds(gap.begins));
    if (scenario_.gap_max.has_value()) {
      EXPECT_LE(gap.length.count(), scenario_.gap_max->count()) << "the cluster was stuck";
    }
    ExpectLinearizable(history);
    if (testing::Test::HasFailure()) KeepHistory(history);
  }

  void ExpectLinearizable(const History& history) {
    const SteadyTime start = std::chrono::steady_clock::now();
    const linearizability::Verdict verdict = linearizability::CheckHistory(history);
    EXPECT_TRUE(verdict.is_linearizable()) << verdict.explanation;
    std::printf("  history of %zu operations: %s, judged in %.2f s and %llu steps\n",
                history.size(), NameOf(verdict.judgement), SecondsSince(start),
                static_cast<unsigned long long>(verdict.steps));
  }

  void KeepHistory(const History& history) {
    const std::string path = cluster().folder() + "/history";
    std::ofstream(path) << linearizability::ToText(history);
    std::fprintf(stderr, "--- the history is kept in %s\n", path.c_str());
  }

  integration::Cluster& cluster() { return servers_.cluster(); }

  const Scenario& scenario_;
  RandomSource random_;
  NetworkedCluster servers_;
  std::unique_ptr<Load> load_;
  FaultInjector injector_{servers_, [this] { return load_->leader(); }};
};

}  // namespace

void RunRound(const Scenario& scenario, std::uint64_t seed, Milliseconds length) {
  const auto seconds = static_cast<long long>(length.count() / 1'000);
  const auto number = static_cast<unsigned long long>(seed);
  std::printf("%s: %lld s with seed %llu\n", scenario.name.c_str(), seconds, number);
  std::fflush(stdout);
  Round(scenario, seed).Run(length);
  std::fflush(stdout);
  if (testing::Test::HasFailure()) {
    std::fprintf(stderr, "--- repeat with: chaos --scenario %s --seconds %lld --seed %llu\n",
                 scenario.name.c_str(), seconds, number);
  }
}

}  // namespace raft::chaos
