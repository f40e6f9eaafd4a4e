// Where a setting comes from: default < file < environment < flag.
#include "service/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace raft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CommandLineTest : public testing::Test {
 protected:
  ~CommandLineTest() override { std::filesystem::remove(path_); }

  std::string WriteFile(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  static Setting Find(const CommandLine& command_line, const std::string& name) {
    for (const Setting& setting : command_line.settings) {
      if (setting.name == name) return setting;
    }
    ADD_FAILURE() << "no setting " << name;
    return {};
  }
  static std::string Message(const absl::StatusOr<CommandLine>& parsed) {
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(parsed.status().message());
  }

  const std::string path_ = testing::TempDir() + "command_line_test_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml";
};

TEST_F(CommandLineTest, TakesTheDefaultWhenNobodySetsAValue) {
  const CommandLine parsed = ParseCommandLine({}, {}).value();
  EXPECT_EQ(parsed.options.heartbeat_ms, 50u);
  EXPECT_EQ(Find(parsed, "heartbeat-ms").value, "50");
  EXPECT_EQ(Find(parsed, "heartbeat-ms").origin, "default");
}

TEST_F(CommandLineTest, PrefersTheFileToTheDefault) {
  const std::string path = WriteFile("heartbeat-ms = 60\n");
  const CommandLine parsed = ParseCommandLine({"--config", path}, {}).value();
  EXPECT_EQ(parsed.options.heartbeat_ms, 60u);
  EXPECT_EQ(Find(parsed, "heartbeat-ms").origin, "file " + path);
}

TEST_F(CommandLineTest, PrefersTheEnvironmentToTheFile) {
  const std::string path = WriteFile("heartbeat-ms = 60\n");
  const CommandLine parsed =
      ParseCommandLine({"--config", path}, {{"RAFTD_HEARTBEAT_MS", "70"}}).value();
  EXPECT_EQ(parsed.options.heartbeat_ms, 70u);
  EXPECT_EQ(Find(parsed, "heartbeat-ms").origin, "environment RAFTD_HEARTBEAT_MS");
}

TEST_F(CommandLineTest, PrefersTheFlagToEverything) {
  const std::string path = WriteFile("heartbeat-ms = 60\n");
  const CommandLine parsed =
      ParseCommandLine({"--config", path, "--heartbeat-ms=80"}, {{"RAFTD_HEARTBEAT_MS", "70"}})
          .value();
  EXPECT_EQ(parsed.options.heartbeat_ms, 80u);
  EXPECT_EQ(Find(parsed, "heartbeat-ms").origin, "flag");
}

TEST_F(CommandLineTest, FindsTheFileThroughTheEnvironment) {
  const std::string path = WriteFile("server-id = 7\n");
  const CommandLine parsed = ParseCommandLine({}, {{"RAFTD_CONFIG", path}}).value();
  EXPECT_EQ(parsed.options.server_id, 7u);
}

TEST_F(CommandLineTest, ReadsStringsListsAndCommentsOfAFile) {
  const std::string path = WriteFile(
      "# a comment\n"
      "data-dir = \"/var/lib/raftd\"\n"
      "initial-members = [\"1=a:1\", \"2=b:1\"]\n");
  const CommandLine parsed = ParseCommandLine({"--config", path}, {}).value();
  EXPECT_EQ(parsed.options.data_dir, "/var/lib/raftd");
  EXPECT_EQ(parsed.options.initial_members, "1=a:1,2=b:1");
}

TEST_F(CommandLineTest, RefusesAnUnknownFlag) {
  EXPECT_THAT(Message(ParseCommandLine({"--hartbeat-ms", "50"}, {})), HasSubstr("hartbeat-ms"));
}

TEST_F(CommandLineTest, RefusesAFlagGivenTwice) {
  EXPECT_THAT(Message(ParseCommandLine({"--server-id=1", "--server-id=2"}, {})),
              HasSubstr("server-id"));
}

