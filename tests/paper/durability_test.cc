// What must be on disk before what is said (Figure 2: "updated on stable storage before responding
// to RPCs"; dissertation §10.2.1 for the one exception). Traps A1, A2, A8, A24, B12 to B15.
//
// The test holds the disk and finishes writes one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---- Votes.

// Trap A1: a vote that was told and then forgotten elects two leaders.
TEST(DurableVoteTest, IsAnsweredOnlyOnceItIsOnDisk) {
  ServerUnderTest server;
  server.HoldDisk();
  const CallId call = server.Receive(kS2, RequestVote({.term = 1}));
  server.TickTimes(5);
  EXPECT_EQ(server.AnswersTo(call), 0u);
  server.CompleteWrites(1);
  ASSERT_TRUE(server.Answer<RequestVoteResponse>(call).has_value());
  EXPECT_TRUE(server.Answer<RequestVoteResponse>(call).value().vote_granted);
}

// Trap A2: term and vote are one record.
TEST(DurableVoteTest, IsWrittenTogetherWithItsTerm) {
  ServerUnderTest server;
  server.HoldDisk();
  server.Receive(kS2, RequestVote({.term = 3}));
  ASSERT_THAT(server.writes_waiting(), SizeIs(1));
  EXPECT_EQ(server.writes_waiting().front().promise,
            (Promise{.current_term = Term(3), .voted_for = kS2}));
}

// Trap A1: the crash in between. Nobody was told, so another candidate may have the vote.
TEST(DurableVoteTest, ThatACrashTookWasNeverAnswered) {
  ServerUnderTest server;
  server.HoldDisk();
  const CallId call = server.Receive(kS2, RequestVote({.term = 1}));
  ASSERT_EQ(server.AnswersTo(call), 0u);
  ServerUnderTest restarted(server.SetupAfterCrash());
  const CallId second = restarted.Receive(kS3, RequestVote({.term = 1, .candidate = kS3}));
  EXPECT_TRUE(restarted.Answer<RequestVoteResponse>(second).value().vote_granted);
}

// Trap A1: the crash after the answer.
TEST(DurableVoteTest, ThatWasAnsweredSurvivesACrash) {
  ServerUnderTest server;
  const CallId call = server.Receive(kS2, RequestVote({.term = 1}));
  ASSERT_TRUE(server.Answer<RequestVoteResponse>(call).value().vote_granted);
  ServerUnderTest restarted(server.SetupAfterCrash());
  const CallId second = restarted.Receive(kS3, RequestVote({.term = 1, .candidate = kS3}));
  EXPECT_FALSE(restarted.Answer<RequestVoteResponse>(second).value().vote_granted);
}

TEST(DurableVoteTest, ADenialWaitsForTheTermItCarries) {
  ServerUnderTest server({.recovered = Recovered({.term = 2, .log_terms = {1, 2}})});
  server.HoldDisk();
  const CallId call = server.Receive(kS2, RequestVote({.term = 6, .last_log = At(1, 1)}));
  EXPECT_EQ(server.AnswersTo(call), 0u);
  server.CompleteWrites(1);
  EXPECT_EQ(server.Answer<RequestVoteResponse>(call).value().term, Term(6));
}

TEST(DurableVoteTest, ACandidateAsksForVotesOnlyOnceItsOwnIsOnDisk) {
  ServerUnderTest server;
  server.HoldDisk();
  BecomeCandidate(server);
  EXPECT_THAT(server.TakeRequests<RequestVoteRequest>(), IsEmpty());
  server.CompleteWrites(1);
  EXPECT_THAT(server.TakeRequests<RequestVoteRequest>(), SizeIs(2));
}

// Trap A8: with one server the own vote is the whole election.
TEST(DurableVoteTest, ACandidateCountsItsOwnVoteOnlyOnceItIsOnDisk) {
  ServerUnderTest server({.voters = FirstServers(1)});
  server.HoldDisk();
  server.TickTimes(server.setup().options.election_timeout_ticks_max + 1);
  ASSERT_THAT(server.writes_waiting(), SizeIs(1));
  EXPECT_NE(server.role(), RoleName::kLeader);
  server.CompleteWrites(1);
  EXPECT_EQ(server.role(), RoleName::kLeader);
}

