// The vocabulary of stories: how each command is spelled, and the act on the stage it stands for.
//
// A line is parsed whole before anything happens, so a story with a mistake is never played in
// part. The table is also the manual: tests/stories/README.md holds what VocabularyTable prints.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/stories/stage.h"
#include "tests/stories/words.h"

namespace raft::stories {

// What a command does when its turn comes.
using Act = std::function<Stage::Outcome(Stage&)>;

struct ParsedLine {
  Act act;
  bool is_setup = false;         // stands before the first act
  std::size_t server_count = 0;  // as "servers N" said, in this line or before
  std::optional<Mistake> mistake = {};
};

// One command line, without its comment. `server_count`: what "servers N" said so far.
ParsedLine ParseCommand(std::string_view line, std::size_t server_count);

// The commands as a Markdown table, in the order of the manual.
std::string VocabularyTable();

}  // namespace raft::stories
