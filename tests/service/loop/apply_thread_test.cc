// The apply thread: what proposals and reads are told, and when.
#include "service/loop/apply_thread.h"

#include <gtest/gtest.h>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

class ApplyThreadTest : public testing::Test {
 protected:
  Ticket Add(FakeClient& client) { return calls_.Add(&client, FarFuture()).value(); }

  static ProposalAppended Appended(Ticket ticket, std::uint64_t index, std::uint64_t term) {
    return {.ticket = ticket, .position = {.index = LogIndex(index), .term = Term(term)}};
  }

  void Push(std::vector<ProposalAppended> appended, std::vector<LogEntryPointer> entries) {
    ApplyWork work;
    work.proposals_appended = std::move(appended);
    work.entries = std::move(entries);
    ASSERT_TRUE(apply_.Push(std::move(work)));
  }

  void Push(const StateChange& change) {
    ApplyWork work;
    work.state_change = change;
    ASSERT_TRUE(apply_.Push(std::move(work)));
  }

  // Everything that was told to the inbox.
  std::vector<Input> Told() {
    inbox_.PushTick();
    std::vector<Input> turn;
    EXPECT_TRUE(inbox_.WaitAndTake(turn));
    EXPECT_TRUE(std::holds_alternative<Tick>(turn.back()));
    turn.pop_back();
    return turn;
  }

  static LogPosition At(std::uint64_t index) { return {.index = LogIndex(index), .term = Term(1)}; }

  std::unique_ptr<FakeStateMachine> owned_state_ = std::make_unique<FakeStateMachine>();
  FakeStateMachine& state_ = *owned_state_;
  FakeInstaller installer_;
  Inbox inbox_{InboxLimits{}};
  PendingCalls calls_{1000};
  StatusBoard board_;
  LoopObserver observer_;
  Notebook<absl::Status> fatal_;
  ApplyThread apply_{
      std::move(owned_state_),
      installer_,
      inbox_,
      calls_,
      board_,
      observer_,
      [this](const absl::Status& failure) { fatal_.Write(failure); },
      ApplyLimits{.batch_bytes_max = 1000, .batch_entries_max = 4, .state_check_entries = 10}};
};

TEST_F(ApplyThreadTest, GivesAProposalTheResultOfItsEntry) {
  FakeClient first, second;
  const Ticket first_ticket = Add(first);
  const Ticket second_ticket = Add(second);
  apply_.Start();
  Push({Appended(first_ticket, 1, 1), Appended(second_ticket, 2, 1)}, {});
  Push({}, {MakeEntry(1, 1, "a"), MakeEntry(2, 1, "b")});
  EXPECT_EQ(first.Answer(), "applied 1: did a");
  EXPECT_EQ(second.Answer(), "applied 2: did b");
}

// Trap F12: an index alone does not say whose command was applied.
TEST_F(ApplyThreadTest, TellsAProposalThatAnotherTermsEntryTookItsPlace) {
  RaftStatus status;
  status.current_term = Term(2);
  status.leader = ServerId(3);
  board_.Publish(status);
  FakeClient client;
  const Ticket ticket = Add(client);
  apply_.Start();
  Push({Appended(ticket, 1, 1)}, {MakeEntry(1, 2)});
  EXPECT_EQ(client.Answer(), "refused");
  EXPECT_EQ(client.last_refusal.reason, RefusalReason::kNotLeader);
  EXPECT_EQ(client.last_refusal.leader_hint, ServerId(3));
  EXPECT_EQ(client.last_refusal.current_term, Term(2));
}

TEST_F(ApplyThreadTest, AnswersTwoProposalsThatWereAppendedAtOneIndexInTwoTerms) {
  FakeClient lost, kept;
  const Ticket lost_ticket = Add(lost);
  const Ticket kept_ticket = Add(kept);
  apply_.Start();
  Push({Appended(lost_ticket, 2, 1)}, {});
  Push({Appended(kept_ticket, 2, 3)}, {});
  Push({}, {MakeEntry(1, 3, "a"), MakeEntry(2, 3, "b")});
  EXPECT_EQ(lost.Answer(), "refused");
  EXPECT_EQ(kept.Answer(), "applied 2: did b");
}

TEST_F(ApplyThreadTest, LeavesAProposalWaitingUntilItsIndexIsApplied) {
  FakeClient client;
  const Ticket ticket = Add(client);
  apply_.Start();
  Push({Appended(ticket, 2, 1)}, {MakeEntry(1, 1)});
  ASSERT_TRUE(state_.batches.WaitForCount(1));
  EXPECT_FALSE(client.answered());
  Push({}, {MakeEntry(2, 1, "b")});
  EXPECT_EQ(client.Answer(), "applied 2: did b");
}

