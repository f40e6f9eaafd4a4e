// `raftctl load` from bytes to acknowledged puts: parsing, order per key, and changes of leader.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "service/raftctl/exit_code.h"
#include "service/raftctl/interrupt.h"
#include "service/raftctl/load_lines.h"
#include "tests/service/raftctl/fake_server.h"

namespace raft::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string WriteFile(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::uint64_t TestSeed() {
  const char* given = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("RAFT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

TEST(LoadLineTest, IsCutAtTheFirstTabOnly) {
  const LoadLine line = ParseLoadLine("key\tvalue\twith tab", 7);
  EXPECT_EQ(line.key, "key");
  EXPECT_EQ(line.value, "value\twith tab");
  EXPECT_EQ(line.number, 7u);
}

TEST(LoadLineTest, WithoutTabIsAKeyWithAnEmptyValue) {
  EXPECT_EQ(ParseLoadLine("key", 1).key, "key");
  EXPECT_EQ(ParseLoadLine("key", 1).value, "");
  EXPECT_EQ(ParseLoadLine("key\t", 1).value, "");
  EXPECT_EQ(ParseLoadLine("\tvalue", 1).key, "");
}

TEST(LineReaderTest, TakesBytesAsTheyAreAndALastLineWithoutNewline) {
  const std::string path = WriteFile("lines", std::string("a\t1\r\nb\0c\t2\n\nlast", 16));
  LineReader reader;
  ASSERT_TRUE(reader.Open(path).ok());
  std::deque<LoadLine> lines;
  while (!reader.at_end()) ASSERT_TRUE(reader.ReadAvailable(&lines).ok());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].value, "1\r");
  EXPECT_EQ(lines[1].key, std::string("b\0c", 3));
  EXPECT_EQ(lines[2].key, "");
  EXPECT_EQ(lines[3].key, "last");
  EXPECT_EQ(lines[3].number, 4u);
}

TEST(LineReaderTest, FindsLinesLongerThanOnePiece) {
  const std::string path = WriteFile("long", "k\t" + std::string(1'000'000, 'x') + "\nend\n");
  LineReader reader;
  ASSERT_TRUE(reader.Open(path).ok());
  std::deque<LoadLine> lines;
  while (!reader.at_end()) ASSERT_TRUE(reader.ReadAvailable(&lines).ok());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].value.size(), 1'000'000u);
  EXPECT_EQ(lines[1].key, "end");
}

TEST(LineReaderTest, RefusesADirectoryAndAMissingFile) {
  EXPECT_FALSE(LineReader().Open("/").ok());
  EXPECT_FALSE(LineReader().Open("/no/such/file").ok());
}

TEST(LoadQueueTest, HoldsTheSecondLineOfAKeyUntilTheFirstIsFinished) {
  LoadQueue queue;
  queue.Add({"a", "1", 1});
  queue.Add({"a", "2", 2});
  queue.Add({"b", "3", 3});
  EXPECT_EQ(queue.Take()->value, "1");
  EXPECT_EQ(queue.Take()->value, "3");
  ASSERT_EQ(queue.Take(), std::nullopt);
  ASSERT_EQ(queue.waiting(), 1u);
  queue.Finish("a");
  EXPECT_EQ(queue.Take()->value, "2");
  queue.Finish("a");
  queue.Finish("b");
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_EQ(queue.waiting_bytes(), 0u);
}

