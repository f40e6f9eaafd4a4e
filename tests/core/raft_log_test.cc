// The log in memory: positions, terms, packing, truncation (§5.3, §5.4.1; traps A3, B10, B11).
#include "core/raft_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RaftLog LogWith(const std::vector<std::uint64_t>& terms) {
  return RaftLog(At(0, 0), 0, LogOfTerms(terms));
}
// Entries 11 and 12 of term 3 after a base of term 2.
RaftLog TrimmedLog() { return RaftLog(At(10, 2), 10 * kLogTimeStepMs, LogOfTerms({3, 3}, 11)); }

TEST(RaftLogTest, AnEmptyLogEndsBeforeTheFirstEntry) {
  const RaftLog log(At(0, 0), 77, {});
  EXPECT_EQ(log.first_index(), LogIndex(1));
  EXPECT_EQ(log.last_position(), At(0, 0));
  EXPECT_EQ(log.last_log_time_ms(), 77);
  EXPECT_EQ(log.bytes(), 0u);
}

TEST(RaftLogTest, AnswersForATermOnlyWhereItKnowsIt) {
  const RaftLog log = TrimmedLog();
  EXPECT_EQ(log.TermAt(LogIndex(9)), std::nullopt) << "trimmed is unknown, not term 0";
  EXPECT_EQ(log.TermAt(LogIndex(10)), Term(2));
  EXPECT_EQ(log.TermAt(LogIndex(12)), Term(3));
  EXPECT_EQ(log.TermAt(LogIndex(13)), std::nullopt);
  EXPECT_EQ(LogWith({}).TermAt(LogIndex(0)), Term(0));
}

TEST(RaftLogTest, KnowsTheLogTimeOfEveryEntryAndOfTheBase) {
  const RaftLog log = TrimmedLog();
  EXPECT_EQ(log.LogTimeAt(LogIndex(10)), 10 * kLogTimeStepMs);
  EXPECT_EQ(log.LogTimeAt(LogIndex(12)), 12 * kLogTimeStepMs);
}

TEST(RaftLogTest, ContainsExactlyItsPositions) {
  const RaftLog log = TrimmedLog();
  EXPECT_TRUE(log.Contains(At(10, 2)));
  EXPECT_TRUE(log.Contains(At(12, 3)));
  EXPECT_FALSE(log.Contains(At(12, 2)));
  EXPECT_FALSE(log.Contains(At(13, 3)));
  EXPECT_FALSE(log.Contains(At(9, 0))) << "an unknown term never equals a peer's zero (trap B10)";
}

TEST(RaftLogTest, ComparesTheLastTermBeforeTheLength) {
  const RaftLog log = LogWith({1, 2, 2});
  EXPECT_TRUE(log.IsOtherAtLeastAsUpToDate(At(1, 3)));
  EXPECT_TRUE(log.IsOtherAtLeastAsUpToDate(At(3, 2)));
  EXPECT_TRUE(log.IsOtherAtLeastAsUpToDate(At(4, 2)));
  EXPECT_FALSE(log.IsOtherAtLeastAsUpToDate(At(2, 2)));
  EXPECT_FALSE(log.IsOtherAtLeastAsUpToDate(At(99, 1)));
}

TEST(RaftLogTest, FindsTheFirstAndTheLastEntryOfATerm) {
  const RaftLog log = LogWith({1, 1, 1, 4, 4, 6});
  EXPECT_EQ(log.FirstIndexOfTermAt(LogIndex(3)), LogIndex(1));
  EXPECT_EQ(log.FirstIndexOfTermAt(LogIndex(5)), LogIndex(4));
  EXPECT_EQ(log.LastIndexOfTerm(Term(1)), LogIndex(3));
  EXPECT_EQ(log.LastIndexOfTerm(Term(4)), LogIndex(5));
  EXPECT_EQ(log.LastIndexOfTerm(Term(6)), LogIndex(6));
  EXPECT_EQ(log.LastIndexOfTerm(Term(5)), std::nullopt);
  EXPECT_EQ(log.LastIndexOfTerm(Term(7)), std::nullopt);
}

