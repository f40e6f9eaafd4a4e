// The part of a history that is about one key, made ready for the search.
//
// Linearizability is local: a history is linearizable if and only if its part for each key is
// (Herlihy and Wing 1990). Here strings become numbers, operations become actions, and what cannot
// matter is left out. Knows histories and the model; nothing of the search.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/linearizability/history.h"
#include "tests/linearizability/interner.h"
#include "tests/linearizability/model.h"

namespace raft::linearizability {

// An operation that certainly happened, within its interval.
struct CertainOperation {
  Action action;
  // The revision it made, or was shown; 0: neither. Along the key these never fall.
  std::uint64_t revision = 0;
  // Whether a change of unknown outcome could be what meets its need.
  bool may_need_unknown = false;
  std::uint32_t position = 0;  // in the history
};

// Changes of unknown outcome that differ in nothing but the time of their call: whoever wants one
// of them takes the earliest that is left.
struct UnknownChanges {
  Action action;
  bool may_need_unknown = false;
  std::size_t first = 0;  // in KeyHistory::unknown
  std::size_t count = 0;
};

struct UnknownCall {
  std::int64_t called_at = 0;
  std::uint32_t position = 0;  // in the history
};

// A call or a return of a certain operation.
struct Event {
  std::int64_t at = 0;
  bool is_return = false;       // at one time calls come first: those operations are concurrent
  std::uint32_t operation = 0;  // in KeyHistory::certain
};

struct KeyHistory {
  std::vector<CertainOperation> certain;
  std::vector<Event> events;  // in order of time
  std::size_t open_max = 0;   // certain operations open at once
  std::vector<UnknownChanges> unknown_kinds;
  std::vector<UnknownCall> unknown;  // kind after kind, each in order of its calls
  // The first so many of them could take effect again and again if nobody kept count. The others
  // need a revision that their own effect leaves behind for ever.
  std::size_t spendable = 0;
  std::size_t spendable_kinds = 0;
};

// Splits a history by key and prepares one key after the other. The history must outlive it.
class KeyHistories {
 public:
  explicit KeyHistories(const History& history);

  std::size_t size() const { return first_of_key_.size() - 1; }
  // The key's part; valid until the next call.
  const KeyHistory& Prepare(std::size_t key);

 private:
  // What a key's operations say about one value.
  struct ValueUse {
    std::uint32_t writers = 0;         // operations that wrote it or may have
    std::int64_t shown_at = kNever;    // the earliest return of an answer that shows it
    std::uint64_t shown_revision = 0;  // what that answer says; 0: no answer shows the value
  };

  void CountUses(std::size_t key);
  void ForgetUses(std::size_t key);
  ValueNumber WrittenValue(std::size_t position) const;
  Action Effect(std::size_t position) const;
  Action CertainAction(std::size_t position) const;
  void AddCertain(std::size_t position, const Action& action, std::int64_t returned_at);
  void AddUnknown(std::size_t position);
  void SortEvents();
  void GroupUnknown();
  void FindNeedsOfUnknown();

  const History& history_;
  std::vector<std::size_t> positions_;     // in the history, key after key
  std::vector<std::size_t> first_of_key_;  // in positions_; one more than there are keys
  std::vector<ValueNumber> written_;       // by position; of what each operation writes
  std::vector<ValueNumber> shown_;         // by position; of what each answer shows
  std::vector<ValueUse> uses_;             // by value, of the key under preparation
  std::vector<std::pair<Action, UnknownCall>> unknown_;
  std::vector<std::uint64_t> made_;  // revisions that certain changes made, in order
  KeyHistory prepared_;
};

}  // namespace raft::linearizability
