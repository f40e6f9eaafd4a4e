// What messages prove, what start contradicts it, and who is refused for it: never a server that
// only restarted.
#include "service/conversion/peer_memory.h"

#include <gtest/gtest.h>

namespace raft {
namespace {

const ServerLife kThree{ServerId(3), 103};
const ServerLife kThreeReborn{ServerId(3), 203};

constexpr std::uint64_t kFirst = 51;  // processes of server 3, in the order of their starts
constexpr std::uint64_t kSecond = 52;
constexpr std::uint64_t kThird = 53;

ProvenProgress SpokeIn(std::uint64_t term) {
  return {.term = Term(term), .match_term = {}, .match_index = {}};
}
ProvenProgress Matched(std::uint64_t term, std::uint64_t index) {
  return {.term = Term(term), .match_term = Term(term), .match_index = LogIndex(index)};
}
StartingPoint Start(std::uint64_t term, std::uint64_t index, std::uint64_t log_term) {
  return {.term = Term(term), .last_log = {.index = LogIndex(index), .term = Term(log_term)}};
}

// --- What a message proves ---------------------------------------------------------------------

TEST(ProvenByTest, ARequestProvesTheTermOfWhoAsks) {
  EXPECT_EQ(ProvenBy(PeerRequest(RequestVoteRequest{.number = RequestNumber(1),
                                                    .term = Term(7),
                                                    .candidate_id = ServerId(3),
                                                    .last_log = {}})),
            SpokeIn(7));
}

// It names a term that its sender has not promised to anybody.
TEST(ProvenByTest, APreVoteProvesNothing) {
  EXPECT_EQ(ProvenBy(PeerRequest(PreVoteRequest{RequestNumber(1), Term(8), ServerId(3), {}})),
            ProvenProgress{});
  EXPECT_EQ(ProvenBy(PeerResponse(PreVoteResponse{RequestNumber(1), Term(8), true})),
            ProvenProgress{});
}

TEST(ProvenByTest, AnAcknowledgementProvesTheLogToo) {
  EXPECT_EQ(ProvenBy(PeerResponse(AppendEntriesResponse{.number = RequestNumber(1),
                                                        .term = Term(7),
                                                        .success = true,
                                                        .match_index = LogIndex(1000)})),
            Matched(7, 1000));
  EXPECT_EQ(ProvenBy(PeerResponse(InstallSnapshotResponse{.number = RequestNumber(1),
                                                          .term = Term(7),
                                                          .success = true,
                                                          .match_index = LogIndex(1000)})),
            Matched(7, 1000));
}

TEST(ProvenByTest, ARefusalProvesATermAndNoLog) {
  EXPECT_EQ(ProvenBy(PeerResponse(AppendEntriesResponse{
                .number = RequestNumber(1), .term = Term(7), .success = false})),
            SpokeIn(7));
  EXPECT_EQ(ProvenBy(PeerResponse(RequestVoteResponse{RequestNumber(1), Term(7), false})),
            SpokeIn(7));
}

// --- What start contradicts it -----------------------------------------------------------------

TEST(FindRegressTest, AStartInAnEarlierTermHasForgottenAPromise) {
  EXPECT_TRUE(FindRegress(SpokeIn(7), Start(6, 2000, 6)));
  EXPECT_FALSE(FindRegress(SpokeIn(7), Start(7, 0, 0)));
  EXPECT_FALSE(FindRegress(SpokeIn(7), Start(8, 0, 0)));
}

TEST(FindRegressTest, AShorterLogInTheTermOfTheMatchHasForgottenEntries) {
  EXPECT_TRUE(FindRegress(Matched(7, 1000), Start(7, 999, 7)));
  EXPECT_TRUE(FindRegress(Matched(7, 1000), Start(7, 900, 5))) << "without any entry of that term";
  EXPECT_FALSE(FindRegress(Matched(7, 1000), Start(7, 1000, 7)));
  EXPECT_FALSE(FindRegress(Matched(7, 1000), Start(7, 1200, 7)));
}

// Another leader may take back what was not committed, by right.
TEST(FindRegressTest, AShorterLogInALaterTermIsNoContradiction) {
  EXPECT_FALSE(FindRegress(Matched(7, 1000), Start(8, 900, 6)));
  EXPECT_FALSE(FindRegress(Matched(7, 1000), Start(8, 900, 8)));
}

TEST(FindRegressTest, NothingProvenIsNeverContradicted) {
  EXPECT_FALSE(FindRegress({}, Start(0, 0, 0)));
  EXPECT_FALSE(FindRegress({}, Start(9, 900, 9)));
}

TEST(FindRegressTest, IsDescribedWithItsFigures) {
  const ProvenProgress proven{
      .term = Term(7), .match_term = Term(6), .match_index = LogIndex(1000)};
  EXPECT_EQ(Describe({.proven = proven, .start = Start(5, 900, 5)}),
            "had promised term 7 and acknowledged index 1000 in term 6, and starts with term 5 and "
            "index 900");
  EXPECT_EQ(Describe({.proven = SpokeIn(7), .start = Start(5, 900, 5)}),
            "had promised term 7, and starts with term 5 and index 900");
}

TEST(StartingPointTest, IsThePromiseAndTheEndOfTheLog) {
  RecoveredState recovered;
  recovered.promise.current_term = Term(5);
  recovered.base = {.index = LogIndex(8), .term = Term(3)};
  EXPECT_EQ(StartingPointOf(recovered), Start(5, 8, 3));
  recovered.entries.push_back(std::make_shared<const LogEntry>(LogEntry{.index = LogIndex(9),
                                                                        .term = Term(4),
                                                                        .kind = EntryKind::kNoOp,
                                                                        .log_time_ms = 1,
                                                                        .data = ""}));
  EXPECT_EQ(StartingPointOf(recovered), Start(5, 9, 4));
}

// --- Who is refused ----------------------------------------------------------------------------

class PeerMemoryTest : public ::testing::Test {
 protected:
  // Server 3 greets, and is judged as of now.
  bool Greets(std::uint64_t process, const std::optional<StartingPoint>& start) {
    return !memory_.JudgeGreeter(kThree, process, start).has_value();
  }
  // Server 3 answers a greeting that leaves now.
  bool Answers(std::uint64_t process, const std::optional<StartingPoint>& start) {
    return !memory_.JudgeAnswerer(kThree, process, start, memory_.Recall(kThree)).has_value();
  }
  bool IsBelieved(std::uint64_t process, const ServerLife& life = kThree) const {
    return !memory_.RegressOf(life, process).has_value();
  }

