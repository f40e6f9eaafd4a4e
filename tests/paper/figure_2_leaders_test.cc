// Figure 2, Rules for Servers, "Leaders".
//
// The server under test is S1; the test plays S2 and S3 and answers for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A leader of term 4 whose log of terms {1, 1, 2, 3, 3} is behind its own no-op at index 6. Nobody
// has answered it yet.
class LeadersTest : public ::testing::Test {
 protected:
  void SetUp() override { BecomeLeader(leader_); }

  // Both peers hold all that the leader has; index 6 is committed.
  void Establish() {
    CatchUpAll(leader_);
    ASSERT_EQ(leader_.commit_index(), 6u);
  }
  // Backs S2 up with this hint; the place the leader tries next.
  LogPosition NextTryAfter(ConflictHint hint) {
    const auto first = TakeAppendTo(leader_, kS2);
    EXPECT_TRUE(first.has_value());
    Reject(leader_, *first, hint);
    const auto next = leader_.TakeRequestsTo<AppendEntriesRequest>(kS2);
    EXPECT_FALSE(next.empty()) << "the leader does not try again";
    return next.empty() ? LogPosition{} : next.front().request.previous;
  }

  ServerUnderTest leader_{{.recovered = Recovered({.term = 3, .log_terms = {1, 1, 2, 3, 3}})}};
};

// "Upon election: send initial empty AppendEntries RPCs (heartbeat) to each server." Ours carry the
// no-op that starts the term (§8), which says the same and more.
TEST_F(LeadersTest, SpeakToEveryServerUponElection) {
  const auto sent = leader_.TakeRequests<AppendEntriesRequest>();
  std::set<ServerId> heard;
  for (const auto& append : sent) {
    heard.insert(append.to);
    EXPECT_EQ(append.request.term, Term(4));
    EXPECT_EQ(append.request.leader_id, kS1);
    EXPECT_EQ(append.request.previous, At(5, 3));
  }
  EXPECT_EQ(heard, (std::set<ServerId>{kS2, kS3}));
}

// §8: "each leader commits a blank no-op entry into the log at the start of its term."
TEST_F(LeadersTest, StartTheirTermWithANoOp) {
  EXPECT_EQ(leader_.status().last_log_index, LogIndex(6));
  const LogEntryPointer no_op = leader_.written().EntryAt(LogIndex(6));
  ASSERT_NE(no_op, nullptr);
  EXPECT_EQ(no_op->kind, EntryKind::kNoOp);
  EXPECT_EQ(no_op->term, Term(4));
}

// "When a leader first comes to power, it initializes all nextIndex values to the index just after
// the last one in its log" (§5.3).
TEST_F(LeadersTest, AssumeNothingAboutTheirPeersAtFirst) {
  for (const ServerId peer : {kS2, kS3}) {
    EXPECT_EQ(leader_.peer(peer).match_index, LogIndex(0));
    const auto append = TakeAppendTo(leader_, peer);
    ASSERT_TRUE(append.has_value());
    EXPECT_THAT(IndexesOf(append->request.entries), ElementsAre(6));
  }
}

// "Repeat during idle periods to prevent election timeouts (§5.2)."
TEST_F(LeadersTest, RepeatHeartbeatsDuringIdlePeriods) {
  Establish();
  for (int round = 0; round < 20; ++round) {
    leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
    for (const ServerId peer : {kS2, kS3}) {
      const auto sent = leader_.TakeRequestsTo<AppendEntriesRequest>(peer);
      ASSERT_FALSE(sent.empty()) << "no heartbeat to " << peer.value() << " in round " << round;
      AcknowledgeAll(leader_, sent);
    }
  }
}

// A slow follower disk must not starve heartbeats.
TEST_F(LeadersTest, SendHeartbeatsBesideEntriesThatAreNotAnswered) {
  Establish();
  leader_.Propose();
  ASSERT_TRUE(TakeAppendTo(leader_, kS2).has_value());
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto heartbeat = TakeHeartbeatTo(leader_, kS2);
  ASSERT_TRUE(heartbeat.has_value());
  // It may overtake the entries, so it speaks of the place before them and meets no mismatch.
  EXPECT_EQ(heartbeat->request.previous, At(6, 4));
}

TEST_F(LeadersTest, GiveEveryRequestAFreshNumber) {
  std::set<RequestNumber> numbers;
  std::size_t requests = 0;
  for (int round = 0; round < 10; ++round) {
    leader_.Propose();
    leader_.TickTimes(1);
    for (const auto& sent : leader_.TakeRequests<AppendEntriesRequest>()) {
      numbers.insert(sent.request.number);
      ++requests;
      Acknowledge(leader_, sent);
    }
  }
  EXPECT_GT(requests, 20u);
  EXPECT_EQ(numbers.size(), requests);
}