TEST_F(ApplyThreadTest, AppliesForAClientThatGaveUpAndAnswersNobody) {
  FakeClient client;
  const Ticket ticket = Add(client);
  ASSERT_EQ(calls_.Take(ticket), &client);
  apply_.Start();
  Push({Appended(ticket, 1, 1)}, {MakeEntry(1, 1)});
  ASSERT_TRUE(state_.batches.WaitForCount(1));
  apply_.DrainAndStop();
  EXPECT_FALSE(client.answered());
}

TEST_F(ApplyThreadTest, SplitsWorkIntoBatchesByEntriesAndByBytes) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= 6; ++index) entries.push_back(MakeEntry(index, 1));
  entries.push_back(MakeEntry(7, 1, std::string(2000, 'x')));
  Push({}, std::move(entries));
  apply_.Start();
  apply_.DrainAndStop();
  EXPECT_EQ(state_.batches.Read(),
            (std::vector<std::vector<std::uint64_t>>{{1, 2, 3, 4}, {5, 6}, {7}}));
}

// So that the digest is that of the index at which servers compare.
TEST_F(ApplyThreadTest, EndsABatchWhereStatesAreComparedAndTellsTheDigestThere) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= 21; ++index) entries.push_back(MakeEntry(index, 1));
  Push({}, std::move(entries));
  apply_.Start();
  apply_.DrainAndStop();
  EXPECT_EQ(state_.batches.Read(), (std::vector<std::vector<std::uint64_t>>{{1, 2, 3, 4},
                                                                            {5, 6, 7, 8},
                                                                            {9, 10},
                                                                            {11, 12, 13, 14},
                                                                            {15, 16, 17, 18},
                                                                            {19, 20},
                                                                            {21}}));
  const std::vector<Input> told = Told();
  ASSERT_EQ(told.size(), 5u);
  EXPECT_EQ(std::get<EntriesApplied>(told[0]).last_applied, LogIndex(8));
  EXPECT_EQ(std::get<StateDigested>(told[1]).check,
            (StateCheck{.index = LogIndex(10), .digest = "10"}));
  EXPECT_EQ(std::get<EntriesApplied>(told[2]).last_applied, LogIndex(18));
  EXPECT_EQ(std::get<StateDigested>(told[3]).check,
            (StateCheck{.index = LogIndex(20), .digest = "20"}));
  EXPECT_EQ(std::get<EntriesApplied>(told[4]).last_applied, LogIndex(21));
}

TEST_F(ApplyThreadTest, EndsABatchWhereALeadersTermBeginsAndTellsTheDigestThere) {
  const auto begins_a_term = std::make_shared<const LogEntry>(
      LogEntry{.index = LogIndex(2), .term = Term(1), .kind = EntryKind::kNoOp, .data = {}});
  Push({}, {MakeEntry(1, 1), begins_a_term, MakeEntry(3, 1)});
  apply_.Start();
  apply_.DrainAndStop();
  const std::vector<Input> told = Told();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(std::get<StateDigested>(told[0]).check,
            (StateCheck{.index = LogIndex(2), .digest = "2"}));
  EXPECT_EQ(std::get<EntriesApplied>(told[1]).last_applied, LogIndex(3));
}

TEST_F(ApplyThreadTest, TellsTheDigestOnlyOnceTheComparedIndexIsReached) {
  state_.applied_at_once_max = 1;
  Push({}, {MakeEntry(9, 1), MakeEntry(10, 1), MakeEntry(11, 1)});
  apply_.Start();
  apply_.DrainAndStop();
  const std::vector<Input> told = Told();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(std::get<EntriesApplied>(told[0]).last_applied, LogIndex(9));
  EXPECT_EQ(std::get<StateDigested>(told[1]).check,
            (StateCheck{.index = LogIndex(10), .digest = "10"}));
  EXPECT_EQ(std::get<EntriesApplied>(told[2]).last_applied, LogIndex(11));
}

TEST_F(ApplyThreadTest, MarksAStateAsDivergedAfterTheEntriesThatCameWithTheWish) {
  ApplyWork work;
  work.entries = {MakeEntry(1, 1), MakeEntry(2, 1)};
  work.state_change = {.mark_diverged = true,
                       .checkpoint = true,
                       .switch_to = std::nullopt,
                       .complete_install = false};
  ASSERT_TRUE(apply_.Push(std::move(work)));
  apply_.Start();
  apply_.DrainAndStop();
  EXPECT_EQ(state_.marks.Read(), std::vector<std::uint64_t>{2});
  EXPECT_TRUE(std::holds_alternative<StateCheckpointed>(Told().back()));
}

