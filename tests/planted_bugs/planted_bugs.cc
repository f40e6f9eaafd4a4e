#include "tests/planted_bugs/planted_bugs.h"

#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace planted_bugs {
namespace {

// The bug of this name; kNone if there is none.
Bug Find(std::string_view name) {
  for (std::size_t number = 1; number < std::size(kNames); ++number) {
    if (kNames[number] == name) return static_cast<Bug>(number);
  }
  return Bug::kNone;
}

Bug ChosenByEnvironment() {
  const char* name = std::getenv("RAFT_PLANTED_BUG");
  if (name == nullptr) return Bug::kNone;
  const Bug found = Find(name);
  if (found == Bug::kNone) {
    std::fprintf(stderr, "error: RAFT_PLANTED_BUG names no planted bug: %s\n", name);
    std::exit(2);
  }
  return found;
}

}  // namespace

Bug chosen = ChosenByEnvironment();

bool Choose(std::string_view name) {
  const Bug found = Find(name);
  if (found == Bug::kNone) return false;
  chosen = found;
  return true;
}

std::span<const std::string_view> Names() { return std::span(kNames).subspan(1); }

}  // namespace planted_bugs
