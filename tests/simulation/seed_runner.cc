#include "tests/simulation/seed_runner.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string_view>
#include <vector>

#include "tests/simulation/world.h"

namespace raft::simulation {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kTextBytes = 2 << 20;
// A seed that runs longer than this hangs; one takes a fraction of a second.
constexpr unsigned kSecondsPerSeedMax = 120;

// What a worker and its parent both see.
struct Desk {
  std::atomic<std::uint64_t> seed{0};  // under way
  std::atomic<bool> is_red{false};
  Counters counters;
  Moment ended_at = 0;
  char law[256] = {};
  char seen[kTextBytes] = {};
  char story[kTextBytes] = {};
};

// The desk and the world of this process, for the one signal handler below.
Desk* desk_here = nullptr;
World* world_here = nullptr;

template <std::size_t kBytes>
void CopyInto(char (&to)[kBytes], std::string_view text) {
  const std::size_t bytes = std::min(text.size(), kBytes - 1);
  std::memcpy(to, text.data(), bytes);
  to[bytes] = '\0';
}

std::string Joined(const std::deque<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  // The end of a story is what explains it.
  return text.size() < kTextBytes ? text : text.substr(text.size() - kTextBytes + 1);
}

class SharedDesks {
 public:
  explicit SharedDesks(std::size_t count) : count_(count) {
    memory_ = ::mmap(nullptr, count * sizeof(Desk), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) std::abort();
    for (std::size_t place = 0; place < count; ++place) new (&at(place)) Desk;
  }
  ~SharedDesks() { ::munmap(memory_, count_ * sizeof(Desk)); }
  SharedDesks(const SharedDesks&) = delete;
  SharedDesks& operator=(const SharedDesks&) = delete;

  Desk& at(std::size_t place) { return static_cast<Desk*>(memory_)[place]; }

 private:
  const std::size_t count_;
  void* memory_;
};

// A check of the core failed: its words are on standard error already, which is a file of ours. The
// signal comes from abort() on this thread, so telling the story here is safe enough.
void RecordAbort(int) {
  Desk& desk = *desk_here;
  std::fflush(stderr);
  const off_t end = ::lseek(STDERR_FILENO, 0, SEEK_END);
  const ssize_t got =
      ::pread(STDERR_FILENO, desk.seen, kTextBytes - 1, std::max<off_t>(0, end - 4000));
  desk.seen[std::max<ssize_t>(got, 0)] = '\0';
  // "FATAL file:line: the law. Broken: the condition"
  const std::string_view said(desk.seen);
  const std::size_t law = said.find(": ");
  const std::size_t law_end = said.find(". Broken:");
  if (law != said.npos && law_end != said.npos && law < law_end) {
    CopyInto(desk.law, "RAFT_CHECK " + std::string(said.substr(law + 2, law_end - law - 2)));
  } else {
    CopyInto(desk.law, "the process aborted");
  }
  if (world_here != nullptr) CopyInto(desk.story, Joined(world_here->story().lines()));
  desk.is_red = true;
  std::_Exit(1);
}

void RecordHang(int) {
  CopyInto(desk_here->law, "a seed ends");
  CopyInto(desk_here->seen, "it was still running after its time");
  desk_here->is_red = true;
  std::_Exit(1);
}

// In the child: one seed, onto the desk. False: it is red.
bool RunSeedHere(std::uint64_t seed, const Wishes& wishes, bool told) {
  Desk& desk = *desk_here;
  desk.seed = seed;
  ::alarm(kSecondsPerSeedMax);
  World world(seed, wishes, told);
  world_here = &world;
  const RunVerdict verdict = world.Run();
  world_here = nullptr;
  Add(desk.counters, verdict.counters);
  if (!verdict.is_red) return true;
  CopyInto(desk.law, verdict.law);
  CopyInto(desk.seen, verdict.seen);
  CopyInto(desk.story, Joined(verdict.story));
  desk.ended_at = verdict.ended_at;
  desk.is_red = true;
  return false;
}

pid_t StartChild(Desk& desk, const std::function<void()>& work) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child > 0) return child;
  desk_here = &desk;
  const int words = ::memfd_create("words", 0);
  if (words >= 0) ::dup2(words, STDERR_FILENO);
  std::signal(SIGABRT, RecordAbort);
  std::signal(SIGALRM, RecordHang);
  work();
  std::_Exit(desk.is_red ? 1 : 0);
}

// Waits for a child. A death that left no word (a crash of the simulator itself) is red too.
void Bury(pid_t child, Desk& desk) {
  int how = 0;
  ::waitpid(child, &how, 0);
  if (WIFEXITED(how) || desk.is_red) return;
  CopyInto(desk.law, "the process lives");
  CopyInto(desk.seen, "it died of signal " + std::to_string(WTERMSIG(how)));
  desk.is_red = true;
}

Red RedOf(const Desk& desk) {
  return {.seed = desk.seed,
          .law = desk.law,
          .seen = desk.seen,
          .ended_at = desk.ended_at,
          .story = desk.story};
}

}  // namespace

RangeResult RunSeeds(const SeedRange& range, const Wishes& wishes, unsigned jobs) {
  const auto began = SteadyClock::now();
  const auto elapsed = [began] {
    return std::chrono::duration<double>(SteadyClock::now() - began).count();
  };
  SharedDesks desks(jobs + 1);
  std::atomic<bool>& somebody_is_red = desks.at(jobs).is_red;
  std::vector<pid_t> children;
  for (unsigned job = 0; job < jobs; ++job) {
    children.push_back(StartChild(desks.at(job), [&] {
      for (std::uint64_t place = job; place < range.count; place += jobs) {
        if (somebody_is_red || (range.seconds_max > 0 && elapsed() > range.seconds_max)) return;
        if (RunSeedHere(range.first + place, wishes, /*told=*/false)) continue;
        somebody_is_red = true;
        return;
      }
    }));
  }
  RangeResult result;
  for (unsigned job = 0; job < jobs; ++job) {
    Desk& desk = desks.at(job);
    Bury(children[job], desk);
    if (desk.is_red) somebody_is_red = true;
    Add(result.counters, desk.counters);
    if (desk.is_red && (!result.red || desk.seed < result.red->seed)) result.red = RedOf(desk);
  }
  result.seconds = elapsed();
  return result;
}

std::optional<Red> RunOneSeed(std::uint64_t seed, const Wishes& wishes, bool told) {
  SharedDesks desks(1);
  Desk& desk = desks.at(0);
  Bury(StartChild(desk, [&] { RunSeedHere(seed, wishes, told); }), desk);
  if (!desk.is_red) return std::nullopt;
  return RedOf(desk);
}

}  // namespace raft::simulation
