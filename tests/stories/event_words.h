// The core's events and effects in the words of a story.
//
// Knows core/events.h and core/effects.h; nothing of who tells them where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/effects.h"
#include "core/events.h"

namespace raft::stories {

// How much an event matters to a story.
enum class Weight : std::uint8_t {
  kDetail,  // the trace alone
  kNote,    // the diagram too
  kTurn,    // also while the story is told quietly
};

struct EventWords {
  Weight weight;
  std::string words;  // what the server does: "becomes leader of term 2"
};

// None for an event that something else in the trace tells already.
std::optional<EventWords> WordsOf(const RaftEvent& event);

// "term 2, vote for S1; a cut from 3 on; entry 3 of term 2 (x)".
std::string WordsOf(const PersistRequest& write);

// "NOT_LEADER", as the API spells it.
const char* ToString(RefusalReason reason);

// "pre-candidate": the role as a story says it.
std::string RoleWord(RoleName role);

}  // namespace raft::stories
