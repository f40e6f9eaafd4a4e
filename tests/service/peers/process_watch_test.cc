// Two processes with one identity are found when both are alive, and only then: a story per order
// in which messages of a process and of the one that follows it can arrive. Trap D12.
#include "service/conversion/process_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/linearizability/test_seed.h"

namespace raft {
namespace {

constexpr ServerLife kLife{.server_id = ServerId(2), .incarnation = 102};
constexpr std::uint64_t kFirst = 1000;

// A process of server 2, talking to the one that watches.
class Speaker {
 public:
  Speaker(ProcessWatch& watch, std::uint64_t nonce) : watch_(watch), nonce_(nonce) {}

  // A message of the watching server reaches it.
  void HearFromWatcher() { heard_ = watch_.Leave(kLife).moment; }
  // What it would say now; it may arrive at any time.
  MessageMoments Say() { return {.moment = ++moment_, .heard = heard_}; }
  bool Arrives(const MessageMoments& said) { return watch_.Hear(kLife, nonce_, said).is_news; }
  // Says something that arrives, and hears the answer.
  bool Talk() {
    const bool found = Arrives(Say());
    HearFromWatcher();
    return found;
  }
  bool is_doubled() const { return watch_.IsDoubled(kLife, nonce_); }

 private:
  ProcessWatch& watch_;
  const std::uint64_t nonce_;
  std::uint64_t moment_ = 0;
  std::uint64_t heard_ = 0;
};

class ProcessWatchTest : public ::testing::Test {
 protected:
  ProcessWatch watch_{kFirst};
  Speaker earlier_{watch_, 50};
  Speaker later_{watch_, 51};
};

TEST_F(ProcessWatchTest, ARestartIsNoDouble) {
  for (int message = 0; message < 3; ++message) EXPECT_FALSE(earlier_.Talk());
  for (int message = 0; message < 3; ++message) EXPECT_FALSE(later_.Talk());
  EXPECT_TRUE(watch_.DoubledProcesses(kLife).empty());
}

TEST_F(ProcessWatchTest, WhatAnEndedProcessSaidMayArriveAtAnyTime) {
  earlier_.Talk();
  const MessageMoments late[] = {earlier_.Say(), earlier_.Say(), earlier_.Say()};
  for (const MessageMoments& said : late) {
    EXPECT_FALSE(later_.Talk());
    EXPECT_FALSE(earlier_.Arrives(said));
    EXPECT_FALSE(later_.Talk());
  }
  EXPECT_FALSE(earlier_.is_doubled());
}

TEST_F(ProcessWatchTest, TwoThatBothHeardUsAfterBothWereKnownAreTwo) {
  EXPECT_FALSE(earlier_.Talk());
  EXPECT_FALSE(later_.Talk());
  EXPECT_FALSE(earlier_.Talk()) << "this may have been late";
  EXPECT_FALSE(later_.Talk()) << "only this one is known to be alive";
  EXPECT_TRUE(earlier_.Talk());
  EXPECT_TRUE(earlier_.is_doubled());
  EXPECT_TRUE(later_.is_doubled());
  EXPECT_EQ(watch_.DoubledProcesses(kLife), (std::vector<std::uint64_t>{50, 51}));
  EXPECT_FALSE(later_.Talk()) << "it is news once";
  EXPECT_TRUE(watch_.Hear(kLife, 51, {}).is_doubled);
}

TEST_F(ProcessWatchTest, TheOneThatIsStartedAfterwardsIsBelieved) {
  for (int round = 0; round < 3; ++round) {
    earlier_.Talk();
    later_.Talk();
  }
  ASSERT_TRUE(later_.is_doubled());
  Speaker next(watch_, 52);
  for (int message = 0; message < 3; ++message) EXPECT_FALSE(next.Talk());
  EXPECT_FALSE(next.is_doubled());
}

TEST_F(ProcessWatchTest, AThirdProcessBesideThemIsFoundToo) {
  for (int round = 0; round < 3; ++round) {
    earlier_.Talk();
    later_.Talk();
  }
  Speaker third(watch_, 52);
  EXPECT_FALSE(third.Talk());
  EXPECT_FALSE(earlier_.Talk());
  EXPECT_FALSE(third.Talk());
  EXPECT_TRUE(earlier_.Talk());
  EXPECT_TRUE(third.is_doubled());
}

TEST_F(ProcessWatchTest, NumbersThatAreNotOursProveNothing) {
  for (int round = 0; round < 5; ++round) {
    for (const std::uint64_t nonce : {50, 51}) {
      for (const std::uint64_t heard : {std::uint64_t{0}, kFirst - 1, kFirst + 1'000'000}) {
        EXPECT_FALSE(watch_.Hear(kLife, nonce, {.moment = 1, .heard = heard}).is_doubled);
      }
    }
  }
}

TEST_F(ProcessWatchTest, WhatWeHeardLastIsSaidToThatLifeAlone) {
  const auto hear = [this](std::uint64_t process, std::uint64_t moment) {
    std::ignore = watch_.Hear(kLife, process, {.moment = moment, .heard = 0});
  };
  hear(50, 77);
  EXPECT_EQ(watch_.Leave(kLife).heard, 77u);
  EXPECT_EQ(watch_.Leave({.server_id = ServerId(2), .incarnation = 202}).heard, 0u);
  hear(50, 0);
  EXPECT_EQ(watch_.Leave(kLife).heard, 77u) << "an older version says nothing";
  hear(50, 76);
  EXPECT_EQ(watch_.Leave(kLife).heard, 77u) << "that was overtaken";
  hear(51, 5);
  EXPECT_EQ(watch_.Leave(kLife).heard, 5u) << "another process has numbers of its own";
}

TEST_F(ProcessWatchTest, MadeUpLivesBeyondALimitAreNotWatched) {
  for (std::uint64_t incarnation = 1; incarnation <= ProcessWatch::kLivesMax; ++incarnation) {
    std::ignore = watch_.Hear({.server_id = ServerId(9), .incarnation = incarnation}, 50,
                              {.moment = 1, .heard = 0});
  }
  for (int round = 0; round < 4; ++round) {
    EXPECT_FALSE(earlier_.Talk());
    EXPECT_FALSE(later_.Talk());
  }
  EXPECT_EQ(watch_.Leave(kLife).heard, 0u);
}

// Whatever a network does with what they say: processes that follow each other are never found, two
// that go on talking always are.
TEST(ProcessWatchStories, NoDelayMakesARestartADoubleAndNoneHidesOne) {
  std::mt19937_64 dice(linearizability::TestSeed());
  for (int story = 0; story < 500; ++story) {
    const bool are_alive_at_once = story % 2 == 0;
    ProcessWatch watch(kFirst);
    std::vector<Speaker> speakers;
    for (std::uint64_t nonce = 50; nonce < 53; ++nonce) speakers.emplace_back(watch, nonce);
    std::vector<std::pair<std::size_t, MessageMoments>> under_way;
    for (int step = 0; step < 300; ++step) {
      const std::size_t alive =
          are_alive_at_once ? dice() % 3 : static_cast<std::size_t>(step) / 100;
      if (dice() % 2 == 0) speakers[alive].HearFromWatcher();
      under_way.emplace_back(alive, speakers[alive].Say());
      std::shuffle(under_way.begin(), under_way.end(), dice);
      while (!under_way.empty() && dice() % 3 != 0) {
        std::ignore = speakers[under_way.back().first].Arrives(under_way.back().second);
        under_way.pop_back();
      }
    }
    EXPECT_EQ(watch.DoubledProcesses(kLife).size(), are_alive_at_once ? 3u : 0u);
  }
}

}  // namespace
}  // namespace raft