TEST(LoadQueueTest, KeepsTheOrderOfEachKeyUnderAnyOrderOfAnswers) {
  std::mt19937_64 random(TestSeed());
  LoadQueue queue;
  std::map<std::string, std::uint64_t> last_taken;
  std::vector<LoadLine> running;
  std::uint64_t added = 0;
  std::uint64_t finished = 0;
  while (finished < 5'000) {
    const std::uint64_t choice = random() % 3;
    if (choice == 0 && added < 5'000) {
      ++added;
      queue.Add({"k" + std::to_string(random() % 20), std::to_string(added), added});
    } else if (choice == 1) {
      const std::optional<LoadLine> line = queue.Take();
      if (!line) continue;
      for (const LoadLine& other : running) ASSERT_NE(other.key, line->key);
      ASSERT_GT(line->number, last_taken[line->key]);
      last_taken[line->key] = line->number;
      running.push_back(*line);
    } else if (!running.empty()) {
      const size_t victim = random() % running.size();
      queue.Finish(running[victim].key);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(victim));
      ++finished;
    }
  }
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(EscapeFieldTest, LeavesOneFieldOnOneLine) {
  EXPECT_EQ(EscapeField("plain\xc3\xa9"), "plain\xc3\xa9");
  EXPECT_EQ(EscapeField(std::string("\\\t\n\0\x7f", 5)), "\\\\\\t\\n\\x00\\x7f");
}