// A mark that is lost would let a wrong state answer clients after a restart.
TEST_F(ApplyThreadTest, StopsWhenTheStateCannotBeMarked) {
  state_.mark_failure = absl::InternalError("sync state-1/000003.log: input/output error");
  Push({.mark_diverged = true,
        .checkpoint = true,
        .switch_to = std::nullopt,
        .complete_install = false});
  apply_.Start();
  ASSERT_TRUE(fatal_.WaitForCount(1));
  apply_.DrainAndStop();
  EXPECT_TRUE(Told().empty()) << "nothing after it was done";
}

TEST_F(ApplyThreadTest, ReportsWhatIsApplied) {
  apply_.Start();
  Push({}, {MakeEntry(1, 1), MakeEntry(2, 1)});
  apply_.DrainAndStop();
  inbox_.PushTick();
  std::vector<Input> turn;
  ASSERT_TRUE(inbox_.WaitAndTake(turn));
  EXPECT_EQ(std::get<EntriesApplied>(turn.front()).last_applied, LogIndex(2));
}

// Trap F5.
TEST_F(ApplyThreadTest, AnswersAReadOnlyOnceItsIndexIsApplied) {
  FakeClient client;
  const Ticket ticket = Add(client);
  apply_.Start();
  ASSERT_TRUE(apply_.PushRead({.ticket = ticket, .read_index = LogIndex(2)}));
  Push({}, {MakeEntry(1, 1)});
  ASSERT_TRUE(state_.batches.WaitForCount(1));
  EXPECT_FALSE(client.answered());
  Push({}, {MakeEntry(2, 1)});
  EXPECT_EQ(client.Answer(), "read at 2");
}

TEST_F(ApplyThreadTest, HoldsAReadBackUntilTheIndexItWishesForIsApplied) {
  FakeClient client(/*min_applied_index=*/3);
  const Ticket ticket = Add(client);
  apply_.Start();
  ASSERT_TRUE(apply_.PushRead({.ticket = ticket, .read_index = LogIndex(0)}));
  Push({}, {MakeEntry(1, 1), MakeEntry(2, 1)});
  ASSERT_TRUE(state_.batches.WaitForCount(1));
  EXPECT_FALSE(client.answered());
  Push({}, {MakeEntry(3, 1)});
  EXPECT_EQ(client.Answer(), "read at 3");
}

TEST_F(ApplyThreadTest, HandsOnRefusalsAndPassedDeadlines) {
  FakeClient refused, late;
  ApplyWork work;
  work.refusals.push_back({.ticket = Add(refused),
                           .reason = RefusalReason::kOverloaded,
                           .leader_hint = std::nullopt,
                           .current_term = Term(1),
                           .silent_peer = std::nullopt});
  work.overdue.push_back(
      {.call = &late, .appended = LogPosition{.index = LogIndex(4), .term = Term(1)}});
  apply_.Start();
  ASSERT_TRUE(apply_.Push(std::move(work)));
  EXPECT_EQ(refused.Answer(), "refused");
  EXPECT_EQ(late.Answer(), "deadline at 4");
}

TEST_F(ApplyThreadTest, RunsATaskWhenAppliedIndexAndStateAreOfOneInstant) {
  Notebook<std::string> digests;
  Push({}, {MakeEntry(1, 1)});
  ASSERT_TRUE(apply_.PushTask([&](KeyValueStore& state) {
    EXPECT_EQ(state.digest(), std::to_string(state.applied().index.value()));
    digests.Write(state.digest());
  }));
  apply_.Start();
  apply_.DrainAndStop();
  EXPECT_EQ(digests.Read(), std::vector<std::string>{"1"});
  EXPECT_FALSE(apply_.PushTask([](KeyValueStore&) {})) << "stopped";
}

TEST_F(ApplyThreadTest, ChecksPointsAfterTheEntriesThatCameWithTheWish) {
  ApplyWork work;
  work.entries = {MakeEntry(1, 1), MakeEntry(2, 1)};
  work.state_change.checkpoint = true;
  ASSERT_TRUE(apply_.Push(std::move(work)));
  Push({}, {MakeEntry(3, 1)});
  apply_.Start();
  apply_.DrainAndStop();
  const std::vector<Input> told = Told();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(std::get<EntriesApplied>(told[0]).last_applied, LogIndex(2));
  EXPECT_EQ(std::get<StateCheckpointed>(told[1]).through, LogIndex(2));
  EXPECT_EQ(std::get<EntriesApplied>(told[2]).last_applied, LogIndex(3));
}

