#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace raft {

void CheckFailed(const char* file, int line, const char* condition, const char* message) {
  std::fprintf(stderr, "FATAL %s:%d: %s. Broken: %s\n", file, line, message, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace raft