  PeerMemory memory_;
};

TEST_F(PeerMemoryTest, ARestartIsNeverRefused) {
  ASSERT_TRUE(Greets(kFirst, Start(0, 0, 0)));
  memory_.Note(kThree, kFirst, Matched(7, 1000));
  EXPECT_TRUE(Greets(kSecond, Start(7, 1000, 7)));
  EXPECT_TRUE(Answers(kSecond, Start(7, 1000, 7)));
  memory_.Note(kThree, kSecond, Matched(7, 2000));
  EXPECT_TRUE(Answers(kThird, Start(7, 2010, 7)));
  EXPECT_TRUE(IsBelieved(kThird));
}

// Connections break and are greeted anew, and the start is the one of long ago.
TEST_F(PeerMemoryTest, AProcessIsNotJudgedByWhatItProvedItself) {
  ASSERT_TRUE(Greets(kFirst, Start(2, 10, 2)));
  memory_.Note(kThree, kFirst, Matched(7, 1000));
  EXPECT_TRUE(Greets(kFirst, Start(2, 10, 2)));
  EXPECT_TRUE(Answers(kFirst, Start(2, 10, 2)));
  EXPECT_TRUE(IsBelieved(kFirst));
}

TEST_F(PeerMemoryTest, AnUncommittedEndThatALaterLeaderTookBackIsNotMissed) {
  ASSERT_TRUE(Answers(kFirst, Start(0, 0, 0)));
  memory_.Note(kThree, kFirst, Matched(7, 1000));
  memory_.Note(kThree, kFirst, SpokeIn(8));  // the next leader overwrote from 901 on
  EXPECT_TRUE(Answers(kSecond, Start(8, 901, 8)));
  EXPECT_TRUE(Greets(kSecond, Start(8, 901, 8)));
}

// The figures of the restored life also count once its next process has caught up.
TEST_F(PeerMemoryTest, AnAnswerOfARegressedProcessCondemnsItsLifeForGood) {
  memory_.Note(kThree, kFirst, Matched(7, 1000));
  EXPECT_FALSE(Answers(kSecond, Start(7, 900, 7)));
  EXPECT_FALSE(IsBelieved(kSecond));
  EXPECT_FALSE(Greets(kThird, Start(9, 2000, 9)));
  EXPECT_FALSE(Answers(kThird, Start(9, 2000, 9)));
  EXPECT_FALSE(IsBelieved(kThird));
  EXPECT_TRUE(IsBelieved(kThird, kThreeReborn)) << "an empty data directory has promised nothing";
}

TEST_F(PeerMemoryTest, AGreetingOfARegressedProcessIsHeldAgainstThatProcess) {
  memory_.Note(kThree, kFirst, SpokeIn(7));
  EXPECT_FALSE(Greets(kSecond, Start(5, 900, 5)));
  EXPECT_FALSE(Greets(kSecond, Start(5, 900, 5))) << "also when it tries again";
  EXPECT_FALSE(IsBelieved(kSecond));
  EXPECT_FALSE(Answers(kSecond, Start(5, 900, 5))) << "and this condemns its life";
  EXPECT_FALSE(IsBelieved(kThird));
}

// The first process ended with its greeting on the way; the second one has spoken meanwhile.
TEST_F(PeerMemoryTest, ALateGreetingOfAProcessThatEndedHarmsNoLaterOne) {
  ASSERT_TRUE(Greets(kSecond, Start(5, 900, 5)));
  memory_.Note(kThree, kSecond, Matched(7, 1000));
  EXPECT_FALSE(Greets(kFirst, Start(5, 900, 5))) << "nobody waits for this answer";
  EXPECT_TRUE(IsBelieved(kSecond));
  EXPECT_TRUE(Greets(kThird, Start(7, 1000, 7)));
  EXPECT_TRUE(Answers(kThird, Start(7, 1000, 7)));
}

// The same the other way: the answer was long on its way, and what came meanwhile does not count.
TEST_F(PeerMemoryTest, ALateAnswerIsJudgedAsOfWhenItWasAskedFor) {
  const PeerMemory::Recollection recalled = memory_.Recall(kThree);
  ASSERT_TRUE(Greets(kSecond, Start(5, 900, 5)));
  memory_.Note(kThree, kSecond, Matched(7, 1000));
  EXPECT_FALSE(memory_.JudgeAnswerer(kThree, kFirst, Start(5, 900, 5), recalled));
  EXPECT_TRUE(IsBelieved(kSecond));
  EXPECT_TRUE(Answers(kThird, Start(7, 1000, 7)));
}

TEST_F(PeerMemoryTest, AnOlderVersionThatDoesNotSayItsStartIsNotJudged) {
  memory_.Note(kThree, kFirst, Matched(7, 1000));
  EXPECT_TRUE(Greets(kSecond, std::nullopt));
  EXPECT_TRUE(Answers(kSecond, std::nullopt));
  EXPECT_FALSE(Answers(kSecond, Start(7, 900, 7))) << "it had not been judged yet";
}

TEST_F(PeerMemoryTest, LivesAreRememberedApart) {
  memory_.Note(kThree, kFirst, Matched(7, 1000));
  EXPECT_FALSE(memory_.JudgeGreeter(kThreeReborn, kSecond, Start(0, 0, 0)));
  EXPECT_FALSE(memory_.JudgeGreeter({ServerId(4), 103}, kSecond, Start(0, 0, 0)));
}

TEST_F(PeerMemoryTest, MadeUpLivesBeyondALimitAreNotRemembered) {
  for (std::uint64_t id = 1; id <= PeerMemory::kLivesMax; ++id) {
    memory_.Note({ServerId(id), 1}, kFirst, SpokeIn(7));
  }
  const ServerLife one_more{ServerId(PeerMemory::kLivesMax + 1), 1};
  memory_.Note(one_more, kFirst, SpokeIn(7));
  EXPECT_FALSE(memory_.JudgeGreeter(one_more, kSecond, Start(0, 0, 0)));
  EXPECT_TRUE(memory_.JudgeGreeter({ServerId(1), 1}, kSecond, Start(0, 0, 0)));
}

}  // namespace
}  // namespace raft
