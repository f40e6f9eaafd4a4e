#include "tests/linearizability/key_history.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tests/linearizability/answer.h"

namespace raft::linearizability {
namespace {

bool IsWrite(const Operation& operation) {
  return operation.kind == OperationKind::kPut || operation.kind == OperationKind::kCompareAndSet;
}

// Whether the operation wrote its value, or may have.
bool MayHaveWritten(const Operation& operation) {
  if (!IsWrite(operation) || operation.outcome == Outcome::kCertainlyNot) return false;
  return operation.outcome == Outcome::kUnknown || operation.kind == OperationKind::kPut ||
         operation.succeeded;
}

// An operation that neither changed anything nor tells anything.
bool IsWithoutTrace(const Operation& operation) {
  return operation.outcome == Outcome::kCertainlyNot ||
         (operation.outcome == Outcome::kUnknown && operation.kind == OperationKind::kGet);
}

// Those that need a revision come last; a comparison with absence just before the put of the same
// value.
auto InOrder(const Action& action) {
  return std::tuple(action.need == Need::kRevision, action.made_value,
                    action.need != Need::kAbsence, action.needed_revision);
}

}  // namespace

KeyHistories::KeyHistories(const History& history) : history_(history) {
  Interner keys(history.size());
  Interner values(history.size() * 2);
  std::vector<std::uint32_t> key_of(history.size());
  written_.assign(history.size(), kAbsent);
  shown_.assign(history.size(), kAbsent);
  for (std::size_t position = 0; position < history.size(); ++position) {
    const Operation& operation = history[position];
    key_of[position] = keys.Number(operation.key);
    if (IsWrite(operation)) written_[position] = values.Number(operation.value);
    if (const Item* shown = Shown(operation)) shown_[position] = values.Number(shown->value);
  }
  uses_.resize(values.size());
  first_of_key_.assign(keys.size() + 1, 0);
  for (const std::uint32_t key : key_of) ++first_of_key_[key + 1];
  for (std::size_t key = 0; key < keys.size(); ++key) first_of_key_[key + 1] += first_of_key_[key];
  positions_.resize(history.size());
  std::vector<std::size_t> next(first_of_key_.begin(), first_of_key_.end());
  for (std::size_t position = 0; position < history.size(); ++position) {
    positions_[next[key_of[position]]++] = position;
  }
}

const KeyHistory& KeyHistories::Prepare(std::size_t key) {
  prepared_.certain.clear();
  prepared_.events.clear();
  unknown_.clear();
  CountUses(key);
  for (std::size_t i = first_of_key_[key]; i < first_of_key_[key + 1]; ++i) {
    const std::size_t position = positions_[i];
    const Operation& operation = history_[position];
    if (IsWithoutTrace(operation)) continue;
    if (operation.outcome == Outcome::kUnknown) {
      AddUnknown(position);
    } else {
      AddCertain(position, CertainAction(position), operation.returned_at);
    }
  }
  ForgetUses(key);
  SortEvents();
  GroupUnknown();
  FindNeedsOfUnknown();
  return prepared_;
}

void KeyHistories::CountUses(std::size_t key) {
  for (std::size_t i = first_of_key_[key]; i < first_of_key_[key + 1]; ++i) {
    const Operation& operation = history_[positions_[i]];
    if (MayHaveWritten(operation)) ++uses_[written_[positions_[i]]].writers;
    const Item* shown = Shown(operation);
    if (shown == nullptr) continue;
    ValueUse& use = uses_[shown_[positions_[i]]];
    if (use.shown_revision != 0 && use.shown_at <= operation.returned_at) continue;
    use.shown_at = operation.returned_at;
    use.shown_revision = shown->modified_revision;
  }
}

void KeyHistories::ForgetUses(std::size_t key) {
  for (std::size_t i = first_of_key_[key]; i < first_of_key_[key + 1]; ++i) {
    if (written_[positions_[i]] != kAbsent) uses_[written_[positions_[i]]] = {};
    if (shown_[positions_[i]] != kAbsent) uses_[shown_[positions_[i]]] = {};
  }
}

ValueNumber KeyHistories::WrittenValue(std::size_t position) const {
  const ValueNumber value = written_[position];
  return uses_[value].shown_revision == 0 ? kNeverShown : value;
}

// What the operation would do if it took effect.
Action KeyHistories::Effect(std::size_t position) const {
  const Operation& operation = history_[position];
  if (operation.kind == OperationKind::kDelete) {
    return {.need = Need::kPresence, .change = Change::kToAbsence};
  }
  Action action{.change = Change::kToValue, .made_value = WrittenValue(position)};
  if (operation.kind == OperationKind::kCompareAndSet) {
    action.need = operation.expected_revision == 0 ? Need::kAbsence : Need::kRevision;
    action.needed_revision = operation.expected_revision;
  }
  return action;
}

// What the operation did, as its answer tells.
Action KeyHistories::CertainAction(std::size_t position) const {
  const Operation& operation = history_[position];
  const bool is_change = operation.kind == OperationKind::kPut ||
                         (operation.kind != OperationKind::kGet && operation.succeeded);
  if (is_change != (operation.revision != 0)) return {.need = Need::kImpossible};
  if (is_change) {
    Action action = Effect(position);
    action.made_revision = operation.revision;
    return action;
  }
  const Item* shown = Shown(operation);
  const std::uint64_t revision = shown != nullptr ? shown->modified_revision : 0;
  if (operation.kind == OperationKind::kCompareAndSet && revision == operation.expected_revision) {
    return {.need = Need::kImpossible};  // the comparison should have succeeded
  }
  if (shown == nullptr) return {.need = Need::kAbsence};
  return {.need = Need::kItem, .needed_value = shown_[position], .needed_revision = revision};
}

void KeyHistories::AddCertain(std::size_t position, const Action& action,
                              std::int64_t returned_at) {
  const auto operation = static_cast<std::uint32_t>(prepared_.certain.size());
  prepared_.certain.push_back(
      {.action = action,
       .revision = action.change == Change::kNone ? action.needed_revision : action.made_revision,
       .position = static_cast<std::uint32_t>(position)});
  prepared_.events.push_back({history_[position].called_at, false, operation});
  prepared_.events.push_back({returned_at, true, operation});
}

// If it alone can have written a value that an answer shows, it did happen: at the revision shown,
// and before that answer was given.
void KeyHistories::AddUnknown(std::size_t position) {
  const Operation& operation = history_[position];
  Action action = Effect(position);
  if (IsWrite(operation)) {
    const ValueUse& use = uses_[written_[position]];
    if (use.writers == 1 && use.shown_revision != 0 && operation.called_at <= use.shown_at) {
      action.made_revision = use.shown_revision;
      AddCertain(position, action, use.shown_at);
      return;
    }
  }
  unknown_.push_back({action, {operation.called_at, static_cast<std::uint32_t>(position)}});
}

void KeyHistories::SortEvents() {
  std::sort(prepared_.events.begin(), prepared_.events.end(),
            [](const Event& left, const Event& right) {
              return std::tie(left.at, left.is_return, left.operation) <
                     std::tie(right.at, right.is_return, right.operation);
            });
  prepared_.open_max = 0;
  std::size_t open = 0;
  for (const Event& event : prepared_.events) {
    event.is_return ? --open : ++open;
    prepared_.open_max = std::max(prepared_.open_max, open);
  }
}

void KeyHistories::GroupUnknown() {
  std::sort(unknown_.begin(), unknown_.end(), [](const auto& left, const auto& right) {
    if (left.first != right.first) return InOrder(left.first) < InOrder(right.first);
    return std::tie(left.second.called_at, left.second.position) <
           std::tie(right.second.called_at, right.second.position);
  });
  prepared_.unknown.clear();
  prepared_.unknown_kinds.clear();
  prepared_.spendable = prepared_.spendable_kinds = 0;
  for (const auto& [action, call] : unknown_) {
    if (prepared_.unknown_kinds.empty() || prepared_.unknown_kinds.back().action != action) {
      prepared_.unknown_kinds.push_back({.action = action, .first = prepared_.unknown.size()});
    }
    ++prepared_.unknown_kinds.back().count;
    prepared_.unknown.push_back(call);
    if (action.need == Need::kRevision) continue;
    prepared_.spendable = prepared_.unknown.size();
    prepared_.spendable_kinds = prepared_.unknown_kinds.size();
  }
}

// A revision that a certain change made is nobody else's.
void KeyHistories::FindNeedsOfUnknown() {
  if (prepared_.unknown.empty()) return;
  made_.clear();
  for (const CertainOperation& operation : prepared_.certain) {
    if (operation.action.made_revision != 0) made_.push_back(operation.action.made_revision);
  }
  std::sort(made_.begin(), made_.end());
  const auto may_need_unknown = [this](const Action& action) {
    return action.needed_revision == 0 ||
           !std::binary_search(made_.begin(), made_.end(), action.needed_revision);
  };
  for (CertainOperation& operation : prepared_.certain) {
    operation.may_need_unknown = may_need_unknown(operation.action);
  }
  for (UnknownChanges& kind : prepared_.unknown_kinds) {
    kind.may_need_unknown = may_need_unknown(kind.action);
  }
}

}  // namespace raft::linearizability
