// How the core stops loudly when its own understanding is wrong.
//
// A CHECK is about ourselves, never about the world: bytes from a peer, a client or a disk are
// validated at the border and cannot reach one. Checks stay on in release builds; a server that
// has broken a law of Raft must stop before it tells anybody.
#pragma once

namespace raft {

// Prints the broken law with its place and aborts. Any thread.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const char* message);

}  // namespace raft

// RAFT_CHECK(condition, "the law that would be broken").
#define RAFT_CHECK(condition, message)                                \
  do {                                                                \
    if (!(condition)) [[unlikely]] {                                  \
      ::raft::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
    }                                                                 \
  } while (false)

// RAFT_CHECK_IMPLIES(a, b, "law"): whenever a holds, b must hold.
#define RAFT_CHECK_IMPLIES(premise, conclusion, message) \
  RAFT_CHECK(!(premise) || (conclusion), message)
