// What happens to bytes on their way from one server to another.
//
// TCP either carries a stream in order or breaks it, so bytes are never taken out of the middle:
// what a network loses is held here until it heals, as retransmission would have it, or goes down
// with its connection in a reset.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <map>

#include "tests/integration/cluster.h"

namespace raft::chaos {

using integration::Id;
using integration::Milliseconds;

// The way bytes flow, whoever opened the connection.
struct Direction {
  Id from = 0;
  Id to = 0;

  friend auto operator<=>(const Direction&, const Direction&) = default;
};

inline Direction Reversed(const Direction& direction) { return {direction.to, direction.from}; }

struct LinkRule {
  bool held = false;       // nothing arrives until the rule is gone; then all of it, in order
  Milliseconds delay{0};   // every byte takes at least this long
  Milliseconds jitter{0};  // and up to this much more, never overtaking an earlier byte
};

// Two disturbances of one link at the same time.
inline LinkRule Both(const LinkRule& one, const LinkRule& other) {
  return {.held = one.held || other.held,
          .delay = one.delay + other.delay,
          .jitter = one.jitter + other.jitter};
}

// The rules in force; a direction that is not listed passes at once.
using LinkRules = std::map<Direction, LinkRule>;

inline LinkRule RuleOf(const LinkRules& rules, const Direction& direction) {
  const auto rule = rules.find(direction);
  return rule == rules.end() ? LinkRule{} : rule->second;
}

}  // namespace raft::chaos
