// How many operations a second the checker judges, on one core. Not part of a test run.
//
// Honest histories of the kind a simulator makes; the time covers everything from the history to
// the verdict. Each shape is judged until a second has passed.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "tests/linearizability/checker.h"
#include "tests/linearizability/simulated_register.h"

namespace raft::linearizability {
namespace {

constexpr std::uint64_t kSeeds = 20;
constexpr double kSecondsMin = 1.0;

struct Shape {
  const char* name;
  RegisterOptions options;
};

const std::vector<Shape>& Shapes() {
  static const std::vector<Shape> shapes = {
      {"1 key, 4 clients, 5,000 operations",
       {.clients = 4, .operations = 5'000, .keys = 1, .unknown_percent = 0}},
      {"1 key, 4 clients, 5,000 operations, 2 % unknown",
       {.clients = 4, .operations = 5'000, .keys = 1, .unknown_percent = 2}},
      {"1 key, 8 clients, 5,000 operations, 10 % unknown",
       {.clients = 8, .operations = 5'000, .keys = 1, .unknown_percent = 10}},
      {"1 key, 4 clients, 5,000 operations, 2 % unknown, 5 values",
       {.clients = 4, .operations = 5'000, .keys = 1, .values = 5, .unknown_percent = 2}},
      {"1 key, 100 clients, 5,000 operations, 2 % unknown",
       {.clients = 100, .operations = 5'000, .keys = 1, .unknown_percent = 2}},
      {"1 key, 4 clients, 100,000 operations, 2 % unknown",
       {.clients = 4, .operations = 100'000, .keys = 1, .unknown_percent = 2}},
      {"20 keys, 4 clients, 500 operations, 2 % unknown",
       {.clients = 4, .operations = 500, .keys = 20, .unknown_percent = 2}},
  };
  return shapes;
}

void Measure(const Shape& shape) {
  std::vector<History> histories;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    histories.push_back(SimulatedRegister(shape.options, seed).Run());
  }
  std::uint64_t operations = 0;
  std::uint64_t steps = 0;
  double seconds = 0;
  const std::clock_t start = std::clock();  // of this process: others may use the machine too
  for (std::size_t i = 0; seconds < kSecondsMin; i = (i + 1) % histories.size()) {
    const Verdict verdict = CheckHistory(histories[i]);
    if (!verdict.is_linearizable()) {
      std::printf("%s: seed %zu: %s", shape.name, i + 1, verdict.explanation.c_str());
      std::exit(1);
    }
    operations += histories[i].size();
    steps += verdict.steps;
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  std::printf("%-58s %6.2f M operations/s, %.2f steps each\n", shape.name,
              static_cast<double>(operations) / seconds / 1e6,
              static_cast<double>(steps) / static_cast<double>(operations));
}

}  // namespace
}  // namespace raft::linearizability

int main() {
  for (const auto& shape : raft::linearizability::Shapes()) raft::linearizability::Measure(shape);
  return 0;
}
