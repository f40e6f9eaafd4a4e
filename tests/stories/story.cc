#include "tests/stories/story.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string_view>

namespace raft::stories {
namespace {

constexpr std::string_view kIndent = "    ";

std::string Place(const Story& story, const StoryLine& line) {
  return story.path + ":" + std::to_string(line.number) + ": ";
}

// The value of "field: value"; none if the line is no such field.
std::optional<std::string> FieldOf(std::string_view line, std::string_view field) {
  if (!line.starts_with(field)) return std::nullopt;
  line.remove_prefix(field.size());
  if (!line.starts_with(": ")) return std::nullopt;
  return std::string(line.substr(2));
}

bool IsProse(const std::string& text) { return text.empty() || text.front() == '#'; }

// Parses the lines one after the other, with what earlier ones said.
class Parser {
 public:
  explicit Parser(Story& story) : story_(story) {}

  void Take(StoryLine& line) {
    if (IsProse(line.text)) return;
    if (const auto title = FieldOf(line.text, "story")) {
      story_.title = *title;
    } else if (FieldOf(line.text, "paper") || FieldOf(line.text, "traps")) {
      // For readers, and for the table of the README.
    } else {
      TakeCommand(line);
    }
  }

 private:
  void TakeCommand(StoryLine& line) {
    ParsedLine parsed = ParseCommand(line.text, server_count_);
    server_count_ = parsed.server_count;
    if (parsed.is_setup && has_begun_) parsed.mistake = "this stands before the first act only";
    if (parsed.mistake) story_.mistakes.push_back(Place(story_, line) + *parsed.mistake);
    has_begun_ |= !parsed.is_setup;
    line.act = std::move(parsed.act);
    line.is_setup = parsed.is_setup;
  }

  Story& story_;
  std::size_t server_count_ = 0;
  bool has_begun_ = false;
};

// Lines that are the same at both ends are left out.
std::string Difference(std::vector<std::string> wanted, std::vector<std::string> found) {
  while (!wanted.empty() && !found.empty() && wanted.back() == found.back()) {
    wanted.pop_back();
    found.pop_back();
  }
  std::size_t same = 0;
  while (same < wanted.size() && same < found.size() && wanted[same] == found[same]) ++same;
  std::string told;
  for (std::size_t line = same; line < wanted.size(); ++line) told += "  - " + wanted[line] + "\n";
  for (std::size_t line = same; line < found.size(); ++line) told += "  + " + found[line] + "\n";
  return told;
}

}  // namespace

Story ParseStory(const std::string& path, std::istream& text) {
  Story story{.path = path, .title = {}, .lines = {}, .mistakes = {}};
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (!line.starts_with(kIndent)) {
      story.lines.push_back({.number = number, .text = line, .trace = {}, .act = {}});
    } else if (story.lines.empty()) {
      story.mistakes.push_back(path + ":1: a trace belongs below a command");
    } else {
      story.lines.back().trace.push_back(line.substr(kIndent.size()));
    }
  }
  Parser parser(story);
  for (StoryLine& line : story.lines) parser.Take(line);
  if (story.title.empty()) story.mistakes.push_back(path + ":1: missing: 'story: ' and a title");
  return story;
}

Story ReadStory(const std::string& path) {
  std::ifstream file(path);
  if (file) return ParseStory(path, file);
  return {.path = path, .title = {}, .lines = {}, .mistakes = {path + ": cannot be read"}};
}

Performance Play(const Story& story, const std::function<void(const StoryLine&)>& before_line) {
  Performance performance;
  Stage stage;
  for (const StoryLine& line : story.lines) {
    before_line(line);
    if (line.act && !line.is_setup) {
      if (const auto failure = stage.Begin()) performance.failure = Place(story, line) + *failure;
    }
    if (line.act && !performance.failure) {
      if (const auto failure = line.act(stage)) performance.failure = Place(story, line) + *failure;
    }
    performance.traces.push_back(stage.chronicle().TakeTrace());
    if (performance.failure) break;
  }
  performance.diagram = stage.chronicle().Diagram();
  return performance;
}

std::string Differences(const Story& story, const Performance& performance) {
  std::string told;
  for (std::size_t place = 0; place < performance.traces.size(); ++place) {
    const StoryLine& line = story.lines[place];
    const std::string difference = Difference(line.trace, performance.traces[place]);
    if (!difference.empty()) told += Place(story, line) + line.text + "\n" + difference;
  }
  return told;
}

std::string WithTrace(const Story& story, const Performance& performance) {
  std::string text;
  for (std::size_t place = 0; place < story.lines.size(); ++place) {
    text += story.lines[place].text + "\n";
    if (place >= performance.traces.size()) continue;
    for (const std::string& line : performance.traces[place]) {
      text += std::string(kIndent) + line + "\n";
    }
  }
  return text;
}

}  // namespace raft::stories
