// The simulator, from the command line to the verdict.
//
//   simulation --seeds 10000                  many seeds on all cores
//   simulation --replay 4711 --schedule swarm one seed again, with its story
//
// Prints figures when green. When red it prints the law broken, the seed, the command that repeats
// the shortest run it could reduce it to, and that run's story, and exits 1.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <thread>

#include "tests/simulation/planted_bug_choice.h"
#include "tests/simulation/reduction.h"
#include "tests/simulation/seed_runner.h"

namespace raft::simulation {
namespace {

constexpr double kReductionSecondsMax = 60;
// Fewer seeds than this need not reach every interesting state.
constexpr std::uint64_t kSeedsThatReachEverything = 2'000;

struct CommandLine {
  SeedRange range;
  Wishes wishes;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::uint64_t replay = 0;
  bool is_reduced = true;
};

void PrintFigures(const RangeResult& result, const SeedRange& range, unsigned jobs) {
  const Counters& sum = result.counters;
  const double simulated = static_cast<double>(sum.simulated_us) / kSecond;
  std::printf(
      "%llu seeds from %llu: %.1f simulated hours in %.1f s, %.0f times real time per core\n",
      static_cast<unsigned long long>(sum.seeds), static_cast<unsigned long long>(range.first),
      simulated / 3600, result.seconds, simulated / result.seconds / jobs);
  std::printf(
      "%llu happenings, %llu laws checked, %llu leader changes, %llu entries committed, "
      "%llu operations checked (%llu unknown)\n",
      static_cast<unsigned long long>(sum.happenings),
      static_cast<unsigned long long>(sum.laws_checked),
      static_cast<unsigned long long>(sum.leader_changes),
      static_cast<unsigned long long>(sum.entries_committed),
      static_cast<unsigned long long>(sum.operations_checked),
      static_cast<unsigned long long>(sum.operations_unknown));
  std::printf("faults:");
  for (std::size_t fault = 0; fault < kFaults; ++fault) {
    std::printf(" %s %llu", std::string(NameOf(static_cast<Fault>(fault))).c_str(),
                static_cast<unsigned long long>(sum.faults[fault]));
  }
  std::printf("\nreached:");
  for (std::size_t state = 0; state < kSometimes; ++state) {
    std::printf(" %s %llu", std::string(NameOf(static_cast<Sometimes>(state))).c_str(),
                static_cast<unsigned long long>(sum.sometimes[state]));
  }
  std::printf("\n");
}

// A set of seeds that never reaches an interesting state proves nothing about it.
bool ReachedEverything(const Counters& sum) {
  bool all = true;
  for (std::size_t state = 0; state < kSometimes; ++state) {
    if (sum.sometimes[state] > 0) continue;
    std::printf("RED seed=0 law=every interesting state is reached: never %s\n",
                std::string(NameOf(static_cast<Sometimes>(state))).c_str());
    all = false;
  }
  return all;
}

void PrintRed(const Red& red, const Wishes& wishes, bool is_reduced) {
  std::printf("RED seed=%llu law=%s\n%s\n", static_cast<unsigned long long>(red.seed),
              red.law.c_str(), red.seen.c_str());
  std::printf("repeat: %s\n", ReplayCommand(red.seed, wishes).c_str());
  std::fflush(stdout);
  if (!is_reduced) return;
  const Wishes smallest = Reduce(red, wishes, kReductionSecondsMax);
  const std::optional<Red> told = RunOneSeed(red.seed, smallest, /*told=*/true);
  std::printf("shortest: %s\n%s%s\n", ReplayCommand(red.seed, smallest).c_str(),
              told ? told->story.c_str() : "", told ? told->seen.c_str() : "");
}

int Replay(const CommandLine& line) {
  const std::optional<Red> red = RunOneSeed(line.replay, line.wishes, /*told=*/true);
  if (!red) {
    std::printf("seed %llu is green\n", static_cast<unsigned long long>(line.replay));
    return 0;
  }
  std::printf("%sRED seed=%llu law=%s\n%s\n", red->story.c_str(),
              static_cast<unsigned long long>(red->seed), red->law.c_str(), red->seen.c_str());
  return 1;
}

int RunRange(const CommandLine& line) {
  const RangeResult result = RunSeeds(line.range, line.wishes, line.jobs);
  PrintFigures(result, line.range, line.jobs);
  if (result.red) {
    PrintRed(*result.red, line.wishes, line.is_reduced);
    return 1;
  }
  const bool must_reach = result.counters.seeds >= kSeedsThatReachEverything;
  return !must_reach || ReachedEverything(result.counters) ? 0 : 1;
}

int Main(int argc, char** argv) {
  CommandLine line;
  std::string schedule = "swarm";
  std::vector<std::string> without;
  std::string storage = "drawn";
  std::string planted_bug;
  std::int64_t storm_ms = 0;
  CLI::App app{"Runs real Raft servers in seeded, faulty, virtual worlds and checks every law."};
  app.add_option("--seeds", line.range.count, "how many seeds");
  app.add_option("--first-seed", line.range.first, "the first one");
  app.add_option("--seconds", line.range.seconds_max, "stop after this long");
  app.add_option("--servers", line.wishes.servers, "servers in each cluster; 0: drawn")
      ->check(CLI::Range(0, 9));
  app.add_option("--schedule", schedule, "random subsets of faults, or all of them evenly")
      ->check(CLI::IsMember({"swarm", "uniform"}));
  app.add_option("--replay", line.replay, "this one seed, with its story");
  app.add_option("--jobs", line.jobs, "processes")->check(CLI::Range(1, 256));
  app.add_option("--storage", storage, "raftd's own storage code, or a thin stand-in for it")
      ->check(CLI::IsMember({"drawn", "real", "thin"}));
  app.add_option("--without", without, "faults that never happen")->delimiter(',');
  app.add_option("--storm-ms", storm_ms, "how long faults go on; 0: drawn");
  app.add_option("--planted-bug", planted_bug, "run with this bug (planted build only)");
  app.add_flag("!--no-reduction", line.is_reduced, "do not look for a shorter red run");
  CLI11_PARSE(app, argc, argv);
  if (schedule == "uniform") line.wishes.schedule = Schedule::kUniform;
  if (storage != "drawn") line.wishes.real_storage = storage == "real";
  if (storm_ms > 0) line.wishes.storm_length = storm_ms * kMillisecond;
  for (const std::string& name : without) {
    const std::optional<Fault> fault = FaultNamed(name);
    if (!fault) {
      std::fprintf(stderr, "simulation: --without: there is no fault '%s'\n", name.c_str());
      return 2;
    }
    line.wishes.without.set(static_cast<std::size_t>(*fault));
  }
  if (!planted_bug.empty() && !ChoosePlantedBug(planted_bug)) {
    std::fprintf(stderr, "simulation: --planted-bug: this build has no bug '%s'\n",
                 planted_bug.c_str());
    return 2;
  }
  return line.replay != 0 ? Replay(line) : RunRange(line);
}

}  // namespace
}  // namespace raft::simulation

int main(int argc, char** argv) { return raft::simulation::Main(argc, argv); }