// "If command received from client: append entry to local log, respond after entry applied to state
// machine (§5.3)."
TEST_F(LeadersTest, AppendACommandToTheirLogAtOnce) {
  const Ticket ticket = leader_.Propose("set x");
  EXPECT_EQ(leader_.AppendedAt(ticket), At(7, 4));
  EXPECT_EQ(leader_.written().EntryAt(LogIndex(7))->data, "set x");
}

TEST_F(LeadersTest, ApplyACommandOnlyAfterAMajorityHoldsIt) {
  Establish();
  leader_.Propose("set x");
  const auto append = TakeAppendTo(leader_, kS2);
  ASSERT_TRUE(append.has_value());
  EXPECT_THAT(CommandsOf(leader_.handed_to_apply()), ElementsAre("x", "x", "x", "x", "x"));
  Acknowledge(leader_, *append);
  EXPECT_EQ(leader_.commit_index(), 7u);
  EXPECT_EQ(CommandsOf(leader_.handed_to_apply()).back(), "set x");
}

TEST_F(LeadersTest, RefuseACommandMeantForAnotherTerm) {
  const Ticket stale = leader_.Propose("set x", Term(3));
  ASSERT_TRUE(leader_.RefusalOf(stale).has_value());
  EXPECT_EQ(leader_.RefusalOf(stale)->reason, RefusalReason::kTermMoved);
  EXPECT_EQ(leader_.RefusalOf(stale)->current_term, Term(4));
  EXPECT_EQ(leader_.AppendedAt(stale), std::nullopt);
  EXPECT_TRUE(leader_.AppendedAt(leader_.Propose("set x", Term(4))).has_value());
}

// "If last log index >= nextIndex for a follower: send AppendEntries RPC with log entries starting
// at nextIndex."
TEST_F(LeadersTest, SendWhatAPeerLacksFromItsNextIndexOn) {
  Establish();
  leader_.Propose("a");
  const auto append = TakeAppendTo(leader_, kS3);
  ASSERT_TRUE(append.has_value());
  EXPECT_EQ(append->request.previous, At(6, 4));
  EXPECT_THAT(IndexesOf(append->request.entries), ElementsAre(7));
  EXPECT_EQ(append->request.leader_commit, LogIndex(6));
}

// Dissertation §10.2.2 as we batch: one message on its way, everything else in the next.
TEST_F(LeadersTest, GatherEntriesWhileOneMessageIsUnderWay) {
  Establish();
  leader_.Propose("a");
  const auto first = TakeAppendTo(leader_, kS2);
  leader_.Propose("b");
  leader_.Propose("c");
  leader_.TickTimes(5);
  EXPECT_FALSE(TakeAppendTo(leader_, kS2).has_value());
  EXPECT_TRUE(leader_.peer(kS2).entries_in_flight);
  Acknowledge(leader_, *first);
  const auto second = TakeAppendTo(leader_, kS2);
  ASSERT_TRUE(second.has_value());
  EXPECT_THAT(CommandsOf(second->request.entries), ElementsAre("b", "c"));
}

// "If successful: update nextIndex and matchIndex for follower (§5.3)."
TEST_F(LeadersTest, RecordTheMatchOfASuccess) {
  Acknowledge(leader_, *TakeAppendTo(leader_, kS2));
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(6));
  EXPECT_EQ(leader_.peer(kS2).next_index, LogIndex(7));
  EXPECT_EQ(leader_.peer(kS2).state, PeerState::kReplicate);
  EXPECT_EQ(leader_.peer(kS3).match_index, LogIndex(0));
}

// Traps B7, B8: answers may arrive late and in any order.
TEST_F(LeadersTest, TakeNothingBackForALateSuccessWithALowerMatch) {
  const auto first = *TakeAppendTo(leader_, kS2);
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto heartbeat = TakeHeartbeatTo(leader_, kS2);
  ASSERT_TRUE(heartbeat.has_value());
  Acknowledge(leader_, first);
  AppendEntriesResponse low = SuccessOf(heartbeat->request);
  low.match_index = LogIndex(2);
  leader_.ReceiveAnswer(kS2, low);
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(6));
  EXPECT_EQ(leader_.peer(kS2).next_index, LogIndex(7));
}

