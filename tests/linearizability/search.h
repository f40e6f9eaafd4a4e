// The search for an order of one key's operations that explains every answer.
//
// Wing and Gong's search (1993) with Lowe's memory and just-in-time rule (2017): events are taken
// in order of time, and an operation is placed no earlier than the first return that needs it. What
// is kept between two events are possibilities: the state, and who of the open operations is placed
// already. So a history costs its length times the few possibilities, however long it is. Knows
// actions and events only; README.md says why nothing is lost.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "tests/linearizability/key_history.h"
#include "tests/linearizability/model.h"
#include "tests/linearizability/row_set.h"

namespace raft::linearizability {

enum class SearchEnd : std::uint8_t { kOrderFound, kNoOrder, kBudgetSpent };

// How far the search came, for people.
struct FurthestOrder {
  std::vector<std::uint32_t> placed;  // positions in the history, in the order found
  KeyState state;                     // after them
  std::vector<std::uint32_t> open;    // called, not placed and not returned
  std::uint32_t refused = 0;          // the position of the one whose return ended the search
};

class KeySearch {
 public:
  static constexpr std::size_t kWidthFirst = 16;

  // `steps_max`: attempts to place an operation that all keys together may cost. `width_first`: how
  // many possibilities the first look at a key keeps between two events, at least 1.
  explicit KeySearch(std::uint64_t steps_max, std::size_t width_first = kWidthFirst)
      : steps_max_(steps_max), width_first_(width_first) {}

  // May be called for one key after the other.
  SearchEnd Search(const KeyHistory& history);
  std::uint64_t steps() const { return steps_; }
  // Requires: the last search did not end with an order.
  FurthestOrder Furthest();

 private:
  // A row: the state in two words and a bit per place of open operations (set: placed), which are
  // its key; a bit per change of unknown outcome that took effect, which it spent; as its note, the
  // step that led here.
  using Row = std::uint64_t*;
  using ConstRow = const std::uint64_t*;
  static constexpr std::size_t kStateWords = 2;
  static constexpr std::size_t kWidthFactor = 16;

  // One operation placed, and what was placed before it.
  struct Step {
    std::uint32_t previous = 0;
    std::uint32_t position = 0;
  };

  // An order that is found among few possibilities is an order. That none is there is certain only
  // if no possibility was left out, so the search is repeated with more of them.
  SearchEnd SearchWithinWidth(const KeyHistory& history);
  void Begin(const KeyHistory& history);
  void Call(std::uint32_t operation);
  // False if no possibility is left.
  bool Return(std::uint32_t operation);
  // Leaves out possibilities beyond the width.
  void Narrow();
  bool IsPlacedEverywhere(std::size_t place);
  // Adds to next_ all that can follow from the possibility once the operation at `place` is placed.
  void PlaceBeforeReturn(ConstRow from, std::size_t place);
  // Tries one open operation as the next.
  void TryNext(std::size_t place, std::size_t returning);
  void Keep(std::size_t returning);
  // Adds to ways_[depth] what follows from `row` when nothing but changes of unknown outcome take
  // effect, the last of which meets the need of `action`.
  void FindWays(ConstRow row, const Action& action, std::size_t depth);
  // The same with one of the kind as the last. True if the kind alone is such a way.
  bool TryUnknown(ConstRow row, const UnknownChanges& kind, const Action& action,
                  std::size_t depth);
  // Spends the earliest of the kind that is left; false if none is.
  bool SpendUnknown(Row row, const UnknownChanges& kind);
  // Whether nothing open and unplaced has to come before it.
  bool IsNextByRevision(ConstRow row, const CertainOperation& operation) const;
  // Places every open operation whose answer is true of the state as it is.
  void PlaceWhatIsTrue(Row row);
  void Place(Row row, std::size_t place);
  void AddStep(Row row, std::uint32_t position);

  const CertainOperation& OpenAt(std::size_t place) const {
    return history_->certain[open_[place]];
  }
  std::size_t row_words() const { return kStateWords + open_words_ + spent_words_ + 1; }

  std::uint64_t steps_max_;
  std::size_t width_first_;
  std::uint64_t steps_ = 0;
  const KeyHistory* history_ = nullptr;
  std::size_t width_ = 0;
  bool is_narrowed_ = false;
  std::size_t open_words_ = 0;
  std::size_t spent_words_ = 0;
  std::int64_t now_ = 0;
  std::uint32_t refused_ = 0;

  std::vector<std::uint32_t> open_;      // the operation at each place
  std::vector<std::uint64_t> occupied_;  // a bit per place
  std::vector<std::uint32_t> place_of_;  // by operation
  std::vector<Step> log_;                // the first is the beginning of everything
  RowSet possible_;                      // between two events
  RowSet next_;                          // being built for after a return
  RowSet tried_;                         // on the way to it: the memory of one return
  std::deque<RowSet> ways_;
  std::vector<std::uint64_t> current_;  // the row that is continued
  std::vector<std::uint64_t> work_;     // the row that is built
};

}  // namespace raft::linearizability
