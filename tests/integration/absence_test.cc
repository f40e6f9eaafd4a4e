// A follower that was away for long, and a new server that gets a large state: small forms in each
// test run, the long ones by environment variables.
//
//   RAFT_TEST_ABSENT_WRITES   how many writes a follower misses
//   RAFT_TEST_STATE_MIB       how large the state is that goes to a new server
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/integration/steady_load.h"

namespace raft::integration {
namespace {

constexpr Milliseconds kLongPatience{1'800'000};
constexpr Milliseconds kGlance{10};
// What a transfer may cost in memory, whatever the size of the state.
constexpr std::uint64_t kTransferMib = 64;
// Below this size a transfer would be over before it can be disturbed.
constexpr std::uint64_t kUnlimitedStateMib = 512;

std::uint64_t Wish(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::stoull(given);
}

// Memory of the process's own, without what it maps from files.
std::uint64_t AnonymousMib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word != "RssAnon:") continue;
    std::uint64_t kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

// The highest value that a process reached while this lived.
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t pid) : pid_(pid), base_(AnonymousMib(pid)) {
    thread_ = std::thread([this] {
      std::unique_lock<std::mutex> lock(mutex_);
      while (!ended_.wait_for(lock, kGlance, [this] { return done_; })) {
        highest_ = std::max(highest_, AnonymousMib(pid_));
      }
    });
  }
  ~MemoryWatch() { Stop(); }
  std::uint64_t base() const { return base_; }
  std::uint64_t Above() {
    Stop();
    return highest_ > base_ ? highest_ - base_ : 0;
  }

 private:
  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    ended_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  const pid_t pid_;
  const std::uint64_t base_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::uint64_t highest_ = 0;
  std::thread thread_;
};