// Traps B3, B8: what is known to match is not asked for again.
TEST_F(LeadersTest, DropARejectionAtOrBelowTheKnownMatch) {
  const auto first = *TakeAppendTo(leader_, kS2);
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto heartbeat = *TakeHeartbeatTo(leader_, kS2);
  Acknowledge(leader_, first);
  Reject(leader_, heartbeat, {.term = std::nullopt, .index = LogIndex(1)});
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(6));
  EXPECT_EQ(leader_.peer(kS2).next_index, LogIndex(7));
}

TEST_F(LeadersTest, BelieveNoSuccessUnderANumberTheyNeverUsed) {
  AppendEntriesResponse made_up = SuccessOf(TakeAppendTo(leader_, kS2)->request);
  made_up.number = RequestNumber(999'999);
  leader_.ReceiveAnswer(kS2, made_up);
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(0));
  EXPECT_EQ(leader_.commit_index(), 0u);
}

// A broken peer claims more than the leader ever had; a claim is evidence, not a fact.
TEST_F(LeadersTest, BelieveNoMatchBeyondWhatTheRequestCarried) {
  AppendEntriesResponse boast = SuccessOf(TakeAppendTo(leader_, kS2)->request);
  boast.match_index = LogIndex(500);
  leader_.ReceiveAnswer(kS2, boast);
  EXPECT_LE(leader_.peer(kS2).match_index, LogIndex(6));
  EXPECT_LE(leader_.commit_index(), 6u);
}

// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry (§5.3)."
TEST_F(LeadersTest, BackUpToTheEndOfAShorterLog) {
  EXPECT_EQ(NextTryAfter({.term = std::nullopt, .index = LogIndex(3)}), At(2, 1));
  ASSERT_EQ(leader_.EventsOf<AppendMismatched>().size(), 1u);
  EXPECT_EQ(leader_.EventsOf<AppendMismatched>()[0].next_index, LogIndex(3));
}

// "The leader can decrement nextIndex to bypass all of the conflicting entries in that term."
TEST_F(LeadersTest, BackUpPastATermTheyDoNotHold) {
  ServerUnderTest leader({.recovered = Recovered({.term = 5, .log_terms = {1, 1, 3, 3, 5}})});
  BecomeLeader(leader);
  Reject(leader, *TakeAppendTo(leader, kS2), {.term = Term(2), .index = LogIndex(2)});
  const auto next = leader.TakeRequestsTo<AppendEntriesRequest>(kS2);
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(next.front().request.previous, At(1, 1));
}

// The follower's term 2 is in the leader's log too: the logs may agree up to its last entry there.
TEST_F(LeadersTest, BackUpToTheirOwnLastEntryOfASharedTerm) {
  EXPECT_EQ(NextTryAfter({.term = Term(2), .index = LogIndex(2)}), At(3, 2));
}

TEST_F(LeadersTest, BackUpToTheFirstEntryAtMost) {
  EXPECT_EQ(NextTryAfter({.term = std::nullopt, .index = LogIndex(1)}), At(0, 0));
  EXPECT_EQ(leader_.peer(kS2).next_index >= LogIndex(1), true);
}

// Trap B5: a hint says where to look, not what is there.
TEST_F(LeadersTest, TakeNoHintForAMatch) {
  NextTryAfter({.term = std::nullopt, .index = LogIndex(5)});
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(0));
  EXPECT_EQ(leader_.commit_index(), 0u);
}

// A hint that points forward cannot come from an honest peer and must not make the leader skip.
TEST_F(LeadersTest, NeverMoveForwardOnAMismatch) {
  const auto first = *TakeAppendTo(leader_, kS2);
  Reject(leader_, first, {.term = std::nullopt, .index = LogIndex(400)});
  const auto next = TakeAppendTo(leader_, kS2);
  ASSERT_TRUE(next.has_value());
  EXPECT_LT(next->request.previous.index, first.request.previous.index);
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
}

// Trap B18: after a lost message entries wait until the peer is heard again, and then do flow.
TEST_F(LeadersTest, ProbeAnUnreachablePeerByHeartbeatsUntilItAnswers) {
  Establish();
  leader_.Propose("a");
  FailCall(leader_, *TakeAppendTo(leader_, kS2));
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto probes = leader_.TakeRequestsTo<AppendEntriesRequest>(kS2);
  EXPECT_EQ(WithEntries(probes), std::nullopt);
  const auto heartbeat = WithoutEntries(probes);
  ASSERT_TRUE(heartbeat.has_value());
  // The message was lost: the peer still ends at index 6 and says so.
  if (heartbeat->request.previous == At(6, 4)) {
    Acknowledge(leader_, *heartbeat);
  } else {
    Reject(leader_, *heartbeat, {.term = std::nullopt, .index = LogIndex(7)});
  }
  CatchUp(leader_, kS2);
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(7));
}

