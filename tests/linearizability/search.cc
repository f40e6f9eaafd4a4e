#include "tests/linearizability/search.h"

#include <algorithm>
#include <bit>

namespace raft::linearizability {
namespace {

constexpr std::uint64_t kKnown = std::uint64_t{1} << 32;

KeyState StateOf(const std::uint64_t* row) {
  return {static_cast<ValueNumber>(row[0]), (row[0] & kKnown) != 0, row[1]};
}

void SetState(std::uint64_t* row, const KeyState& state) {
  row[0] = state.value | (state.is_revision_known ? kKnown : 0);
  row[1] = state.revision;
}

bool HasBit(const std::uint64_t* words, std::size_t bit) {
  return (words[bit / 64] >> (bit % 64) & 1) != 0;
}

void SetBit(std::uint64_t* words, std::size_t bit) {
  words[bit / 64] |= std::uint64_t{1} << (bit % 64);
}

void ClearBit(std::uint64_t* words, std::size_t bit) {
  words[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
}

// Whether the change is of the sort that can meet the need, and its own time is not past.
bool IsOfUse(const Action& change, const Action& action, const KeyState& state) {
  if (change.need == Need::kRevision && change.needed_revision < state.revision) return false;
  switch (action.need) {
    case Need::kAbsence:
      return change.change == Change::kToAbsence;
    case Need::kPresence:
      return change.change == Change::kToValue;
    case Need::kItem:
      return change.made_value == action.needed_value;
    case Need::kRevision:
      return change.change == Change::kToValue;
    case Need::kNothing:
    case Need::kImpossible:
      break;
  }
  return false;
}

// Whether a change that meets the need of `action`, but whose own need is not met, is worth a
// change before it. If both need a revision it is not: who makes the first may as well make the
// second.
bool MayNeedAnother(const Action& change, const Action& action) {
  if (change.need == Need::kRevision && action.need == Need::kRevision) return false;
  return change.needed_revision < action.needed_revision;
}

}  // namespace

SearchEnd KeySearch::Search(const KeyHistory& history) {
  for (width_ = width_first_;; width_ *= kWidthFactor) {
    const SearchEnd end = SearchWithinWidth(history);
    if (end != SearchEnd::kNoOrder || !is_narrowed_) return end;
  }
}

SearchEnd KeySearch::SearchWithinWidth(const KeyHistory& history) {
  Begin(history);
  for (const Event& event : history.events) {
    now_ = event.at;
    if (!event.is_return) {
      Call(event.operation);
    } else if (!Return(event.operation)) {
      return steps_ > steps_max_ ? SearchEnd::kBudgetSpent : SearchEnd::kNoOrder;
    }
  }
  return SearchEnd::kOrderFound;
}

void KeySearch::Begin(const KeyHistory& history) {
  history_ = &history;
  is_narrowed_ = false;
  open_words_ = (history.open_max + 63) / 64;
  spent_words_ = (history.spendable + 63) / 64;
  open_.assign(open_words_ * 64, 0);
  occupied_.assign(open_words_, 0);
  place_of_.assign(history.certain.size(), 0);
  log_.assign(1, {});
  current_.assign(row_words(), 0);
  work_.assign(row_words(), 0);
  SetState(work_.data(), KeyState{});
  possible_.Reset(kStateWords + open_words_, spent_words_);
  possible_.Add(work_.data());
}

void KeySearch::Call(std::uint32_t operation) {
  std::size_t place = 0;
  while (HasBit(occupied_.data(), place)) ++place;
  SetBit(occupied_.data(), place);
  open_[place] = operation;
  place_of_[operation] = static_cast<std::uint32_t>(place);
  for (std::size_t i = 0; i < possible_.size(); ++i) {
    const Row row = possible_.row(i);
    if (IsTrueOf(StateOf(row), history_->certain[operation].action)) Place(row, place);
  }
}

bool KeySearch::Return(std::uint32_t operation) {
  const std::size_t place = place_of_[operation];
  refused_ = operation;
  if (!IsPlacedEverywhere(place)) {
    next_.Reset(kStateWords + open_words_, spent_words_);
    tried_.Reset(kStateWords + open_words_, spent_words_);
    for (std::size_t i = 0; i < possible_.size(); ++i) {
      PlaceBeforeReturn(possible_.row(i), place);
      if (steps_ > steps_max_) return false;
    }
    if (next_.size() == 0) return false;
    std::swap(possible_, next_);
    Narrow();
  }
  ClearBit(occupied_.data(), place);
  for (std::size_t i = 0; i < possible_.size(); ++i) {
    ClearBit(possible_.row(i) + kStateWords, place);
  }
  return true;
}

void KeySearch::Narrow() {
  if (possible_.size() <= width_) return;
  possible_.KeepFirst(width_);
  is_narrowed_ = true;
}

bool KeySearch::IsPlacedEverywhere(std::size_t place) {
  for (std::size_t i = 0; i < possible_.size(); ++i) {
    if (!HasBit(possible_.row(i) + kStateWords, place)) return false;
  }
  return true;
}

void KeySearch::PlaceBeforeReturn(ConstRow from, std::size_t place) {
  std::size_t continued = tried_.size();
  std::copy_n(from, row_words(), work_.data());
  Keep(place);
  for (; continued < tried_.size() && steps_ <= steps_max_; ++continued) {
    std::copy_n(tried_.row(continued), row_words(), current_.data());
    for (std::size_t word = 0; word < open_words_; ++word) {
      std::uint64_t unplaced = occupied_[word] & ~current_[kStateWords + word];
      for (; unplaced != 0; unplaced &= unplaced - 1) {
        TryNext(word * 64 + static_cast<std::size_t>(std::countr_zero(unplaced)), place);
      }
    }
  }
}

void KeySearch::TryNext(std::size_t place, std::size_t returning) {
  const CertainOperation& operation = OpenAt(place);
  ++steps_;
  if (!IsNextByRevision(current_.data(), operation)) return;
  if (const auto after = Apply(StateOf(current_.data()), operation.action)) {
    std::copy(current_.begin(), current_.end(), work_.begin());
    SetState(work_.data(), *after);
    Place(work_.data(), place);
    Keep(returning);
  } else if (operation.may_need_unknown) {
    FindWays(current_.data(), operation.action, 0);
    for (std::size_t i = 0; i < ways_[0].size(); ++i) {
      std::copy_n(ways_[0].row(i), row_words(), work_.data());
      SetState(work_.data(), *Apply(StateOf(work_.data()), operation.action));
      Place(work_.data(), place);
      Keep(returning);
    }
  }
}

// The built row is a possibility after the return, or one more on the way to it.
void KeySearch::Keep(std::size_t returning) {
  PlaceWhatIsTrue(work_.data());
  if (HasBit(work_.data() + kStateWords, returning)) {
    next_.Improve(work_.data());
  } else {
    tried_.Add(work_.data());
  }
}

void KeySearch::FindWays(ConstRow row, const Action& action, std::size_t depth) {
  while (ways_.size() <= depth) ways_.emplace_back();
  ways_[depth].Reset(kStateWords + open_words_, spent_words_);
  // What needs a revision needs an item, and neither makes an absence nor follows one.
  const std::size_t kinds =
      action.needed_revision == 0 ? history_->spendable_kinds : history_->unknown_kinds.size();
  for (std::size_t i = 0; i < kinds; ++i) {
    const UnknownChanges& kind = history_->unknown_kinds[i];
    if (!IsOfUse(kind.action, action, StateOf(row))) continue;
    const bool is_way = TryUnknown(row, kind, action, depth);
    // A put can still do later all that a comparison with absence can, so the put is spared.
    const bool spares_next =
        is_way && kind.action.need == Need::kAbsence && i + 1 < kinds &&
        history_->unknown_kinds[i + 1].action.need == Need::kNothing &&
        history_->unknown_kinds[i + 1].action.made_value == kind.action.made_value;
    if (spares_next) ++i;
  }
}

bool KeySearch::TryUnknown(ConstRow row, const UnknownChanges& kind, const Action& action,
                           std::size_t depth) {
  ++steps_;
  const auto add_if_met = [&](ConstRow before) {
    std::copy_n(before, row_words(), work_.data());
    const auto after = Apply(StateOf(before), kind.action);
    if (!after || !Apply(*after, action) || !SpendUnknown(work_.data(), kind)) return false;
    SetState(work_.data(), *after);
    ways_[depth].Improve(work_.data());
    return true;
  };
  if (Meet(StateOf(row), kind.action)) return add_if_met(row);
  if (!kind.may_need_unknown || !MayNeedAnother(kind.action, action)) return false;
  FindWays(row, kind.action, depth + 1);
  for (std::size_t i = 0; i < ways_[depth + 1].size(); ++i) add_if_met(ways_[depth + 1].row(i));
  return false;
}

bool KeySearch::SpendUnknown(Row row, const UnknownChanges& kind) {
  std::uint64_t* spent = row + kStateWords + open_words_;
  std::size_t i = kind.first;
  if (i < history_->spendable) {
    while (i < kind.first + kind.count && HasBit(spent, i)) ++i;
    if (i == kind.first + kind.count) return false;
  }
  if (history_->unknown[i].called_at > now_) return false;
  if (i < history_->spendable) SetBit(spent, i);
  AddStep(row, history_->unknown[i].position);
  return true;
}

bool KeySearch::IsNextByRevision(ConstRow row, const CertainOperation& operation) const {
  if (operation.revision == 0) return true;
  for (std::size_t word = 0; word < open_words_; ++word) {
    std::uint64_t unplaced = occupied_[word] & ~row[kStateWords + word];
    for (; unplaced != 0; unplaced &= unplaced - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(unplaced));
      const std::uint64_t other = OpenAt(word * 64 + bit).revision;
      if (other != 0 && other < operation.revision) return false;
    }
  }
  return true;
}

// It changes nothing, so no later place is better.
void KeySearch::PlaceWhatIsTrue(Row row) {
  for (std::size_t word = 0; word < open_words_; ++word) {
    std::uint64_t unplaced = occupied_[word] & ~row[kStateWords + word];
    for (; unplaced != 0; unplaced &= unplaced - 1) {
      const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(unplaced));
      if (IsTrueOf(StateOf(row), OpenAt(place).action)) Place(row, place);
    }
  }
}