// Trap A24: a vote for oneself that reaches the disk after the role is gone elects nobody.
TEST(DurableVoteTest, AnOwnVoteThatComesTooLateElectsNobody) {
  ServerUnderTest server({.voters = FirstServers(2)});
  server.HoldDisk();
  BecomeCandidate(server);
  server.Receive(kS2, RequestVote({.term = 5}));
  ASSERT_EQ(server.role(), RoleName::kFollower);
  server.ReleaseDisk();
  EXPECT_EQ(server.role(), RoleName::kFollower);
  EXPECT_EQ(server.durable().promise(), (Promise{.current_term = Term(5), .voted_for = kS2}));
}

// Trap A24: what counts is the write with the vote in it, not whichever write finishes next.
TEST(DurableVoteTest, IsNotCountedForAnOlderWriteThatFinishes) {
  ServerUnderTest server({.voters = FirstServers(1)});
  const std::uint64_t timeout = server.setup().options.election_timeout_ticks_max + 1;
  server.TickTimes(timeout);
  ASSERT_EQ(server.role(), RoleName::kLeader);
  server.HoldDisk();
  server.Propose("a");
  // A message from outside makes it a follower of term 5, and its timer a candidate of term 6.
  server.ReceiveAnswer(kS2, RequestVoteResponse{.number = RequestNumber(1), .term = Term(5)});
  server.TickTimes(timeout);
  ASSERT_EQ(server.role(), RoleName::kCandidate);
  while (server.writes_waiting().size() > 1) {
    server.CompleteWrites(1);
    ASSERT_EQ(server.role(), RoleName::kCandidate);
  }
  server.CompleteWrites(1);
  EXPECT_EQ(server.role(), RoleName::kLeader);
}

// ---- A follower's entries.

// Trap B12: an acknowledgement is a promise about the disk.
TEST(DurableEntriesTest, AreAcknowledgedOnlyOnceTheyAreOnDisk) {
  ServerUnderTest server;
  server.HoldDisk();
  const CallId call = server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1})}));
  server.TickTimes(3);
  EXPECT_EQ(server.AnswersTo(call), 0u);
  EXPECT_EQ(server.status().durable_index, LogIndex(0));
  server.CompleteWrites(1);
  ASSERT_TRUE(server.Answer<AppendEntriesResponse>(call).has_value());
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(call).value().match_index, LogIndex(2));
}

TEST(DurableEntriesTest, ADuplicateIsNotAcknowledgedBeforeTheFirstIsOnDisk) {
  ServerUnderTest server;
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1})}));
  const CallId duplicate = server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1})}));
  EXPECT_EQ(server.AnswersTo(duplicate), 0u);
  server.ReleaseDisk();
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(duplicate).value().match_index, LogIndex(2));
}

TEST(DurableEntriesTest, OneFinishedWriteAnswersForAllBeforeIt) {
  ServerUnderTest server;
  server.HoldDisk();
  const CallId first = server.Receive(kS2, AppendEntries({.entries = {Entry(1, 1)}}));
  const CallId second =
      server.Receive(kS2, AppendEntries({.previous = At(1, 1), .entries = {Entry(2, 1)}}));
  ASSERT_THAT(server.writes_waiting(), SizeIs(2));
  server.CompleteWrites(2);
  EXPECT_EQ(server.AnswersTo(first), 1u);
  EXPECT_EQ(server.AnswersTo(second), 1u);
  EXPECT_EQ(server.status().durable_index, LogIndex(2));
}

TEST(DurableEntriesTest, AnEarlierWriteAnswersForNothingAfterIt) {
  ServerUnderTest server;
  server.HoldDisk();
  const CallId first = server.Receive(kS2, AppendEntries({.entries = {Entry(1, 1)}}));
  const CallId second =
      server.Receive(kS2, AppendEntries({.previous = At(1, 1), .entries = {Entry(2, 1)}}));
  server.CompleteWrites(1);
  EXPECT_EQ(server.AnswersTo(first), 1u);
  EXPECT_EQ(server.AnswersTo(second), 0u);
}

