// Ways to break a linearizable history in one place, each with a proof that no order explains it.
//
// A breakage looks for a place where its proof holds and changes that one operation. The proofs use
// real time, acknowledged revisions and values that are written once; none uses the checker.
#pragma once

#include <vector>

#include "core/random_source.h"
#include "tests/linearizability/history.h"

namespace raft::linearizability {

struct Breakage {
  const char* name;
  // False if the history has no such place; it is unchanged then. Requires: the history is
  // linearizable and each of its writes has a value of its own.
  bool (*apply)(History& history, RandomSource& random);
};

const std::vector<Breakage>& Breakages();

}  // namespace raft::linearizability