TEST(RaftLogTest, ForgetsTheTermsOfWhatIsTruncated) {
  RaftLog log = LogWith({1, 1, 4, 4, 6});
  log.TruncateFrom(LogIndex(4));
  EXPECT_EQ(log.last_position(), At(3, 4));
  EXPECT_EQ(log.LastIndexOfTerm(Term(6)), std::nullopt);
  EXPECT_EQ(log.LastIndexOfTerm(Term(4)), LogIndex(3));
  log.TruncateFrom(LogIndex(1));
  EXPECT_EQ(log.last_position(), At(0, 0));
  EXPECT_EQ(log.LastIndexOfTerm(Term(1)), std::nullopt);
}

TEST(RaftLogTest, GrowsAgainAfterATruncation) {
  RaftLog log = LogWith({1, 1, 2});
  log.TruncateFrom(LogIndex(2));
  log.Append(Entry(2, 3));
  log.Append(Entry(3, 3));
  EXPECT_THAT(TermsOf(log.EntriesFrom(LogIndex(1), 1 << 20)), ElementsAre(1, 3, 3));
  EXPECT_EQ(log.FirstIndexOfTermAt(LogIndex(3)), LogIndex(2));
}

TEST(RaftLogTest, ChargesEveryEntryEvenAnEmptyOne) {
  RaftLog log(At(0, 0), 0, {Entry(1, 1, ""), Entry(2, 1, "abc")});
  EXPECT_EQ(log.bytes(), 2 * kLogEntryOverheadBytes + 3);
  EXPECT_EQ(log.BytesBetween(LogIndex(1), LogIndex(2)), kLogEntryOverheadBytes + 3);
  EXPECT_EQ(log.BytesBetween(LogIndex(2), LogIndex(2)), 0u);
  log.TruncateFrom(LogIndex(2));
  EXPECT_EQ(log.bytes(), kLogEntryOverheadBytes);
}

class PackingTest : public ::testing::Test {
 protected:
  std::vector<std::uint64_t> Pack(std::uint64_t first, std::uint64_t bytes_max) const {
    return IndexesOf(log_.EntriesFrom(LogIndex(first), bytes_max));
  }
  // Charged 74, 1064 and 65 bytes.
  const RaftLog log_{
      At(0, 0),
      0,
      {Entry(1, 1, std::string(10, 'a')), Entry(2, 1, std::string(1000, 'b')), Entry(3, 1, "c")}};
};

TEST_F(PackingTest, TakesAsManyAsFitAndNotAByteMore) {
  EXPECT_THAT(Pack(1, 74 + 1064 + 65), ElementsAre(1, 2, 3));
  EXPECT_THAT(Pack(1, 74 + 1064 + 64), ElementsAre(1, 2));
  EXPECT_THAT(Pack(1, 74 + 1064), ElementsAre(1, 2));
  EXPECT_THAT(Pack(1, 74 + 1063), ElementsAre(1)) << "the small entry 3 must not jump the queue";
}

TEST_F(PackingTest, TakesAtLeastOneEntryHoweverLarge) {
  EXPECT_THAT(Pack(2, 1), ElementsAre(2));
  EXPECT_THAT(Pack(2, 0), ElementsAre(2));
}

TEST_F(PackingTest, TakesNothingPastTheEnd) {
  EXPECT_THAT(Pack(4, 1000), IsEmpty());
  EXPECT_THAT(Pack(9, 1000), IsEmpty());
}

TEST(RaftLogDeathTest, RefusesWhatWouldBreakTheLog) {
  RaftLog log = LogWith({1, 2});
  EXPECT_DEATH(log.Append(Entry(4, 2)), "Log Matching: the log has no gaps");
  EXPECT_DEATH(log.Append(Entry(2, 2)), "Log Matching: the log has no gaps");
  EXPECT_DEATH(log.Append(Entry(3, 1)), "terms never fall along the log");
  EXPECT_DEATH(log.Append(nullptr), "an entry exists");
  auto early = std::make_shared<LogEntry>(*Entry(3, 2));
  early->log_time_ms = 1;
  EXPECT_DEATH(log.Append(early), "log time never falls");
}

