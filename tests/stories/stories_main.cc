// The program `stories`: plays stories and compares each with the trace in its file.
//
//   stories [NAME...]             plays these, or all; prints what differs; exits 1 if anything
//   does stories --accept [NAME...]    the same, and writes the new traces into the files stories
//   --diagram NAME        prints the Mermaid sequence diagram of a story stories --vocabulary
//   prints the table of commands
//
// NAME is a story of this folder without its ending, or the path of a file.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/stories/commands.h"
#include "tests/stories/story.h"

namespace raft::stories {
namespace {

enum class Purpose { kCompare, kAccept, kDiagram };

// The line being played, for when the core stops the process there.
std::string line_in_play;

void SayWhere(int) { std::fprintf(stderr, "while playing %s\n", line_in_play.c_str()); }

// Plays one story; whether all is as it should be.
bool Tell(const std::string& path, Purpose purpose) {
  const Story story = ReadStory(path);
  for (const Mistake& mistake : story.mistakes) std::fprintf(stderr, "%s\n", mistake.c_str());
  if (!story.mistakes.empty()) return false;
  const Performance performance = Play(story, [&path](const StoryLine& line) {
    line_in_play = path + ":" + std::to_string(line.number) + ": " + line.text;
  });
  const std::string differences = Differences(story, performance);
  if (performance.failure) {
    std::printf("%s%s\n", differences.c_str(), performance.failure->c_str());
    return false;
  }
  switch (purpose) {
    case Purpose::kDiagram:
      std::printf("%s", performance.diagram.c_str());
      return true;
    case Purpose::kAccept:
      std::ofstream(path) << WithTrace(story, performance);
      return true;
    case Purpose::kCompare:
      break;
  }
  std::printf("%s", differences.c_str());
  return differences.empty();
}

std::string PathOf(const std::string& name) {
  if (name.find('/') != std::string::npos || name.ends_with(".story")) return name;
  return RAFT_STORY_FOLDER "/" + name + ".story";
}

std::vector<std::string> AllStories() {
  std::vector<std::string> paths;
  for (const auto& file : std::filesystem::directory_iterator(RAFT_STORY_FOLDER)) {
    if (file.path().extension() == ".story") paths.push_back(file.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

int Usage() {
  std::fputs(
      "usage: stories [--accept] [NAME...]  play stories, compare with (or accept) their traces\n"
      "       stories --diagram NAME        draw a story as a Mermaid sequence diagram\n"
      "       stories --vocabulary          print the table of commands\n",
      stderr);
  return 2;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--vocabulary"}) {
    std::fputs(VocabularyTable().c_str(), stdout);
    return 0;
  }
  std::signal(SIGABRT, SayWhere);
  Purpose purpose = Purpose::kCompare;
  std::vector<std::string> paths;
  for (const std::string& argument : arguments) {
    if (argument == "--accept") {
      purpose = Purpose::kAccept;
    } else if (argument == "--diagram") {
      purpose = Purpose::kDiagram;
    } else if (argument.starts_with("-")) {
      return Usage();
    } else {
      paths.push_back(PathOf(argument));
    }
  }
  if (purpose == Purpose::kDiagram && paths.size() != 1) return Usage();
  if (paths.empty()) paths = AllStories();
  bool all_good = true;
  for (const std::string& path : paths) all_good &= Tell(path, purpose);
  // The disks of the harness say through GoogleTest when a write breaks their contract.
  all_good &= testing::UnitTest::GetInstance()->ad_hoc_test_result().Passed();
  return all_good ? 0 : 1;
}

}  // namespace
}  // namespace raft::stories

int main(int argc, char** argv) { return raft::stories::Main({argv + 1, argv + argc}); }