// Trap C1, C13: what waits behind a switch meets the new state, never the old one.
TEST_F(ApplyThreadTest, AppliesWhatCameAfterASwitchToTheNewState) {
  installer_.header.last_included = At(10);
  Push({}, {MakeEntry(1, 1)});
  Push({.mark_diverged = false,
        .checkpoint = false,
        .switch_to = At(10),
        .complete_install = false});
  Push({}, {MakeEntry(11, 1)});
  Push({.mark_diverged = false,
        .checkpoint = false,
        .switch_to = std::nullopt,
        .complete_install = true});
  apply_.Start();
  apply_.DrainAndStop();
  const std::vector<Input> told = Told();
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(std::get<EntriesApplied>(told[0]).last_applied, LogIndex(1));
  EXPECT_EQ(std::get<StateSwitched>(told[1]).last_included, At(10));
  EXPECT_EQ(std::get<EntriesApplied>(told[2]).last_applied, LogIndex(11));
  EXPECT_TRUE(std::holds_alternative<InstallCompleted>(told[3]));
  EXPECT_EQ(apply_.TakeState()->applied(), At(11));
}

TEST_F(ApplyThreadTest, ASwitchAnswersReadsThatWaitedForIt) {
  installer_.header.last_included = At(10);
  FakeClient client;
  const Ticket ticket = Add(client);
  ASSERT_TRUE(apply_.PushRead({.ticket = ticket, .read_index = LogIndex(7)}));
  Push({.mark_diverged = false,
        .checkpoint = false,
        .switch_to = At(10),
        .complete_install = false});
  apply_.Start();
  EXPECT_EQ(client.Answer(), "read at 10");
}

// A proposal whose index the snapshot covers may be in it or not.
TEST_F(ApplyThreadTest, ASwitchLeavesTheOutcomeOfProposalsBelowItUnknown) {
  installer_.header.last_included = At(10);
  FakeClient covered, later;
  const Ticket covered_ticket = Add(covered);
  const Ticket later_ticket = Add(later);
  Push({Appended(covered_ticket, 10, 1), Appended(later_ticket, 11, 1)}, {});
  Push({.mark_diverged = false,
        .checkpoint = false,
        .switch_to = At(10),
        .complete_install = false});
  Push({}, {MakeEntry(11, 1, "b")});
  apply_.Start();
  EXPECT_EQ(later.Answer(), "applied 11: did b");
  EXPECT_FALSE(covered.answered());
  EXPECT_EQ(calls_.Take(covered_ticket), &covered) << "it waits for its deadline";
}

TEST_F(ApplyThreadTest, StopsWhenTheStateCannotBeMadeDurable) {
  state_.checkpoint_failure = absl::InternalError("sync state-1/000003.log: input/output error");
  Push({.mark_diverged = false,
        .checkpoint = true,
        .switch_to = std::nullopt,
        .complete_install = false});
  apply_.Start();
  ASSERT_TRUE(fatal_.WaitForCount(1));
  apply_.DrainAndStop();
  EXPECT_TRUE(Told().empty());
}

TEST_F(ApplyThreadTest, StopsWhenTheStateCannotBeSwitched) {
  installer_.failure = absl::InternalError("rename state.tmp: input/output error");
  Push({.mark_diverged = false,
        .checkpoint = false,
        .switch_to = At(10),
        .complete_install = false});
  apply_.Start();
  ASSERT_TRUE(fatal_.WaitForCount(1));
  apply_.DrainAndStop();
  EXPECT_TRUE(Told().empty());
}

TEST_F(ApplyThreadTest, StopsOnAFailedApplyAndReportsNothingOfTheBatch) {
  state_.failure = "write state-1/000003.log: no space left on device";
  FakeClient client;
  const Ticket ticket = Add(client);
  apply_.Start();
  Push({Appended(ticket, 1, 1)}, {MakeEntry(1, 1)});
  ASSERT_TRUE(fatal_.WaitForCount(1));
  apply_.DrainAndStop();
  EXPECT_EQ(fatal_.Read().front().message(), state_.failure);
  EXPECT_FALSE(client.answered());
  inbox_.Close();
  std::vector<Input> turn;
  EXPECT_FALSE(inbox_.WaitAndTake(turn));
}

TEST_F(ApplyThreadTest, StopsWhenTheStateCannotBeRead) {
  state_.read_failure = absl::DataLossError("read state-1: checksum mismatch");
  FakeClient client;
  const Ticket ticket = Add(client);
  apply_.Start();
  ASSERT_TRUE(apply_.PushRead({.ticket = ticket, .read_index = LogIndex(0)}));
  ASSERT_TRUE(fatal_.WaitForCount(1));
  EXPECT_EQ(fatal_.Read().front().message(), "read state-1: checksum mismatch");
}

}  // namespace
}  // namespace raft