TEST(RaftLogDeathTest, RefusesToTouchTheBaseOrWhatIsNotThere) {
  RaftLog log = TrimmedLog();
  EXPECT_DEATH(log.TruncateFrom(LogIndex(10)), "base is never truncated");
  EXPECT_DEATH(log.TruncateFrom(LogIndex(13)), "only entries that are there");
  EXPECT_DEATH((void)log.At(LogIndex(10)), "the entry is in the log");
  EXPECT_DEATH((void)log.EntriesFrom(LogIndex(10), 1), "what was trimmed cannot be read");
  EXPECT_DEATH(RaftLog(At(0, 1), 0, {}), "only the place before the first entry has term 0");
  EXPECT_DEATH(RaftLog(At(3, 0), 0, {}), "only the place before the first entry has term 0");
}

// Entries 1 to 5 of terms 1, 1, 2, 2, 3.
RaftLog FiveEntries() { return LogWith({1, 1, 2, 2, 3}); }

TEST(RaftLogTest, TrimmingMovesTheBaseToTheLastEntryThatGoes) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(3));
  EXPECT_EQ(log.base(), At(3, 2));
  EXPECT_EQ(log.first_index(), LogIndex(4));
  EXPECT_EQ(log.last_position(), At(5, 3));
  EXPECT_EQ(log.LogTimeAt(LogIndex(3)), 3 * kLogTimeStepMs);
  EXPECT_TRUE(log.Contains(At(3, 2))) << "the base can still be compared";
  EXPECT_FALSE(log.Contains(At(2, 1)));
  EXPECT_EQ(log.bytes(), ChargedBytes(*Entry(4, 2)) + ChargedBytes(*Entry(5, 3)));
}

TEST(RaftLogTest, TrimmingKeepsTheRunsOfTermsOfWhatStays) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(3));
  EXPECT_EQ(log.FirstIndexOfTermAt(LogIndex(4)), LogIndex(4)) << "as far as it was not trimmed";
  EXPECT_EQ(log.LastIndexOfTerm(Term(1)), std::nullopt);
  EXPECT_EQ(log.LastIndexOfTerm(Term(2)), LogIndex(4));
  EXPECT_EQ(log.LastIndexOfTerm(Term(3)), LogIndex(5));
}

TEST(RaftLogTest, TheBaseCountsAsAnEntryOfItsTerm) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(4));
  EXPECT_EQ(log.LastIndexOfTerm(Term(2)), LogIndex(4));
  log.TrimThrough(LogIndex(5));
  EXPECT_EQ(log.LastIndexOfTerm(Term(3)), LogIndex(5));
  EXPECT_EQ(log.LastIndexOfTerm(Term(2)), std::nullopt);
  EXPECT_EQ(LogWith({}).LastIndexOfTerm(Term(0)), std::nullopt) << "nothing has term 0";
}

TEST(RaftLogTest, TrimmingEverythingLeavesALogThatGoesOn) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(5));
  EXPECT_EQ(log.last_position(), At(5, 3));
  EXPECT_EQ(log.last_log_time_ms(), 5 * kLogTimeStepMs);
  EXPECT_EQ(log.bytes(), 0u);
  log.Append(Entry(6, 3));
  EXPECT_EQ(log.FirstIndexOfTermAt(LogIndex(6)), LogIndex(6));
  EXPECT_EQ(log.LastIndexOfTerm(Term(3)), LogIndex(6));
}

TEST(RaftLogTest, TrimmingToTheBaseChangesNothing) {
  RaftLog log = TrimmedLog();
  log.TrimThrough(LogIndex(10));
  EXPECT_EQ(log.base(), At(10, 2));
  EXPECT_EQ(log.last_index(), LogIndex(12));
}

