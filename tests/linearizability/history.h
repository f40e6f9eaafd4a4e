// What clients did and what they were told: the material that a linearizability check judges.
//
// One Operation per call, with the time it was called and the time its outcome was known. Outcomes
// are three, never two: it happened, it certainly did not, or nobody knows. Knows the key-value
// vocabulary as one client sees it; nothing of Raft, gRPC or virtual time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace raft::linearizability {

enum class OperationKind : std::uint8_t { kGet, kPut, kDelete, kCompareAndSet };

enum class Outcome : std::uint8_t {
  kHappened,      // an OK answer, or an OK answer that says a comparison failed
  kCertainlyNot,  // refused, and never to take effect
  kUnknown,       // it may take effect at any time after the call, or never
};

// An item as an answer shows it.
struct Item {
  std::string value;
  std::uint64_t modified_revision = 0;

  friend bool operator==(const Item&, const Item&) = default;
};

// The end of an operation whose outcome nobody knows.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Operation {
  std::uint32_t client = 0;  // one client has at most one operation open
  OperationKind kind = OperationKind::kGet;
  std::string key;
  std::string value;                    // put, compare-and-set: the new value
  std::uint64_t expected_revision = 0;  // compare-and-set: modified_revision; 0: must not exist
  std::int64_t called_at = 0;           // any unit, the same for the whole history
  std::int64_t returned_at = kNever;    // kNever unless it happened or certainly did not

  Outcome outcome = Outcome::kUnknown;
  // When it happened. `revision`: of the change it made; 0 if it changed nothing (a get, a failed
  // comparison, the deletion of a key that was not there).
  std::uint64_t revision = 0;
  // Whether a compare-and-set swapped, or a delete found something.
  bool succeeded = false;
  // What a get, or a compare-and-set whose comparison failed, was shown; none: no such key.
  std::optional<Item> seen;
};

using History = std::vector<Operation>;

}  // namespace raft::linearizability
