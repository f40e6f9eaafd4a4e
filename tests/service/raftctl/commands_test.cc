// What raftctl's commands print and return, against servers that answer as a test tells them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "service/raftctl/exit_code.h"
#include "service/raftctl/key_value_commands.h"
#include "tests/service/raftctl/fake_server.h"

namespace raft::ctl {
namespace {

using testing::HasSubstr;

class CommandsTest : public testing::Test {
 protected:
  // Runs against both servers, the first asked first, with a short timeout.
  CommandResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--endpoints", first_.address() + "," + second_.address(),
                                         "--timeout", "2s"});
    return RunCommand(arguments);
  }

  FakeStore store_;
  FakeServer first_{1, &store_};
  FakeServer second_{2, &store_};
};

TEST_F(CommandsTest, PutGetCasAndDeleteRoundTrip) {
  EXPECT_EQ(Run({"put", "colour", "blue"}).out, "revision 1\n");
  const CommandResult get = Run({"get", "colour"});
  EXPECT_EQ(get.out, "blue");  // Nothing is added to a value that does not go to a terminal.
  EXPECT_EQ(get.exit_code, kExitOk);
  EXPECT_EQ(Run({"cas", "colour", "1", "red"}).out, "revision 2\n");
  EXPECT_EQ(Run({"get", "colour"}).out, "red");
  EXPECT_EQ(Run({"delete", "colour"}).out, "deleted 1\n");
  EXPECT_EQ(Run({"delete", "colour"}).out, "deleted 0\n");
}

TEST_F(CommandsTest, AnEmptyValueIsAValue) {
  EXPECT_EQ(Run({"put", "k", ""}).exit_code, kExitOk);
  ASSERT_EQ(store_.puts().size(), 1u);
  EXPECT_EQ(store_.puts()[0].value, "");
}

TEST_F(CommandsTest, GetOfAnAbsentKeyFails) {
  const CommandResult get = Run({"get", "nothing"});
  EXPECT_EQ(get.exit_code, kExitFailed);
  EXPECT_EQ(get.err, "error: the key \"nothing\" does not exist\n");
}

TEST_F(CommandsTest, ANegativeNumberIsAUsageErrorAndNotTheLargestNumber) {
  EXPECT_EQ(Run({"cas", "k", "-1", "v"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"scan", "--limit", "-1"}).exit_code, kExitUsage);
  EXPECT_TRUE(store_.puts().empty());
}

TEST_F(CommandsTest, AScanThatFailsPrintsNoHalfOfAJsonDocument) {
  first_.Answer(FakeAnswer::kInvalid);
  const CommandResult scan = Run({"-o", "json", "scan"});
  EXPECT_EQ(scan.exit_code, kExitFailed);
  EXPECT_EQ(scan.out, "");
}

TEST_F(CommandsTest, CasAtAnotherRevisionIsAPreconditionFailureAndSaysWhatStandsThere) {
  Run({"put", "k", "v"});
  const CommandResult cas = Run({"cas", "k", "7", "w"});
  EXPECT_EQ(cas.exit_code, kExitPrecondition);
  EXPECT_THAT(cas.err, HasSubstr("is at revision 1, not at revision 7"));
  EXPECT_EQ(Run({"cas", "absent", "7", "w"}).exit_code, kExitPrecondition);
}

TEST_F(CommandsTest, FollowsAHintToAServerThatIsNoEndpoint) {
  FakeServer leader(3, &store_);
  first_.Answer(FakeAnswer::kNotLeader);
  first_.HintAt(leader.address());
  second_.Answer(FakeAnswer::kNoLeader);
  EXPECT_EQ(Run({"put", "k", "v"}).exit_code, kExitOk);
  EXPECT_EQ(first_.calls(), 1);
  EXPECT_EQ(second_.calls(), 0);
  EXPECT_EQ(leader.calls(), 1);
}

TEST_F(CommandsTest, TriesTheOtherEndpointWithoutAHint) {
  first_.Answer(FakeAnswer::kNotLeader);
  EXPECT_EQ(Run({"put", "k", "v"}).exit_code, kExitOk);
  EXPECT_EQ(second_.calls(), 1);
}

TEST_F(CommandsTest, TriesTheOtherEndpointWhenTheHintLeadsNowhere) {
  first_.Answer(FakeAnswer::kNotLeader);
  first_.HintAt(UnusedAddress());
  EXPECT_EQ(Run({"put", "k", "v"}).exit_code, kExitOk);
  EXPECT_EQ(second_.calls(), 1);
}

TEST_F(CommandsTest, TriesTheOtherEndpointWhenOneIsDown) {
  const std::string both = UnusedAddress() + "," + second_.address();
  EXPECT_EQ(RunCommand({"--endpoints", both, "put", "k", "v"}).exit_code, kExitOk);
}

TEST_F(CommandsTest, WaitsThroughAnElection) {
  first_.AnswerNext(3, FakeAnswer::kNoLeader);
  second_.AnswerNext(3, FakeAnswer::kNoLeader);
  EXPECT_EQ(Run({"put", "k", "v"}).exit_code, kExitOk);
  EXPECT_EQ(store_.puts().size(), 1u);
}