// A slow disk must not silence a follower: the heartbeat says how far the disk is.
TEST(DurableEntriesTest, AHeartbeatIsAnsweredAtOnceWithWhatIsOnDisk) {
  ServerUnderTest server({.recovered = Recovered({.term = 1, .log_terms = {1}})});
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.previous = At(1, 1), .entries = {Entry(2, 1)}}));
  const CallId heartbeat = server.Receive(kS2, AppendEntries({.previous = At(2, 1)}));
  ASSERT_TRUE(server.Answer<AppendEntriesResponse>(heartbeat).has_value());
  EXPECT_TRUE(server.Answer<AppendEntriesResponse>(heartbeat).value().success);
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(heartbeat).value().match_index, LogIndex(1));
  server.CompleteWrites(1);
  const CallId later = server.Receive(kS2, AppendEntries({.previous = At(2, 1)}));
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(later).value().match_index, LogIndex(2));
}

TEST(DurableEntriesTest, AHeartbeatOfANewTermWaitsForThatTerm) {
  ServerUnderTest server({.recovered = Recovered({.term = 1, .log_terms = {1}})});
  server.HoldDisk();
  const CallId heartbeat = server.Receive(kS2, AppendEntries({.term = 2, .previous = At(1, 1)}));
  EXPECT_EQ(server.AnswersTo(heartbeat), 0u);
  server.CompleteWrites(1);
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(heartbeat).value().term, Term(2));
}

TEST(DurableEntriesTest, AMismatchWaitsForNoEntries) {
  ServerUnderTest server({.recovered = Recovered({.term = 1, .log_terms = {1}})});
  server.HoldDisk();
  const CallId call = server.Receive(kS2, AppendEntries({.previous = At(5, 1)}));
  EXPECT_EQ(server.AnswersTo(call), 1u);
}

// Ours, stricter than the paper: applied is never ahead of the log on this disk.
TEST(DurableEntriesTest, AreAppliedOnlyOnceTheyAreOnThisDisk) {
  ServerUnderTest server;
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.entries = LogOfTerms({1, 1}), .commit = 2}));
  EXPECT_EQ(server.commit_index(), 2u);
  EXPECT_THAT(server.handed_to_apply(), IsEmpty());
  server.CompleteWrites(1);
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(1, 2));
}

// ---- Truncation and writes under way.

// Trap B14: the old write finishes after its entries were replaced; it proves nothing about the
// new.
TEST(TruncationTest, LowersTheClaimOfAWriteUnderWay) {
  ServerUnderTest server;
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.term = 1, .entries = LogOfTerms({1, 1, 1})}));
  const CallId replaced = server.Receive(
      kS3,
      AppendEntries({.term = 2, .leader = kS3, .previous = At(1, 1), .entries = {Entry(2, 2)}}));
  server.CompleteWrites(1);
  EXPECT_EQ(server.status().durable_index, LogIndex(1));
  EXPECT_EQ(server.AnswersTo(replaced), 0u);
  server.CompleteWrites(1);
  EXPECT_EQ(server.status().durable_index, LogIndex(2));
  EXPECT_EQ(server.Answer<AppendEntriesResponse>(replaced).value().match_index, LogIndex(2));
}

TEST(TruncationTest, LowersWhatIsDurableAlready) {
  ServerUnderTest server({.recovered = Recovered({.term = 1, .log_terms = {1, 1, 1}})});
  ASSERT_EQ(server.status().durable_index, LogIndex(3));
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.term = 2, .previous = At(1, 1), .entries = {Entry(2, 2)}}));
  EXPECT_EQ(server.status().durable_index, LogIndex(1));
  const CallId heartbeat = server.Receive(kS2, AppendEntries({.term = 2, .previous = At(2, 2)}));
  server.CompleteWrites(1);
  EXPECT_LE(server.Answer<AppendEntriesResponse>(heartbeat).value().match_index, LogIndex(2));
}