TEST(RaftLogTest, TruncatingAfterATrimKeepsWhatIsBefore) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(2));
  log.TruncateFrom(LogIndex(4));
  EXPECT_EQ(log.last_position(), At(3, 2));
  log.Append(Entry(4, 4));
  EXPECT_EQ(log.LastIndexOfTerm(Term(2)), LogIndex(3));
}

TEST(RaftLogTest, CountsBytesFromTheBaseOnAfterATrim) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(2));
  EXPECT_EQ(log.BytesBetween(LogIndex(2), LogIndex(3)), ChargedBytes(*Entry(3, 2)));
  EXPECT_EQ(log.BytesBetween(LogIndex(2), LogIndex(5)), log.bytes());
}

TEST(RaftLogTest, ASnapshotTakesThePlaceOfTheWholeLog) {
  RaftLog log = FiveEntries();
  log.ResetTo(At(9, 4), 77'000'000);
  EXPECT_EQ(log.last_position(), At(9, 4));
  EXPECT_EQ(log.last_log_time_ms(), 77'000'000);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.LastIndexOfTerm(Term(3)), std::nullopt);
  EXPECT_EQ(log.TermAt(LogIndex(5)), std::nullopt) << "trimmed is unknown, not term 0";
}

TEST(RaftLogTest, ASnapshotInTheMiddleOfTheLogKeepsNothingOfIt) {
  RaftLog log = FiveEntries();
  log.ResetTo(At(4, 3), 4 * kLogTimeStepMs);
  EXPECT_EQ(log.last_position(), At(4, 3));
  log.Append(Entry(5, 3));
  EXPECT_EQ(log.bytes(), ChargedBytes(*Entry(5, 3)));
}

TEST(RaftLogTest, TheTailIsTheLongestThatFitsBothLimits) {
  const RaftLog log = FiveEntries();
  const std::uint64_t entry_bytes = ChargedBytes(*Entry(1, 1));
  EXPECT_EQ(log.TailWithin(2 * entry_bytes, 100), LogIndex(4));
  EXPECT_EQ(log.TailWithin(3 * entry_bytes - 1, 100), LogIndex(4)) << "one byte is missing";
  EXPECT_EQ(log.TailWithin(3 * entry_bytes, 100), LogIndex(3));
  EXPECT_EQ(log.TailWithin(100 * entry_bytes, 2), LogIndex(4));
  EXPECT_EQ(log.TailWithin(100 * entry_bytes, 100), LogIndex(1)) << "the whole log fits";
}

TEST(RaftLogTest, TheTailIsEmptyWhenNotEvenTheLastEntryFits) {
  const RaftLog log = FiveEntries();
  EXPECT_EQ(log.TailWithin(0, 100), LogIndex(6));
  EXPECT_EQ(log.TailWithin(1000, 0), LogIndex(6));
  EXPECT_EQ(LogWith({}).TailWithin(1000, 100), LogIndex(1));
}

TEST(RaftLogTest, TheTailBeginsAfterTheBaseAtTheEarliest) {
  RaftLog log = FiveEntries();
  log.TrimThrough(LogIndex(3));
  EXPECT_EQ(log.TailWithin(1000, 100), LogIndex(4));
  log.TrimThrough(LogIndex(5));
  EXPECT_EQ(log.TailWithin(1000, 100), LogIndex(6));
}

TEST(RaftLogDeathTest, TrimsOnlyEntriesThatAreThere) {
  RaftLog log = TrimmedLog();
  EXPECT_DEATH(log.TrimThrough(LogIndex(13)), "only entries that are there are trimmed");
  EXPECT_DEATH(log.TrimThrough(LogIndex(9)), "the base never falls");
}

TEST(RaftLogDeathTest, NeverGoesBackToAnOlderSnapshot) {
  RaftLog log = TrimmedLog();
  EXPECT_DEATH(log.ResetTo(At(9, 2), 0), "the base never falls");
  EXPECT_DEATH(log.ResetTo(At(20, 1), 0), "terms never fall along the log");
}

}  // namespace
}  // namespace raft::harness