// The deadline passed but the follower's write went on: the next heartbeat reports it.
TEST_F(LeadersTest, LearnFromAHeartbeatThatLostEntriesArrivedAfterAll) {
  Establish();
  leader_.Propose("a");
  FailCall(leader_, *TakeAppendTo(leader_, kS2));
  ASSERT_EQ(leader_.commit_index(), 6u);
  for (int round = 0; round < 3; ++round) {
    leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
    AcknowledgeAll(leader_, leader_.TakeRequestsTo<AppendEntriesRequest>(kS2));
  }
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(7));
  EXPECT_EQ(leader_.commit_index(), 7u);
}

// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and
// log[N].term == currentTerm: set commitIndex = N (§5.3, §5.4)."
TEST_F(LeadersTest, CommitWhatAMajorityHolds) {
  Acknowledge(leader_, *TakeAppendTo(leader_, kS2));
  EXPECT_EQ(leader_.commit_index(), 6u);
}

TEST_F(LeadersTest, CommitNothingThatOnlyTheyHold) {
  leader_.Propose("a");
  leader_.TickTimes(5);
  EXPECT_EQ(leader_.commit_index(), 0u);
  EXPECT_THAT(leader_.handed_to_apply(), IsEmpty());
}

TEST_F(LeadersTest, CountADuplicatedAnswerOnce) {
  ServerUnderTest leader({.voters = FirstServers(5)});
  BecomeLeader(leader);
  const auto append = *TakeAppendTo(leader, kS2);
  for (int copy = 0; copy < 4; ++copy) Acknowledge(leader, append);
  EXPECT_EQ(leader.commit_index(), 0u);
  Acknowledge(leader, *TakeAppendTo(leader, kS3));
  EXPECT_EQ(leader.commit_index(), 1u);
}

// Trap A6.
TEST_F(LeadersTest, CountNoAnswerOfAStranger) {
  AppendEntriesResponse answer = SuccessOf(TakeAppendTo(leader_, kS2)->request);
  leader_.ReceiveAnswer(ServerId(9), answer);
  EXPECT_EQ(leader_.commit_index(), 0u);
  EXPECT_THAT(leader_.status().peers, SizeIs(2));
}

// Leader Append-Only (Figure 3).
TEST_F(LeadersTest, NeverDropEntriesOfTheirOwnLog) {
  NextTryAfter({.term = std::nullopt, .index = LogIndex(1)});
  leader_.Propose("a");
  CatchUpAll(leader_);
  for (const PersistRequest& write : leader_.all_writes()) {
    EXPECT_EQ(write.truncate_from, std::nullopt);
  }
  EXPECT_THAT(leader_.log_terms(), ElementsAre(1, 1, 2, 3, 3, 4, 4));
}

// Election Safety (Figure 3): a second leader of the term is a broken peer.
TEST_F(LeadersTest, RefuseAnotherLeaderOfTheirOwnTerm) {
  const CallId call = leader_.Receive(
      kS3,
      AppendEntries({.term = 4, .leader = kS3, .previous = At(5, 3), .entries = {Entry(6, 4)}}));
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
  EXPECT_THAT(leader_.EventsOf<ImpossibleMessageRefused>(), SizeIs(1));
  EXPECT_EQ(leader_.written().EntryAt(LogIndex(6))->kind, EntryKind::kNoOp);
  EXPECT_EQ(leader_.AnswersTo(call), 1u);
  EXPECT_FALSE(leader_.Answer<AppendEntriesResponse>(call)->success);
}

// Group commit: many proposals of one turn are one write and one message to each peer.
TEST_F(LeadersTest, WriteAndSendTheProposalsOfOneTurnTogether) {
  Establish();
  const std::size_t writes_before = leader_.all_writes().size();
  std::vector<Input> proposals;
  for (std::uint64_t ticket = 101; ticket <= 110; ++ticket) {
    proposals.push_back(
        CommandProposed{.ticket = Ticket(ticket), .command = "a", .expected_term = std::nullopt});
  }
  leader_.StepTogether(std::move(proposals));
  EXPECT_EQ(leader_.all_writes().size(), writes_before + 1);
  EXPECT_THAT(leader_.all_writes().back().entries, SizeIs(10));
  const auto sent = leader_.TakeRequestsTo<AppendEntriesRequest>(kS2);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_THAT(sent[0].request.entries, SizeIs(10));
}

}  // namespace
}  // namespace raft::harness