void KeySearch::Place(Row row, std::size_t place) {
  SetBit(row + kStateWords, place);
  AddStep(row, OpenAt(place).position);
}

void KeySearch::AddStep(Row row, std::uint32_t position) {
  std::uint64_t& last = row[row_words() - 1];
  log_.push_back({static_cast<std::uint32_t>(last), position});
  last = log_.size() - 1;
}

FurthestOrder KeySearch::Furthest() {
  FurthestOrder furthest;
  furthest.refused = history_->certain[refused_].position;
  Row best = nullptr;
  for (std::size_t i = 0; i < possible_.size(); ++i) {
    std::vector<std::uint32_t> placed;
    const Row row = possible_.row(i);
    for (std::uint64_t step = row[row_words() - 1]; step != 0; step = log_[step].previous) {
      placed.push_back(log_[step].position);
    }
    if (best != nullptr && placed.size() <= furthest.placed.size()) continue;
    best = row;
    furthest.placed = std::move(placed);
  }
  std::reverse(furthest.placed.begin(), furthest.placed.end());
  furthest.state = StateOf(best);
  for (std::size_t place = 0; place < open_.size(); ++place) {
    if (HasBit(occupied_.data(), place) && !HasBit(best + kStateWords, place) &&
        open_[place] != refused_) {
      furthest.open.push_back(OpenAt(place).position);
    }
  }
  return furthest;
}

}  // namespace raft::linearizability
