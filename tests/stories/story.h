// One story file: read, played, compared with the trace it holds, and written again.
//
// A story is plain text. Lines that begin with '#' are prose; lines that are indented are the trace
// of the command above them, written by the runner; every other line is a command, or one of the
// fields at the top: "story:" its title, "paper:" where the paper tells it, "traps:" the ids of the
// traps it would fall into.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "tests/stories/commands.h"
#include "tests/stories/words.h"

namespace raft::stories {

struct StoryLine {
  std::size_t number = 0;          // in its file, from 1
  std::string text;                // as written
  std::vector<std::string> trace;  // what the file says followed, without the indentation
  Act act;                         // null for prose, fields and empty lines
  bool is_setup = false;
};

struct Story {
  std::string path;
  std::string title;
  std::vector<StoryLine> lines;
  std::vector<Mistake> mistakes;  // each with file and line; a story with any is not played
};

// What happened when a story was played.
struct Performance {
  std::vector<std::vector<std::string>> traces;  // one for each line that was reached
  std::optional<Mistake> failure;                // of an act or expectation, with file and line
  std::string diagram;
};

// `path` names the story in what is told of it.
Story ParseStory(const std::string& path, std::istream& text);
// The same of a file. One that cannot be read is a mistake.
Story ReadStory(const std::string& path);
// `before_line` is told of each line before it is played. Requires: no mistakes.
Performance Play(const Story& story, const std::function<void(const StoryLine&)>& before_line);
// Where the performance differs from the trace in the file, for reading; empty if nowhere.
std::string Differences(const Story& story, const Performance& performance);
// The text of the file with the trace of the performance in place of the old one.
std::string WithTrace(const Story& story, const Performance& performance);

}  // namespace raft::stories