class LoadTest : public testing::Test {
 protected:
  CommandResult Load(const std::string& lines, std::vector<std::string> more = {}) {
    const std::string path = WriteFile("load", lines);
    std::vector<std::string> arguments{
        "--endpoints", first_.address() + "," + second_.address(), "load", path, "--acks", acks_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunCommand(arguments);
  }

  const std::string acks_ = testing::TempDir() + "/acks";
  FakeStore store_;
  FakeServer first_{1, &store_};
  FakeServer second_{2, &store_};
};

TEST_F(LoadTest, EveryLineIsStoredAndAcknowledgedWithItsRevision) {
  const CommandResult load = Load("a\t1\nb\t2\nc\n", {"--outstanding", "1"});
  EXPECT_EQ(load.exit_code, kExitOk) << load.err;
  EXPECT_THAT(load.out, HasSubstr("3 lines: 3 acknowledged, 0 failed"));
  EXPECT_EQ(ReadFile(acks_), "a\t1\t0\nb\t2\t0\nc\t3\t0\n");
  EXPECT_EQ(RunCommand({"--endpoints", first_.address(), "scan"}).out, "a\t1\nb\t2\nc\t\n");
}

TEST_F(LoadTest, TheLaterLineOfAKeyWinsAndTwoAreNeverOnTheirWayAtOnce) {
  std::string lines;
  for (int number = 0; number < 500; ++number) {
    lines += "key" + std::to_string(number % 3) + "\t" + std::to_string(number) + "\n";
  }
  EXPECT_EQ(Load(lines).exit_code, kExitOk);
  EXPECT_EQ(RunCommand({"--endpoints", first_.address(), "scan"}).out,
            "key0\t498\nkey1\t499\nkey2\t497\n");
  EXPECT_EQ(first_.same_key_at_once_max(), 1);
  EXPECT_EQ(store_.puts().size(), 500u);
}

TEST_F(LoadTest, RefusalsAreRetriedOnTheNewLeaderAndCounted) {
  first_.Answer(FakeAnswer::kNotLeader);
  first_.HintAt(second_.address());
  second_.AnswerNext(5, FakeAnswer::kNoLeader);
  std::string lines;
  for (int number = 0; number < 200; ++number) lines += "k" + std::to_string(number) + "\tv\n";
  const CommandResult load = Load(lines, {"-o", "json"});
  EXPECT_EQ(load.exit_code, kExitOk) << load.err;
  EXPECT_THAT(load.out, HasSubstr("\"acknowledged\":200"));
  EXPECT_THAT(load.out, HasSubstr("\"unknownOutcomesRetried\":0"));
  EXPECT_THAT(load.out, testing::Not(HasSubstr("\"refusalsRetried\":0")));
  EXPECT_EQ(store_.puts().size(), 200u);  // Nothing was put twice.
}

TEST_F(LoadTest, AnUnknownOutcomeIsRepeatedCountedAndWrittenBesideItsAcknowledgement) {
  first_.AnswerNext(1, FakeAnswer::kBareUnavailable);
  const CommandResult load = Load("a\t1\n", {"-o", "json"});
  EXPECT_EQ(load.exit_code, kExitOk) << load.err;
  EXPECT_THAT(load.out, HasSubstr("\"unknownOutcomesRetried\":1"));
  EXPECT_EQ(ReadFile(acks_), "a\t2\t1\n");
  EXPECT_EQ(store_.puts().size(), 2u);
}

TEST_F(LoadTest, ASilentLeaderIsLeftAfterTheTimeoutOfOneTry) {
  first_.Answer(FakeAnswer::kSilent);
  const CommandResult load = Load("a\t1\nb\t2\n", {"--timeout", "300ms", "-o", "json"});
  EXPECT_EQ(load.exit_code, kExitOk) << load.err;
  EXPECT_THAT(load.out, HasSubstr("\"unknownOutcomesRetried\":2"));
}

TEST_F(LoadTest, AnEmptyKeyFailsItsLineAndTheOthersGoOn) {
  const CommandResult load = Load("a\t1\n\n\tx\nb\t2\n");
  EXPECT_EQ(load.exit_code, kExitFailed);
  EXPECT_THAT(load.err, HasSubstr("line 2: the key"));
  EXPECT_THAT(load.err, HasSubstr("line 3: the key"));
  EXPECT_EQ(store_.puts().size(), 2u);
}

TEST_F(LoadTest, ALineThatIsRefusedForGoodFailsAlone) {
  first_.AnswerNext(1, FakeAnswer::kInvalid);
  const CommandResult load = Load("a\t1\nb\t2\n", {"--outstanding", "1"});
  EXPECT_EQ(load.exit_code, kExitFailed);
  EXPECT_THAT(load.err, HasSubstr("line 1: the put was refused"));
  EXPECT_EQ(store_.puts().size(), 1u);
}

TEST_F(LoadTest, GivesUpOnALineAtItsDeadline) {
  first_.Answer(FakeAnswer::kNoLeader);
  second_.Answer(FakeAnswer::kNoLeader);
  const CommandResult load = Load("a\t1\n", {"--deadline", "300ms"});
  EXPECT_EQ(load.exit_code, kExitNoLeader);
  EXPECT_THAT(load.out, HasSubstr("0 acknowledged, 1 failed"));
}

TEST_F(LoadTest, NobodyListeningIsExitThree) {
  const std::string path = WriteFile("load", "a\t1\nb\t2\n");
  EXPECT_EQ(RunCommand({"--endpoints", UnusedAddress(), "load", path}).exit_code,
            kExitCannotConnect);
}

TEST_F(LoadTest, AnAcknowledgementFileThatCannotBeWrittenStopsTheLoadAtTheStart) {
  const CommandResult load = RunCommand({"--endpoints", first_.address(), "load",
                                         WriteFile("load", "a\t1\n"), "--acks", "/no/such/dir/f"});
  EXPECT_EQ(load.exit_code, kExitFailed);
  EXPECT_EQ(store_.puts().size(), 0u);
}

TEST_F(LoadTest, CtrlCEndsWithASummaryAndExit130) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // gRPC has threads, which fork would lose.
  const auto interrupted_load = [this] {
    CatchInterrupts();
    first_.Answer(FakeAnswer::kSilent);
    std::thread interrupter([this] {
      while (first_.calls() == 0) std::this_thread::yield();
      std::raise(SIGINT);
    });
    const CommandResult load = Load("a\t1\nb\t2\n");
    interrupter.join();
    std::fputs(load.out.c_str(), stderr);
    std::_Exit(load.exit_code);
  };
  EXPECT_EXIT(interrupted_load(), testing::ExitedWithCode(kExitInterrupted),
              "interrupted after 2 lines: 0 acknowledged, 0 failed, 2 not answered");
}

TEST_F(LoadTest, NothingToLoadIsASuccess) {
  EXPECT_THAT(Load("").out, HasSubstr("0 lines: 0 acknowledged"));
}

}  // namespace
}  // namespace raft::ctl
