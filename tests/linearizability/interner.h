// Strings as small numbers, in the order they are first met.
//
// Keeps views: what it was given must outlive it. Open addressing in one table of the right size,
// because a check of a million operations a second has no time for an allocation per string.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

namespace raft::linearizability {

class Interner {
 public:
  // At most `strings_max` different strings will be given.
  explicit Interner(std::size_t strings_max)
      : places_(std::bit_ceil(strings_max * 2 + 1), kEmpty), mask_(places_.size() - 1) {}

  // The number of a string, a new one if it was not met before.
  std::uint32_t Number(std::string_view string) {
    const std::size_t hash = std::hash<std::string_view>{}(string);
    for (std::size_t place = hash & mask_;; place = (place + 1) & mask_) {
      if (places_[place] == kEmpty) {
        places_[place] = static_cast<std::uint32_t>(strings_.size());
        strings_.push_back(string);
        return places_[place];
      }
      if (strings_[places_[place]] == string) return places_[place];
    }
  }

  std::size_t size() const { return strings_.size(); }

 private:
  static constexpr std::uint32_t kEmpty = std::numeric_limits<std::uint32_t>::max();

  std::vector<std::uint32_t> places_;
  std::size_t mask_;
  std::vector<std::string_view> strings_;
};

}  // namespace raft::linearizability
