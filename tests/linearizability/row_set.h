// A set of rows of equally many words, in the order they were added.
//
// The last word of a row is a note that does not count when rows are compared. Small sets are
// searched from end to end, larger ones through a hash table; memory is kept from use to use, so
// that a set that is filled again and again does not allocate.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace raft::linearizability {

class RowSet {
 public:
  // Empties the set. Requires: words >= 2.
  void Reset(std::size_t words) {
    words_ = words;
    size_ = 0;
    rows_.clear();
  }

  std::size_t size() const { return size_; }
  // Valid until a row is added.
  std::uint64_t* row(std::size_t place) { return rows_.data() + place * words_; }

  // False if an equal row is there already. The row must not lie in this set.
  bool Add(const std::uint64_t* row) {
    if (size_ < kSearchedMax) {
      for (std::size_t place = 0; place < size_; ++place) {
        if (IsEqual(this->row(place), row)) return false;
      }
    } else {
      if (size_ == kSearchedMax || size_ * 2 >= table_.size()) BuildTable();
      std::uint32_t& place = Find(row);
      if (place != kEmpty) return false;
      place = static_cast<std::uint32_t>(size_);
    }
    rows_.insert(rows_.end(), row, row + words_);
    ++size_;
    return true;
  }

 private:
  static constexpr std::size_t kSearchedMax = 8;
  static constexpr std::uint32_t kEmpty = std::numeric_limits<std::uint32_t>::max();

  bool IsEqual(const std::uint64_t* left, const std::uint64_t* right) const {
    return std::memcmp(left, right, (words_ - 1) * sizeof(*left)) == 0;
  }

  std::uint64_t Hash(const std::uint64_t* row) const {
    std::uint64_t hash = 0;
    for (std::size_t word = 0; word + 1 < words_; ++word) {
      hash = (hash ^ row[word]) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 32;
    }
    return hash;
  }

  // Where the row is in the table, or the empty place where it belongs.
  std::uint32_t& Find(const std::uint64_t* row) {
    const std::size_t mask = table_.size() - 1;
    std::size_t place = Hash(row) & mask;
    while (table_[place] != kEmpty && !IsEqual(this->row(table_[place]), row)) {
      place = (place + 1) & mask;
    }
    return table_[place];
  }

  void BuildTable() {
    table_.assign(std::bit_ceil(size_ * 4), kEmpty);
    for (std::size_t place = 0; place < size_; ++place) {
      Find(row(place)) = static_cast<std::uint32_t>(place);
    }
  }

  std::size_t words_ = 2;
  std::size_t size_ = 0;
  std::vector<std::uint64_t> rows_;
  std::vector<std::uint32_t> table_;  // of places in rows_
};

}  // namespace raft::linearizability
