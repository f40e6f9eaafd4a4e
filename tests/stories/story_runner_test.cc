// The runner of stories: what it refuses, what it compares, and what it writes down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tests/stories/story.h"

namespace raft::stories {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A story of these commands, as the file "a.story"; its first command is on line 2.
Story StoryOf(const std::string& commands) {
  std::istringstream text("story: a test\n" + commands);
  return ParseStory("a.story", text);
}

Performance Played(const Story& story) {
  EXPECT_THAT(story.mistakes, IsEmpty());
  return Play(story, [](const StoryLine&) {});
}

// What went wrong when these commands were played; empty if nothing.
std::string FailureOf(const std::string& commands) {
  return Played(StoryOf(commands)).failure.value_or("");
}

std::string DiagramOf(const std::string& commands) { return Played(StoryOf(commands)).diagram; }

// ---- What cannot be played.

struct BadLine {
  std::string line;
  std::string words;  // of the mistake
};

class MistakeTest : public ::testing::TestWithParam<BadLine> {};

TEST_P(MistakeTest, IsToldWithFileAndLine) {
  const Story story = StoryOf("servers 3\nlog S1 1 2\n" + GetParam().line + "\n");
  ASSERT_THAT(story.mistakes, SizeIs(1));
  EXPECT_THAT(story.mistakes[0], HasSubstr("a.story:4: "));
  EXPECT_THAT(story.mistakes[0], HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, MistakeTest,
    ::testing::Values(
        BadLine{"delivr all", "unknown command 'delivr'"},
        BadLine{"tick S1 ten", "as a number, found 'ten'"}, BadLine{"tick S1 -1", "found '-1'"},
        BadLine{"run 10001", "more than 10000 ticks"},
        BadLine{"tick S1 99999999999999999999", "found '99999999999999999999'"},
        BadLine{"timeout", "missing: a server"}, BadLine{"timeout S4", "there is no S4"},
        BadLine{"timeout S0", "found 'S0'"}, BadLine{"timeout 1", "found '1'"},
        BadLine{"timeout S1 S2", "too many words, from 'S2' on"},
        BadLine{"deliver", "missing: which messages"},
        BadLine{"deliver S1 S2", "expected the word '->'"},
        BadLine{"deliver S1 -> S2 Vote", "too many words, from 'Vote' on"},
        BadLine{"deliver S1 -> S2 #x", "found 'x'"}, BadLine{"servers 10", "1 to 9 servers"},
        BadLine{"log S1 2 1", "terms never fall"}, BadLine{"log S1", "missing: the terms"},
        BadLine{"option speed 9", "no option 'speed'"}, BadLine{"cut S1 S2", "expected the word"},
        BadLine{"propose S1", "missing: a command"}, BadLine{"scene", "missing: what the scene"},
        BadLine{"quietly log S1 1", "quiet already"}, BadLine{"expect S1 happy", "'happy'"},
        BadLine{"expect S1 term", "missing: the term"},
        BadLine{"expect S1 leader now", "too many words"},
        BadLine{"expect no", "expected the word 'message'"}),
    [](const auto& tested) { return "Line" + std::to_string(tested.index); });

TEST(StoryTest, WhatDescribesTheStartStandsBeforeTheFirstAct) {
  const Story story = StoryOf("servers 3\ntimeout S1\nlog S2 1\n");
  EXPECT_THAT(story.mistakes, ElementsAre("a.story:4: this stands before the first act only"));
}

TEST(StoryTest, NeedsATitleAndAFileThatCanBeRead) {
  std::istringstream text("servers 3\n");
  EXPECT_THAT(ParseStory("a.story", text).mistakes, SizeIs(1));
  EXPECT_THAT(ReadStory("no/such.story").mistakes, ElementsAre("no/such.story: cannot be read"));
}

TEST(StoryTest, AnActThatIsImpossibleSaysWhy) {
  const std::string three = "servers 3\n";
  EXPECT_EQ(FailureOf("tick all 1\n"), "a.story:2: a story begins with 'servers N'");
  EXPECT_EQ(FailureOf(three + "crash S1\ntimeout S1\n"), "a.story:4: S1 is down");
  EXPECT_EQ(FailureOf(three + "restart S1\n"), "a.story:3: S1 is running");
  EXPECT_THAT(FailureOf(three + "persist S1\n"), HasSubstr("S1 has 0 writes waiting"));
  EXPECT_THAT(FailureOf(three + "elect S1 by S2\ntimeout S1\n"), HasSubstr("waits for nobody"));
  EXPECT_THAT(FailureOf("servers 5\nelect S1 by S2\n"), HasSubstr("was not elected by S2"));
  EXPECT_THAT(FailureOf(three + "term S1 1\nlog S1 1 2\nterm S1 1\n"), HasSubstr("later term"));
  EXPECT_THAT(FailureOf(three + "applied S1 1\n"), HasSubstr("does not reach there"));
}

// A story that delivers what is not there would go on and prove something else.
TEST(StoryTest, AMessageThatIsNotInFlightIsAMistakeThatListsThoseThatAre) {
  for (const std::string verb : {"deliver", "drop", "fail", "duplicate", "expect message"}) {
    const std::string failure = FailureOf("servers 2\ntimeout S1\n" + verb + " RequestVote\n");
    EXPECT_THAT(failure, HasSubstr("a.story:4: no such message is in flight")) << verb;
    EXPECT_THAT(failure, HasSubstr("S1 -> S2  PreVote #1")) << verb;
  }
}

TEST(StoryTest, AnExpectationThatFailsSaysWhatItFound) {
  const std::string leader = "servers 3\nelect S1 by S2\n";
  EXPECT_EQ(FailureOf(leader + "expect S1 term 2\n"), "a.story:4: S1: expected term 2, found 1");
  EXPECT_EQ(FailureOf(leader + "expect S1 follower\n"),
            "a.story:4: S1: expected follower, found a leader");
  EXPECT_EQ(FailureOf(leader + "expect no leader\n"), "a.story:4: S1 leads");
  EXPECT_EQ(FailureOf(leader + "expect next S2 at S1 7\n"), "a.story:4: expected 7, found 2");
  EXPECT_EQ(FailureOf(leader + "expect match S1 at S2 7\n"), "a.story:4: S2 is no leader");
  EXPECT_THAT(FailureOf(leader + "expect no message entries\n"), HasSubstr("in flight is: S1"));
}

// ---- Golden output.

TEST(StoryTest, WhatIsWrittenDownIsWhatIsReadAgain) {
  const std::string commands = "# Prose.\nservers 3\n\nelect S1 by S2\n# More.\nsettle\n";
  const Story bare = StoryOf(commands);
  const std::string told = WithTrace(bare, Played(bare));
  std::istringstream text(told);
  const Story complete = ParseStory("a.story", text);
  EXPECT_EQ(Differences(complete, Played(complete)), "");
  EXPECT_EQ(WithTrace(complete, Played(complete)), told);
  EXPECT_THAT(told, HasSubstr("\n# More.\nsettle\n    S2 <- S1"));
}

TEST(StoryTest, ADifferenceNamesTheCommandAndBothVersions) {
  const Story story = StoryOf("servers 3\ncrash S2\n    S2 crashes loudly\n    S2 says more\n");
  EXPECT_EQ(Differences(story, Played(story)),
            "a.story:3: crash S2\n  - S2 crashes loudly\n  - S2 says more\n  + S2 crashes\n");
}

TEST(StoryTest, EndsWhereAnExpectationFails) {
  const Story story = StoryOf("servers 3\nexpect S1 leader\ncrash S2\n");
  EXPECT_THAT(Played(story).traces, SizeIs(3));
}

TEST(StoryTest, IsTheSameEveryTime) {
  const Story story = StoryOf("servers 5\nseed 9\nrun 100\npropose S1 x\nrun 20\n");
  const Performance first = Played(story);
  EXPECT_EQ(first.traces, Played(story).traces);
  EXPECT_EQ(first.diagram, Played(story).diagram);
}

TEST(StoryTest, ToldQuietlyItKeepsTheTurns) {
  const Story story = StoryOf("servers 3\nquietly elect S1 by S2\nelect S1 by S2\n");
  EXPECT_THAT(Played(story).traces[2], ElementsAre("S1 becomes leader of term 1"));
}

// ---- The world around the servers.

TEST(StoryTest, OnlyWhatIsOnDiskSurvivesACrash) {
  const std::string held = "servers 1\nrun 20\nhold disk S1\npropose S1 x\n";
  EXPECT_EQ(FailureOf(held + "crash S1\nrestart S1\nexpect S1 log 1\n"), "");
  EXPECT_EQ(FailureOf(held + "persist S1\ncrash S1\nrestart S1\nexpect S1 log 1 1\n"), "");
}

TEST(StoryTest, ACutLineFailsCallsAndALostMessageDoesNot) {
  const std::string leader = "servers 2\nelect S1 by S2\nsettle\npropose S1 x\n";
  // A call that failed frees its lane: the next heartbeat asks for what was lost.
  EXPECT_EQ(
      FailureOf(leader + "cut S1 -> S2\nsettle\ntick S1 2\nheal\nsettle\nexpect S2 log 1 1\n"), "");
  EXPECT_EQ(FailureOf(leader + "drop entries\ntick S1 2\nsettle\nexpect S2 log 1\n"), "");
}

TEST(StoryTest, OldestAndNewestChooseAmongCopies) {
  const std::string copies = "servers 2\ntimeout S1\nduplicate PreVote\nduplicate oldest PreVote\n";
  EXPECT_EQ(FailureOf(copies + "drop oldest PreVote\ndrop newest PreVote\ndeliver PreVote\n"), "");
  EXPECT_THAT(FailureOf(copies + "drop PreVote\ndeliver PreVote\n"), HasSubstr("nothing is in"));
}

TEST(StoryTest, AServerStartsAsTheStorySays) {
  const std::string voted = "servers 2\nlog S1 1\nlog S2 1\nterm S1 3\nvote S1 S2\n";
  EXPECT_EQ(FailureOf(voted + "expect S1 term 3\nexpect S1 vote S2\nexpect S1 log 1\n"), "");
  EXPECT_EQ(FailureOf("servers 1\nlog S1 1 1\napplied S1 1\ntick S1 1\nexpect S1 commit 1\n"), "");
}

TEST(StoryTest, AProposalMayInsistOnATerm) {
  EXPECT_EQ(FailureOf("servers 1\nrun 30\npropose S1 x in term 1\nexpect S1 told x is done\n"
                      "propose S1 y in term 9\nexpect S1 told y is refused TERM_MOVED, ask S1\n"),
            "");
}

// ---- Diagrams.

TEST(StoryTest, IsDrawnWithWhatArrivesAndWhatIsLost) {
  const std::string diagram = DiagramOf(
      "servers 2\nscene first\ntimeout S1\nduplicate PreVote\ndrop oldest PreVote\nsettle\n");
  EXPECT_THAT(diagram, HasSubstr("sequenceDiagram\n    participant S1\n    participant S2\n"));
  EXPECT_THAT(diagram, HasSubstr("    Note over S1,S2: first\n"));
  EXPECT_THAT(diagram, HasSubstr("    S1-xS2: PreVote for term 1, log ends at the start\n"));
  EXPECT_THAT(diagram, HasSubstr("    S1->>S2: PreVote for term 1, log ends at the start\n"));
  EXPECT_THAT(diagram, HasSubstr("    S2-->>S1: PreVote answer term 1, granted\n"));
}

// Mermaid takes a semicolon for the end of a statement and '#' for an entity.
TEST(StoryTest, IsDrawnWithoutWhatMermaidWouldMisread) {
  const std::string diagram =
      DiagramOf("servers 3\nscene a; #1\nrun 30\npropose S1 x\nread S1 y\nrun 5\n");
  EXPECT_THAT(diagram, Not(HasSubstr(";")));
  EXPECT_THAT(diagram, Not(HasSubstr("#")));
  EXPECT_THAT(diagram, HasSubstr("participant Client"));
}

}  // namespace
}  // namespace raft::stories
