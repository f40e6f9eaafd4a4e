// Every chance in a simulated world, from one seed.
//
// Each part of the world throws dice of its own, so that taking one fault away from a run leaves
// the others as they were: that is what makes a long story reducible to a short one.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/random_source.h"
#include "tests/simulation/virtual_time.h"

namespace raft::simulation {

class Dice {
 public:
  // `part`: which part of the world throws these; the same seed and part give the same throws.
  Dice(std::uint64_t seed, std::uint64_t part)
      : random_(seed * 0x9E3779B97F4A7C15u + part * 0xD1B54A32D192ED03u) {}

  // Both ends included.
  std::uint32_t Between(std::uint32_t min, std::uint32_t max) { return random_.Between(min, max); }
  bool Chance(std::uint32_t per_thousand) { return random_.Between(1, 1000) <= per_thousand; }
  bool Coin() { return random_.Between(0, 1) == 1; }
  std::uint64_t Any64() {
    return (std::uint64_t{random_.Between(0, ~0u)} << 32) | random_.Between(0, ~0u);
  }

  Moment MomentBetween(Moment min, Moment max) {
    return min + static_cast<Moment>(random_.Between(0, static_cast<std::uint32_t>(max - min)));
  }
  // Exponential with this mean: mostly short, sometimes long, never more than twenty times as long.
  Moment About(Moment mean) {
    const double left = (random_.Between(0, 999'999) + 0.5) / 1'000'000.0;
    return static_cast<Moment>(static_cast<double>(mean) * std::fmin(-std::log(left), 20.0));
  }
  template <typename Container>
  auto& OneOf(Container& container) {
    return container[random_.Between(0, static_cast<std::uint32_t>(container.size() - 1))];
  }

 private:
  RandomSource random_;
};

}  // namespace raft::simulation
