// What one key may hold, and what an operation needs of it and makes of it.
//
// Every operation of the vocabulary is an Action: a need (absence, some item, a certain item) and a
// change. Knows a register with revisions; nothing of time, clients or the search.
// Invariant: along the life of a key revisions strictly rise.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace raft::linearizability {

// A value of the history as a small number.
using ValueNumber = std::uint32_t;
inline constexpr ValueNumber kAbsent = std::numeric_limits<ValueNumber>::max();
// Every value that no answer ever shows: nobody can tell one from another.
inline constexpr ValueNumber kNeverShown = kAbsent - 1;

struct KeyState {
  ValueNumber value = kAbsent;
  bool is_revision_known = true;
  // Of the newest change, a deletion too. While it is not known: the least it can be.
  std::uint64_t revision = 0;

  friend bool operator==(const KeyState&, const KeyState&) = default;
};

enum class Need : std::uint8_t {
  kNothing,
  kAbsence,
  kPresence,    // some item
  kItem,        // needed_value at needed_revision
  kRevision,    // any value at needed_revision
  kImpossible,  // its answer contradicts itself
};

enum class Change : std::uint8_t { kNone, kToAbsence, kToValue };

struct Action {
  Need need = Need::kNothing;
  Change change = Change::kNone;
  ValueNumber needed_value = kAbsent;
  ValueNumber made_value = kAbsent;  // kAbsent unless kToValue
  std::uint64_t needed_revision = 0;
  std::uint64_t made_revision = 0;  // 0: none made, or nobody knows it

  friend bool operator==(const Action&, const Action&) = default;
};

// The state, now that somebody was shown its revision; none if that contradicts what is known.
inline std::optional<KeyState> WithRevision(const KeyState& state, std::uint64_t shown) {
  if (state.is_revision_known ? shown != state.revision : shown < state.revision) {
    return std::nullopt;
  }
  return KeyState{state.value, true, shown};
}

// The state with all that the need tells about it; none if the need is not met.
inline std::optional<KeyState> Meet(const KeyState& state, const Action& action) {
  const bool is_absent = state.value == kAbsent;
  switch (action.need) {
    case Need::kNothing:
      return state;
    case Need::kAbsence:
      return is_absent ? std::optional(state) : std::nullopt;
    case Need::kPresence:
      return is_absent ? std::nullopt : std::optional(state);
    case Need::kItem:
      if (is_absent || state.value != action.needed_value) return std::nullopt;
      return WithRevision(state, action.needed_revision);
    case Need::kRevision:
      return is_absent ? std::nullopt : WithRevision(state, action.needed_revision);
    case Need::kImpossible:
      break;
  }
  return std::nullopt;
}

// The state after the action; none if the action cannot take effect in this state.
inline std::optional<KeyState> Apply(const KeyState& state, const Action& action) {
  const std::optional<KeyState> met = Meet(state, action);
  if (!met || action.change == Change::kNone) return met;
  // Whether the newest revision is known or only bounded, the next is above that number.
  if (action.made_revision == 0) return KeyState{action.made_value, false, met->revision + 1};
  if (action.made_revision <= met->revision) return std::nullopt;
  return KeyState{action.made_value, true, action.made_revision};
}

// Whether the action is true of the state and leaves it exactly as it is: neither a change nor a
// revision that nobody knew before.
inline bool IsTrueOf(const KeyState& state, const Action& action) {
  return action.change == Change::kNone && Meet(state, action) == state;
}

}  // namespace raft::linearizability
