// The numbers of Raft, each with a type of its own, so that no term can be passed for an index.
//
// Mirrors §5 of the paper: terms (§5.1), log indexes (§5.3), server ids. Knows the arithmetic that
// makes sense (an index plus a count) and refuses the rest (an index plus a term).
#pragma once

#include <compare>
#include <cstdint>

namespace raft {

// A 64-bit number that converts to nothing but itself. `Tag` tells one kind from another.
template <typename Tag>
class StrongNumber {
 public:
  constexpr StrongNumber() = default;
  constexpr explicit StrongNumber(std::uint64_t value) : value_(value) {}

  constexpr std::uint64_t value() const { return value_; }
  // The number after this one.
  constexpr StrongNumber Next() const { return StrongNumber(value_ + 1); }

  friend constexpr auto operator<=>(StrongNumber, StrongNumber) = default;

 private:
  std::uint64_t value_ = 0;
};

// Logical time (§5.1). 0 means "before the first election"; real terms start at 1.
using Term = StrongNumber<struct TermTag>;

// Place of an entry in the log (§5.3). The first entry has index 1; 0 is the place before it.
using LogIndex = StrongNumber<struct LogIndexTag>;

constexpr LogIndex operator+(LogIndex index, std::uint64_t count) {
  return LogIndex(index.value() + count);
}
// Requires: count <= index.
constexpr LogIndex operator-(LogIndex index, std::uint64_t count) {
  return LogIndex(index.value() - count);
}
// How many entries lie after `first` up to and including `last`. Requires: first <= last.
constexpr std::uint64_t operator-(LogIndex last, LogIndex first) {
  return last.value() - first.value();
}

// One participant of the cluster. Never 0.
using ServerId = StrongNumber<struct ServerIdTag>;

// Number of one write handed to the disk thread. Rises by one a write, starts at 1 in each process.
using PersistSequence = StrongNumber<struct PersistSequenceTag>;

// Number of one request to a peer, fresh for every request of this process, echoed in the answer.
using RequestNumber = StrongNumber<struct RequestNumberTag>;

// A client's waiting proposal or read, as the service knows it. The core only hands it back.
using Ticket = StrongNumber<struct TicketTag>;

// A peer's waiting request, as the service knows it. The core only hands it back.
using CallId = StrongNumber<struct CallIdTag>;

// The identity of an entry: two logs that agree on a position agree on everything before it (§5.3).
struct LogPosition {
  LogIndex index;
  Term term;

  friend constexpr bool operator==(const LogPosition&, const LogPosition&) = default;
};

// Milliseconds on the cluster's own clock (log time): it starts at the founder's Unix time and
// never falls along the log. Never a wall clock.
using LogTimeMs = std::int64_t;

// A log time above this is a bug or an attack: every later leader continues from it, and adding its
// own ticks must never overflow.
inline constexpr LogTimeMs kLogTimeMsMax = LogTimeMs{1} << 62;

}  // namespace raft