class AbsenceTest : public ::testing::Test {
 protected:
  // Puts `count` lines whose values have so many bytes, with raftctl load.
  void Load(const std::string& name, std::uint64_t count, std::size_t value_bytes) {
    const std::string path = cluster_.folder() + "/" + name;
    {
      std::ofstream lines(path);
      for (std::uint64_t line = 0; line < count; ++line) {
        std::string value = std::to_string(line * 2'654'435'761u);
        value.resize(value_bytes, 'v');
        lines << name << "-" << line << "\t" << value << "\n";
      }
    }
    const Finished done = RunToEnd(
        {RaftctlProgram(), "--endpoints", cluster_.Endpoints(), "load", path, "--deadline", "0"},
        cluster_.folder(), "/dev/null", kLongPatience);
    EXPECT_EQ(done.exit_code, 0) << done.error;
  }

  std::vector<std::string> Addresses() const {
    std::vector<std::string> addresses;
    for (const Id id : cluster_.ids()) addresses.push_back(cluster_.addresses(id).client);
    return addresses;
  }

  Cluster cluster_{3};
};

TEST_F(AbsenceTest, AFollowerThatMissedManyWritesHasThemAllAgain) {
  const std::uint64_t writes = Wish("RAFT_TEST_ABSENT_WRITES", 5'000);
  cluster_.StartAll();
  const Id follower = cluster_.WaitForLeader() % 3 + 1;
  cluster_.Kill(follower);
  Load("missed", writes, 20);

  cluster_.Start(follower);

  cluster_.ExpectSameState(cluster_.ids());
  EXPECT_EQ(cluster_.Status(follower)->key_count(), writes);
  std::printf("a follower missed %llu writes and has them all\n",
              static_cast<unsigned long long>(writes));
}

// The servers that are killed on purpose are the newcomer, early and when half of it has come, and
// a voter that the others can do without. Everybody else is left in peace: it is the same leader,
// in the same term, from the first piece to the last.
class LargeStateTest : public AbsenceTest {
 protected:
  void SetUp() override {
    // Pieces slow enough that the small form, too, is killed in the middle.
    if (kStateMib < kUnlimitedStateMib) {
      cluster_.AddOptions({"--snapshot-bytes-per-second", "16000000"});
    }
    // The log forgets the large values, and keeps what the load writes during a transfer.
    cluster_.AddOptions(
        {"--compaction-log-bytes", "2000000", "--compaction-tail-bytes", "4000000"});
    cluster_.StartAll();
    cluster_.WaitForLeader();
    Load("large", kStateMib, kLineBytes);
    // Whoever took so many large values has memory to spare, in which a transfer could hide.
    if (kStateMib >= kUnlimitedStateMib) {
      for (const Id id : cluster_.ids()) KillAndStart(id);
    }
    leader_ = cluster_.WaitForLeader();
    term_ = cluster_.Status(leader_)->header().term();
  }

  void AddNewcomer() {
    newcomer_ = cluster_.AddServer();
    cluster_.Start(newcomer_);
    const std::string word = std::to_string(newcomer_) + "=" + cluster_.addresses(newcomer_).peer;
    // Until it listens it does not answer, and is not added.
    ASSERT_TRUE(WaitUntil([&] {
      return cluster_.Raftctl({"members", "add", "--no-wait", word}).exit_code == 0;
    }));
  }
  // Since the newcomer's last start.
  void WaitUntilReceived(std::uint64_t bytes) {
    ASSERT_TRUE(WaitUntil(
        [&] {
          return cluster_.Metric(newcomer_, "raft_snapshot_received_bytes_total") >=
                 static_cast<double>(bytes);
        },
        kLongPatience));
  }
  void KillAndStart(Id server) {
    cluster_.Kill(server);
    cluster_.Start(server);
  }
  void ExpectInTheMiddle() {
    EXPECT_EQ(cluster_.LogOf(newcomer_).find("took over a snapshot"), std::string::npos)
        << "the transfer was over by then";
  }
  bool NewcomerIsVoter() {
    const auto status = cluster_.Status(leader_);
    if (!status) return false;
    return std::any_of(status->members().begin(), status->members().end(), [&](const auto& member) {
      return member.server_id() == newcomer_ && member.role() == v1::MEMBER_ROLE_VOTER;
    });
  }
  void ExpectTheSameLeaderInTheSameTerm() {
    EXPECT_EQ(cluster_.WaitForLeader(), leader_);
    EXPECT_EQ(cluster_.Status(leader_)->header().term(), term_) << "heartbeats were delayed";
  }

  static constexpr std::uint64_t kLineBytes = 1'000'000;
  const std::uint64_t kStateMib = Wish("RAFT_TEST_STATE_MIB", 16);
  Id leader_ = 0;
  Id newcomer_ = 0;
  std::uint64_t term_ = 0;
};

TEST_F(LargeStateTest, GoesToANewServerUnderLoadWithKillsAndLittleMemory) {
  const std::vector<std::string> voters = Addresses();
  // Before there is anybody to send to.
  MemoryWatch sender(cluster_.process(leader_).pid());
  AddNewcomer();
  SteadyLoad load(voters, /*writers=*/2);
  for (const std::uint64_t part : {8, 2}) {
    WaitUntilReceived(kStateMib * kLineBytes / part);
    KillAndStart(newcomer_);
    ExpectInTheMiddle();
  }
  MemoryWatch receiver(cluster_.process(newcomer_).pid());
  WaitUntilReceived(1);
  KillAndStart(leader_ % 3 + 1);
  ExpectInTheMiddle();
  ASSERT_TRUE(WaitUntil([&] { return NewcomerIsVoter(); }, kLongPatience));
  const std::uint64_t sent = sender.Above();
  const std::uint64_t received = receiver.Above();
  std::printf(
      "a state of %llu MiB: the sender took %llu MiB more than %llu, the receiver %llu MiB more\n",
      static_cast<unsigned long long>(kStateMib), static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(sender.base()), static_cast<unsigned long long>(received));
  // The sender of a small state has run for long: it takes less than even that as a whole. Whoever
  // has only just started takes more than that for itself.
  EXPECT_LT(sent, std::min(kTransferMib, kStateMib));
  EXPECT_LE(received, kTransferMib);
  load.Stop();
  for (const std::string& surprise : load.surprises()) ADD_FAILURE() << surprise;
  ExpectTheSameLeaderInTheSameTerm();
  cluster_.ExpectSameState(cluster_.ids());
}

}  // namespace
}  // namespace raft::integration