// Trap B15: the same index is written three times, and each write finishes late.
TEST(TruncationTest, AnOlderWriteNeverConfirmsEntriesThatReplacedItsOwn) {
  ServerUnderTest server;
  server.HoldDisk();
  server.Receive(kS2, AppendEntries({.term = 1, .entries = LogOfTerms({1, 1, 1})}));
  server.Receive(
      kS3,
      AppendEntries({.term = 2, .leader = kS3, .previous = At(1, 1), .entries = {Entry(2, 2)}}));
  const CallId last = server.Receive(
      kS2,
      AppendEntries(
          {.term = 3, .leader = kS2, .previous = At(1, 1), .entries = {Entry(2, 3), Entry(3, 3)}}));
  ASSERT_THAT(server.writes_waiting(), SizeIs(3));
  server.CompleteWrites(1);
  EXPECT_EQ(server.status().durable_index, LogIndex(1));
  server.CompleteWrites(1);
  EXPECT_EQ(server.status().durable_index, LogIndex(1));
  EXPECT_EQ(server.AnswersTo(last), 0u);
  server.CompleteWrites(1);
  EXPECT_EQ(server.status().durable_index, LogIndex(3));
  EXPECT_EQ(TermsOf(server.durable().entries()), (std::vector<std::uint64_t>{1, 3, 3}));
}

// ---- A leader's entries.

// Dissertation §10.2.1: the leader's disk and its followers' disks work at the same time.
TEST(LeadersDiskTest, IsNotWaitedForByItsAppendEntries) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  leader.HoldDisk();
  leader.Propose("a");
  const auto append = TakeAppendTo(leader, kS2);
  ASSERT_TRUE(append.has_value());
  EXPECT_THAT(CommandsOf(append->request.entries), ElementsAre("a"));
}

TEST(LeadersDiskTest, IsNotWaitedForByTheNoOpOfANewTerm) {
  ServerUnderTest leader;
  BecomeCandidate(leader);
  leader.HoldDisk();
  Grant(leader, leader.TakeRequests<RequestVoteRequest>().at(0));
  ASSERT_EQ(leader.role(), RoleName::kLeader);
  EXPECT_TRUE(TakeAppendTo(leader, kS2).has_value());
}

// Trap B13: its own copy counts like any other, when it is durable.
TEST(LeadersDiskTest, DecidesWhenItsOwnCopyCounts) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  leader.HoldDisk();
  leader.Propose("a");
  Acknowledge(leader, TakeAppendTo(leader, kS2).value());
  EXPECT_EQ(leader.commit_index(), 1u);
  leader.CompleteWrites(1);
  EXPECT_EQ(leader.commit_index(), 2u);
}

TEST(LeadersDiskTest, IsNotNeededWhenTheOthersAreAMajority) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  leader.HoldDisk();
  leader.Propose("a");
  Acknowledge(leader, TakeAppendTo(leader, kS2).value());
  Acknowledge(leader, TakeAppendTo(leader, kS3).value());
  EXPECT_EQ(leader.commit_index(), 2u);
  // Committed, but applied here only from its own disk.
  EXPECT_EQ(leader.status().applied_index, LogIndex(1));
  leader.CompleteWrites(1);
  EXPECT_EQ(leader.status().applied_index, LogIndex(2));
}

// Traps A8, B13: alone, the own disk is the majority.
TEST(LeadersDiskTest, IsTheMajorityOfOne) {
  ServerUnderTest leader({.voters = FirstServers(1)});
  leader.TickTimes(leader.setup().options.election_timeout_ticks_max + 1);
  ASSERT_EQ(leader.role(), RoleName::kLeader);
  leader.HoldDisk();
  leader.Propose("a");
  leader.TickTimes(10);
  EXPECT_EQ(leader.commit_index(), 1u);
  leader.CompleteWrites(1);
  EXPECT_EQ(leader.commit_index(), 2u);
}

// Trap A24: a write that finishes after the step-down counts for nobody.
TEST(LeadersDiskTest, CommitsNothingForALeaderThatSteppedDown) {
  ServerUnderTest leader;
  BecomeEstablishedLeader(leader);
  leader.HoldDisk();
  leader.Propose("a");
  Acknowledge(leader, TakeAppendTo(leader, kS2).value());
  leader.ReceiveAnswer(kS3, AppendEntriesResponse{.number = RequestNumber(1),
                                                  .term = Term(8),
                                                  .success = false,
                                                  .match_index = LogIndex(0),
                                                  .conflict = std::nullopt});
  ASSERT_EQ(leader.role(), RoleName::kFollower);
  leader.ReleaseDisk();
  EXPECT_EQ(leader.commit_index(), 1u);
}

}  // namespace
}  // namespace raft::harness
