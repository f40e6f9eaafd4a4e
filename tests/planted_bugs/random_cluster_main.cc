// Runs RandomCluster over seeds and says in one line which law broke: the stand-in for the
// simulator with the simulator's command line.
//
//   random_cluster_planted [--seeds N] [--first-seed S] [--planted-bug NAME]
//
// Prints "RED seed=N law=..." and exits 1 at the first seed that is red; exits 0 when none is. The
// seeds run in a child, so that a broken RAFT_CHECK, a crash or a hang is reported like any law.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/core/random_cluster.h"
#include "tests/planted_bugs/planted_bugs.h"

namespace raft::harness {
namespace {

constexpr int kEventsPerSeed = 3000;
constexpr unsigned kSecondsPerSeedMax = 30;
constexpr char kLawMark[] = "LAW ";
constexpr char kFatalMark[] = "FATAL ";

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 100;
};

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

// What a run of one seed broke; empty: nothing.
std::string BrokenLaw(std::uint64_t seed) {
  testing::TestPartResultArray failures;
  const testing::ScopedFakeTestPartResultReporter reporter(
      testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &failures);
  RandomCluster cluster(seed);
  for (int event = 0; event < kEventsPerSeed && failures.size() == 0; ++event) cluster.Disturb();
  if (failures.size() == 0) cluster.HealAndSettle();
  if (failures.size() == 0) return "";
  const std::string text = failures.GetTestPartResult(0).message();
  // The sentence of a failed expectation is its last line.
  return text.substr(text.rfind('\n') + 1);
}

// The child: runs seeds until one is red and prints its law to standard error.
[[noreturn]] void RunSeeds(const Seeds& seeds, std::uint64_t* seed_now) {
  for (*seed_now = seeds.first; *seed_now < seeds.first + seeds.count; ++*seed_now) {
    alarm(kSecondsPerSeedMax);
    const std::string law = BrokenLaw(*seed_now);
    if (law.empty()) continue;
    std::fprintf(stderr, "%s%s\n", kLawMark, law.c_str());
    _exit(1);
  }
  _exit(0);
}

// What the child's last words and its end say.
std::string LawOf(const std::string& words, int status) {
  for (const char* mark : {kLawMark, kFatalMark}) {
    const std::size_t place = words.rfind(mark);
    if (place != std::string::npos) return FirstLine(words.substr(place + std::strlen(mark)));
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "a seed never ends";
  return WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                             : "ended with status " + std::to_string(WEXITSTATUS(status));
}

int Run(const Seeds& seeds) {
  void* shared = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  if (shared == MAP_FAILED || pipe(ends) != 0) return 2;
  auto* const seed_now = static_cast<std::uint64_t*>(shared);
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    RunSeeds(seeds, seed_now);
  }
  close(ends[1]);
  std::string words;
  char piece[4096];
  for (ssize_t count = 0; (count = read(ends[0], piece, sizeof(piece))) > 0;) {
    words.append(piece, static_cast<std::size_t>(count));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  std::printf("RED seed=%llu law=%s\n", static_cast<unsigned long long>(*seed_now),
              LawOf(words, status).c_str());
  return 1;
}

}  // namespace
}  // namespace raft::harness

int main(int argc, char** argv) {
  raft::harness::Seeds seeds;
  for (int place = 1; place + 1 < argc; place += 2) {
    const std::string_view option = argv[place];
    const char* const value = argv[place + 1];
    if (option == "--seeds") seeds.count = std::strtoull(value, nullptr, 10);
    if (option == "--first-seed") seeds.first = std::strtoull(value, nullptr, 10);
    if (option == "--planted-bug" && !planted_bugs::Choose(value)) {
      std::fprintf(stderr, "error: no planted bug is called %s; there are:\n", value);
      for (const std::string_view name : planted_bugs::Names()) {
        std::fprintf(stderr, "  %s\n", std::string(name).c_str());
      }
      return 2;
    }
  }
  return raft::harness::Run(seeds);
}
