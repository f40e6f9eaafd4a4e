// Reads the histories with known verdicts from histories/*.txt.
//
// A history is a sentence that says what it shows, its operations (history_text.h), indented, and
// its verdict after an arrow. A line that begins with # is for people.
#pragma once

#include <string>
#include <vector>

#include "tests/linearizability/history.h"

namespace raft::linearizability {

struct KnownHistory {
  std::string file;
  std::string sentence;
  History operations;
  bool is_linearizable = false;
};

// All of them, file after file. What cannot be read ends the process with a message.
std::vector<KnownHistory> KnownHistories();

}  // namespace raft::linearizability