TEST_F(CommandLineTest, RefusesValuesOfTheWrongType) {
  EXPECT_THAT(Message(ParseCommandLine({"--heartbeat-ms=soon"}, {})), HasSubstr("heartbeat-ms"));
  EXPECT_THAT(Message(ParseCommandLine({"--heartbeat-ms=-5"}, {})), HasSubstr("heartbeat-ms"));
  EXPECT_THAT(Message(ParseCommandLine({}, {{"RAFTD_HEARTBEAT_MS", "soon"}})),
              HasSubstr("environment RAFTD_HEARTBEAT_MS"));
  const std::string path = WriteFile("heartbeat-ms = soon\n");
  EXPECT_THAT(Message(ParseCommandLine({"--config", path}, {})), HasSubstr("file " + path));
}

TEST_F(CommandLineTest, RefusesNumbersThatWouldWrapAroundOrStopAtTheLargest) {
  for (const std::string number : {"-1", "99999999999999999999", "", " 7", "0x32", "1e3"}) {
    EXPECT_THAT(Message(ParseCommandLine({"--server-id=" + number}, {})), HasSubstr("server-id"));
    EXPECT_THAT(Message(ParseCommandLine({}, {{"RAFTD_LOG_BYTES_MAX", number}})),
                HasSubstr("environment RAFTD_LOG_BYTES_MAX"));
  }
  const std::string path = WriteFile("server-id = -1\n");
  EXPECT_THAT(Message(ParseCommandLine({"--config", path}, {})), HasSubstr("file " + path));
}

TEST_F(CommandLineTest, RefusesAnUnknownKeyOfTheFile) {
  const std::string path = WriteFile("hartbeat-ms = 50\n");
  EXPECT_THAT(Message(ParseCommandLine({"--config", path}, {})),
              HasSubstr("unknown key \"hartbeat-ms\""));
}

TEST_F(CommandLineTest, RefusesSectionsAndActionsInTheFile) {
  EXPECT_THAT(Message(ParseCommandLine({"--config", WriteFile("[raft]\nheartbeat-ms = 50\n")}, {})),
              HasSubstr("unknown key"));
  EXPECT_THAT(Message(ParseCommandLine({"--config", WriteFile("print-config = true\n")}, {})),
              HasSubstr("unknown key \"print-config\""));
}

TEST_F(CommandLineTest, RefusesAFileThatIsNotThere) {
  EXPECT_THAT(Message(ParseCommandLine({"--config", "/no/such/file"}, {})),
              HasSubstr("/no/such/file"));
}

TEST_F(CommandLineTest, WarnsOfAnUnknownVariable) {
  const CommandLine parsed = ParseCommandLine({}, {{"RAFTD_HARTBEAT_MS", "50"}}).value();
  EXPECT_THAT(parsed.warnings, ElementsAre(HasSubstr("RAFTD_HARTBEAT_MS")));
  EXPECT_THAT(ParseCommandLine({}, {{"RAFTD_HEARTBEAT_MS", "50"}}).value().warnings, IsEmpty());
}

TEST_F(CommandLineTest, TakesASwitchFromFlagVariableAndFile) {
  EXPECT_FALSE(ParseCommandLine({}, {}).value().options.join);
  EXPECT_TRUE(ParseCommandLine({"--join"}, {}).value().options.join);
  EXPECT_TRUE(ParseCommandLine({}, {{"RAFTD_JOIN", "true"}}).value().options.join);
  EXPECT_FALSE(ParseCommandLine({}, {{"RAFTD_JOIN", "false"}}).value().options.join);
  const std::string path = WriteFile("join = true\n");
  EXPECT_TRUE(ParseCommandLine({"--config", path}, {}).value().options.join);
  EXPECT_THAT(Message(ParseCommandLine({}, {{"RAFTD_JOIN", "perhaps"}})),
              HasSubstr("environment RAFTD_JOIN"));
}

TEST_F(CommandLineTest, KnowsItsActions) {
  using Action = CommandLine::Action;
  EXPECT_EQ(ParseCommandLine({}, {}).value().action, Action::kRun);
  EXPECT_EQ(ParseCommandLine({"--print-config"}, {}).value().action, Action::kPrintConfig);
  EXPECT_EQ(ParseCommandLine({"--check-config"}, {}).value().action, Action::kCheckConfig);
  const CommandLine version = ParseCommandLine({"--version"}, {}).value();
  EXPECT_EQ(version.action, Action::kPrintText);
  EXPECT_THAT(version.text, HasSubstr("raftd "));
  EXPECT_THAT(ParseCommandLine({"--help"}, {}).value().text, HasSubstr("--heartbeat-ms"));
}

}  // namespace
}  // namespace raft
