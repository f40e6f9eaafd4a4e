// A set of rows of words: a key, what was spent to come there, and a note.
//
// Of two rows with one key, the one that spent a superset of the other is needless. Small sets are
// searched from end to end, larger ones through a hash table of keys; memory is kept from use to
// use, so that a set that is filled again and again does not allocate.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace raft::linearizability {

class RowSet {
 public:
  // Empties the set. A row is so many words of key, so many of spent bits, and one of note.
  void Reset(std::size_t key_words, std::size_t spent_words) {
    key_words_ = key_words;
    spent_words_ = spent_words;
    size_ = 0;
    rows_.clear();
    same_table_place_.clear();
  }

  std::size_t size() const { return size_; }
  // Valid until a row is added.
  std::uint64_t* row(std::size_t place) { return rows_.data() + place * row_words(); }

  // Removes all but the first rows; nothing may be added any more.
  void KeepFirst(std::size_t rows) { size_ = std::min(size_, rows); }

  // Adds a row at the end unless one that is there makes it needless. It must not lie in this set.
  void Add(const std::uint64_t* row) {
    if (FindSameKey(row, [&](std::size_t place) { return IsSubset(this->row(place), row); }))
      return;
    Append(row);
  }

  // As Add, but the row may take the place of one that it makes needless.
  void Improve(const std::uint64_t* row) {
    const bool is_done = FindSameKey(row, [&](std::size_t place) {
      if (IsSubset(this->row(place), row)) return true;
      if (!IsSubset(row, this->row(place))) return false;
      std::copy_n(row, row_words(), this->row(place));
      return true;
    });
    if (!is_done) Append(row);
  }

 private:
  static constexpr std::size_t kSearchedMax = 8;
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::size_t row_words() const { return key_words_ + spent_words_ + 1; }

  bool IsSameKey(const std::uint64_t* left, const std::uint64_t* right) const {
    for (std::size_t word = 0; word < key_words_; ++word) {
      if (left[word] != right[word]) return false;
    }
    return true;
  }

  bool IsSubset(const std::uint64_t* less, const std::uint64_t* more) const {
    for (std::size_t word = key_words_; word < key_words_ + spent_words_; ++word) {
      if ((less[word] & ~more[word]) != 0) return false;
    }
    return true;
  }

  std::size_t TablePlace(const std::uint64_t* row) const {
    std::uint64_t hash = 0;
    for (std::size_t word = 0; word < key_words_; ++word) {
      hash = (hash ^ row[word]) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 32;
    }
    return hash & (table_.size() - 1);
  }

  // Visits the rows with the same key until one is the right one; whether one was.
  template <typename IsRight>
  bool FindSameKey(const std::uint64_t* row, IsRight is_right) {
    if (size_ <= kSearchedMax) {
      for (std::size_t place = 0; place < size_; ++place) {
        if (IsSameKey(this->row(place), row) && is_right(place)) return true;
      }
      return false;
    }
    for (std::uint32_t place = table_[TablePlace(row)]; place != kNone;
         place = same_table_place_[place]) {
      if (IsSameKey(this->row(place), row) && is_right(place)) return true;
    }
    return false;
  }

  void Append(const std::uint64_t* row) {
    rows_.insert(rows_.end(), row, row + row_words());
    ++size_;
    if (size_ <= kSearchedMax) return;
    if (size_ == kSearchedMax + 1 || size_ > table_.size()) {
      table_.assign(std::bit_ceil(size_ * 4), kNone);
      same_table_place_.clear();
    }
    while (same_table_place_.size() < size_) {
      const auto place = static_cast<std::uint32_t>(same_table_place_.size());
      std::uint32_t& newest = table_[TablePlace(this->row(place))];
      same_table_place_.push_back(newest);
      newest = place;
    }
  }

  std::size_t key_words_ = 0;
  std::size_t spent_words_ = 0;
  std::size_t size_ = 0;
  std::vector<std::uint64_t> rows_;
  // Once the set is large: the newest row for each hash of a key, and for each row the next older.
  std::vector<std::uint32_t> table_;
  std::vector<std::uint32_t> same_table_place_;
};

}  // namespace raft::linearizability