TEST_F(CommandsTest, NoLeaderUntilTheTimeoutIsExitFour) {
  first_.Answer(FakeAnswer::kNoLeader);
  const std::string endpoints = first_.address() + "," + UnusedAddress();
  const CommandResult put =
      RunCommand({"--endpoints", endpoints, "--timeout", "500ms", "put", "k", "v"});
  EXPECT_EQ(put.exit_code, kExitNoLeader);
  EXPECT_THAT(put.err, HasSubstr("error: no leader (asked 2 of 2 servers; server at "));
  EXPECT_THAT(put.err, HasSubstr("unreachable: connection refused"));
  EXPECT_THAT(put.err, HasSubstr("Try: raftctl status"));
}

TEST_F(CommandsTest, NobodyListeningIsExitThreeAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  const CommandResult put =
      RunCommand({"--endpoints", UnusedAddress(), "--timeout", "60s", "put", "k", "v"});
  EXPECT_EQ(put.exit_code, kExitCannotConnect);
  EXPECT_THAT(put.err, HasSubstr("connection refused"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST_F(CommandsTest, AnUnknownOutcomeIsExitSixAndIsNotRepeated) {
  for (const FakeAnswer answer : {FakeAnswer::kOutcomeUnknown, FakeAnswer::kBareUnavailable}) {
    const size_t before = store_.puts().size();
    first_.Answer(answer);
    const CommandResult put = Run({"put", "k", "v"});
    EXPECT_EQ(put.exit_code, kExitUnknownOutcome);
    EXPECT_THAT(put.err, HasSubstr("may have happened"));
    EXPECT_EQ(store_.puts().size(), before + 1);
  }
  EXPECT_EQ(second_.calls(), 0);
}

TEST_F(CommandsTest, APutThatIsNotAnsweredIsUnknown) {
  first_.Answer(FakeAnswer::kSilent);
  const CommandResult put =
      RunCommand({"--endpoints", first_.address(), "--timeout", "300ms", "put", "k", "v"});
  EXPECT_EQ(put.exit_code, kExitUnknownOutcome);
}

TEST_F(CommandsTest, AReadThatIsNotAnsweredIsAskedElsewhere) {
  Run({"put", "k", "v"});
  first_.Answer(FakeAnswer::kSilent);
  EXPECT_EQ(Run({"get", "k"}).out, "v");
}

TEST_F(CommandsTest, ARefusalThatRetryingCannotCureIsFinal) {
  first_.Answer(FakeAnswer::kInvalid);
  const CommandResult put = Run({"put", "k", "v"});
  EXPECT_EQ(put.exit_code, kExitFailed);
  EXPECT_THAT(put.err, HasSubstr("[COMMAND_TOO_LARGE]"));
  first_.Answer(FakeAnswer::kTermMoved);
  EXPECT_EQ(Run({"put", "k", "v"}).exit_code, kExitPrecondition);
  EXPECT_EQ(second_.calls(), 0);
}

TEST_F(CommandsTest, AnOverloadedLeaderIsAskedAgain) {
  first_.AnswerNext(2, FakeAnswer::kOverloaded);
  EXPECT_EQ(Run({"put", "k", "v"}).exit_code, kExitOk);
  EXPECT_EQ(second_.calls(), 0);
}

TEST_F(CommandsTest, UsageErrorsAreExitTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"bogus"},
      {"get"},
      {"get", "k", "--bogus"},
      {"scan", "a", "b", "--prefix", "c"},
      {"bench", "--outstanding", "0"},
      {"bench", "--duration", "5"},
      {"bench", "--op", "jump"},
      {"load"},
      {"cas", "k", "minus", "v"},
      {"completion", "tcsh"},
      {"--timeout", "0s", "get", "k"},
      {"-o", "yaml", "get", "k"},
      {"-o", "1", "get", "k"},
      {"--endpoints", "nowhere", "get", "k"},
      {"--endpoints", "host:99999", "get", "k"},
      {"--config", "/does/not/exist", "get", "k"},
      {"snapshot"},
      {"snapshot", "save"},
      {"snapshot", "restore", "f"},
      {"snapshot", "restore", "f", "--data-dir", "d", "--server-id", "0", "--peer-address", "h:1"},
      {"snapshot", "restore", "f", "--data-dir", "d", "--server-id", "1", "--peer-address", "h"},
      {"log", "inspect"},
      {"log", "inspect", "d", "--from", "5", "--to", "3"},
      {"log", "inspect", "d", "--limit", "-1"},
      {"recover"},
      {"recover", "--to", "d", "--server-id", "1", "--peer-address", "h:1"},
  };
  for (const auto& arguments : wrong) {
    const CommandResult result = RunCommand(arguments);
    EXPECT_EQ(result.exit_code, kExitUsage) << testing::PrintToString(arguments) << result.err;
    EXPECT_THAT(result.err, testing::StartsWith("error: ")) << testing::PrintToString(arguments);
    EXPECT_EQ(result.out, "") << testing::PrintToString(arguments);
  }
}

TEST_F(CommandsTest, ScanPrintsEveryPageInOrder) {
  std::string expected;
  for (int number = 1000; number < 3500; ++number) {  // More than two pages of 1,000.
    v1::ProposeRequest request;
    v1::ProposeResponse response;
    request.mutable_command()->mutable_put()->set_key("k" + std::to_string(number));
    request.mutable_command()->mutable_put()->set_value("v");
    store_.Propose(request, &response);
    expected += "k" + std::to_string(number) + "\tv\n";
  }
  EXPECT_EQ(Run({"scan"}).out, expected);
  EXPECT_EQ(Run({"scan", "k1003", "k1005"}).out, "k1003\tv\nk1004\tv\n");
  EXPECT_EQ(Run({"scan", "--prefix", "k200", "--limit", "1"}).out, "k2000\tv\n");
  EXPECT_EQ(Run({"scan", "k3499", "--revisions"}).out, "k3499\tv\t2500\n");
  EXPECT_EQ(Run({"scan", "k3499", "--keys-only"}).out, "k3499\n");
  EXPECT_EQ(Run({"scan", "--prefix", "z"}).out, "");
}

TEST_F(CommandsTest, ScanAsJsonIsSafeForAnyBytes) {
  Run({"put", "a\nb", "\xff"});
  const CommandResult scan = Run({"scan", "-o", "json"});
  EXPECT_THAT(scan.out, HasSubstr("\"key\":\"YQpi\""));
  EXPECT_THAT(scan.out, HasSubstr("\"value\":\"/w==\""));
}

TEST(EndOfPrefixTest, IsTheFirstKeyAfterAllThatBeginSo) {
  EXPECT_EQ(EndOfPrefix("ab"), "ac");
  EXPECT_EQ(EndOfPrefix("a\xff"), "b");
  EXPECT_EQ(EndOfPrefix("\xff\xff"), "");
}

TEST_F(CommandsTest, FlagBeatsEnvironmentBeatsConfigFile) {
  const std::string path = testing::TempDir() + "/raftctl.conf";
  std::ofstream(path) << "endpoints = \"" << UnusedAddress() << "\"\n";
  EXPECT_EQ(RunCommand({"--config", path, "put", "k", "v"}).exit_code, kExitCannotConnect);
  setenv("RAFTCTL_ENDPOINTS", first_.address().c_str(), 1);
  EXPECT_EQ(RunCommand({"--config", path, "put", "k", "v"}).exit_code, kExitOk);
  EXPECT_EQ(RunCommand({"--endpoints", UnusedAddress(), "put", "k", "v"}).exit_code,
            kExitCannotConnect);
  unsetenv("RAFTCTL_ENDPOINTS");
  std::ofstream(path) << "no-such-option = 1\n";
  EXPECT_EQ(RunCommand({"--config", path, "put", "k", "v"}).exit_code, kExitUsage);
}

TEST_F(CommandsTest, HealthIsZeroOnlyWhenEveryEndpointServes) {
  first_.SetHealthy(true);
  second_.SetHealthy(true);
  EXPECT_EQ(Run({"health"}).exit_code, kExitOk);
  second_.SetHealthy(false);
  EXPECT_EQ(Run({"health"}).exit_code, kExitFailed);
  EXPECT_EQ(Run({"health", "--endpoint", first_.address()}).exit_code, kExitOk);
  EXPECT_EQ(Run({"health", "--service", "raft.nonsense"}).exit_code, kExitFailed);
  EXPECT_EQ(Run({"health", "--endpoint", UnusedAddress()}).exit_code, kExitFailed);
}

TEST_F(CommandsTest, BenchMeasuresAndSaysSo) {
  const CommandResult bench =
      Run({"bench", "--duration", "200ms", "--warmup", "10ms", "--outstanding", "4", "-o", "json"});
  EXPECT_EQ(bench.exit_code, kExitOk) << bench.err;
  EXPECT_THAT(bench.out, HasSubstr("\"errors\":0"));
  EXPECT_GT(store_.puts().size(), 0u);
  EXPECT_EQ(store_.puts()[0].key.size(), 16u);
  EXPECT_EQ(store_.puts()[0].value.size(), 256u);
}

TEST(CompletionTest, NamesEveryCommandForEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const CommandResult completion = RunCommand({"completion", shell});
    EXPECT_EQ(completion.exit_code, kExitOk);
    for (const char* word : {"status", "members", "list", "cas", "outstanding", "verify-digest",
                             "snapshot", "restore", "recover", "peer-address", "stall-timeout"}) {
      EXPECT_THAT(completion.out, HasSubstr(word)) << shell;
    }
  }
}

TEST(VersionTest, IsPrintedByTheFlagAndTheCommand) {
  EXPECT_THAT(RunCommand({"--version"}).out, testing::StartsWith("raftctl "));
  EXPECT_THAT(RunCommand({"version"}).out, testing::StartsWith("raftctl "));
}

}  // namespace
}  // namespace raft::ctl
