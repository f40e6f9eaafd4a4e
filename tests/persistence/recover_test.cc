// Which survivor of a lost majority is taken, what is certain and what is not, and what comes of
// it.
#include "persistence/recover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/raft_server.h"
#include "stopped_server.h"

namespace raft {
namespace {

using testing::Describe;
using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeConfigurationEntry;
using testing::MakeEntry;
using testing::MakeStopped;
using testing::PutEntries;
using testing::RunningServer;
using testing::StartIn;
using testing::StoppedServer;
using testing::TestFounding;
using testing::Together;
using testing::TreeOf;

LogPosition At(std::uint64_t index, std::uint64_t term) {
  return {.index = LogIndex(index), .term = Term(term)};
}

class RecoverTest : public ::testing::Test {
 protected:
  std::string PathOf(std::uint64_t id) const {
    return scratch_.Path("server-" + std::to_string(id));
  }
  // Inspects the directories of these servers, in this order.
  std::vector<std::unique_ptr<InspectedDirectory>> Survivors(
      const std::vector<StoppedServer>& servers) {
    std::vector<std::unique_ptr<InspectedDirectory>> survivors;
    for (const StoppedServer& server : servers) {
      MakeStopped(PathOf(server.id), server);
      absl::StatusOr<std::unique_ptr<InspectedDirectory>> inspected =
          InspectDirectory(PathOf(server.id));
      EXPECT_TRUE(inspected.ok()) << inspected.status();
      survivors.push_back(*std::move(inspected));
    }
    return survivors;
  }
  RecoveryPlan Plan(const std::vector<StoppedServer>& servers) {
    absl::StatusOr<RecoveryPlan> plan = PlanRecovery(Survivors(servers));
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.value_or(RecoveryPlan{});
  }
  static void ExpectRefused(const absl::Status& status, absl::StatusCode code,
                            const std::string& words) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
  NewServer Server() const {
    return {.directory = new_, .server_id = ServerId(2), .peer_address = "server-2:7001"};
  }

  testing::ScratchDirectory scratch_;
  const std::string new_ = scratch_.Path("new");
};

TEST_F(RecoverTest, TheLongestLogOfTheHighestLastTermIsTaken) {
  const RecoveryPlan plan =
      Plan({{.id = 1, .term = 2, .entries = PutEntries(1, 9, 2), .applied = 3},
            {.id = 2, .term = 3, .entries = Together(PutEntries(1, 4, 2), PutEntries(5, 6, 3))},
            {.id = 3, .term = 3, .entries = Together(PutEntries(1, 4, 2), PutEntries(5, 5, 3))}});
  EXPECT_EQ(plan.chosen, 1u);
  EXPECT_EQ(plan.known_committed, At(3, 2));
  EXPECT_EQ(plan.chosen_last, At(6, 3));
  EXPECT_EQ(plan.highest_term, Term(3));
  EXPECT_FALSE(plan.later_terms_are_missing);
  ASSERT_EQ(plan.survivors.size(), 3u);
  EXPECT_EQ(plan.survivors[0].given_up_from, LogIndex(5));
  EXPECT_EQ(plan.survivors[1].given_up_from, std::nullopt);
  EXPECT_EQ(plan.survivors[2].given_up_from, std::nullopt) << "a part of the chosen log";
  EXPECT_TRUE(plan.survivors[1].is_chosen && !plan.survivors[0].is_chosen);
}

// A leader of term 3 was deposed before anybody followed it; what the leader of term 4 committed is
// of term 2, and its own entries are lost with the majority.
TEST_F(RecoverTest, WhatIsKnownToBeCommittedOutweighsALaterLastTerm) {
  const RecoveryPlan plan =
      Plan({{.id = 1, .term = 4, .entries = PutEntries(1, 10, 2), .applied = 10},
            {.id = 2, .term = 4, .entries = Together(PutEntries(1, 7, 2), PutEntries(8, 8, 3))}});
  EXPECT_EQ(plan.chosen, 0u);
  EXPECT_EQ(plan.known_committed, At(10, 2));
  EXPECT_TRUE(plan.survivors[0].holds_known_committed);
  EXPECT_FALSE(plan.survivors[1].holds_known_committed);
  EXPECT_EQ(plan.survivors[1].given_up_from, LogIndex(8));
  EXPECT_TRUE(plan.later_terms_are_missing);
}

TEST_F(RecoverTest, OfEqualLogsTheOneThatAppliedMoreIsTakenThenTheLowerId) {
  const std::vector<LogEntryPointer> entries = PutEntries(1, 5, 1);
  EXPECT_EQ(Plan({{.id = 1, .entries = entries, .applied = 2},
                  {.id = 2, .entries = entries, .applied = 4}})
                .chosen,
            1u);
  EXPECT_EQ(Plan({{.id = 6, .entries = entries, .applied = 4},
                  {.id = 5, .entries = entries, .applied = 4}})
                .chosen,
            1u);
}

TEST_F(RecoverTest, ATrimmedLogHoldsWhatLiesBelowItsBase) {
  const RecoveryPlan plan =
      Plan({{.id = 1, .entries = PutEntries(1, 4, 1), .applied = 2},
            {.id = 2, .entries = PutEntries(1, 6, 1), .applied = 5, .base = 4}});
  EXPECT_EQ(plan.chosen, 1u);
  EXPECT_EQ(plan.known_committed, At(5, 1));
  EXPECT_EQ(plan.survivors[0].given_up_from, std::nullopt);
}

TEST_F(RecoverTest, WhatCannotBePlannedIsRefused) {
  ExpectRefused(PlanRecovery({}).status(), absl::StatusCode::kInvalidArgument, "no directory");
  auto survivors = Survivors({{.id = 1}});
  MakeStopped(scratch_.Path("again"), {.id = 1});
  survivors.push_back(*InspectDirectory(scratch_.Path("again")));
  ExpectRefused(PlanRecovery(survivors).status(), absl::StatusCode::kInvalidArgument,
                "both of server 1");
  survivors.pop_back();
  { const auto born = *DataDirectory::Open(scratch_.Path("forming"), ServerId(3), 0); }
  survivors.push_back(*InspectDirectory(scratch_.Path("forming")));
  ExpectRefused(PlanRecovery(survivors).status(), absl::StatusCode::kFailedPrecondition,
                "belongs to no cluster yet");
  survivors.pop_back();
  FoundingConfiguration other = TestFounding();
  other.cluster_id = "another cluster!";
  MakeStopped(scratch_.Path("other"), {.id = 2}, other);
  survivors.push_back(*InspectDirectory(scratch_.Path("other")));
  ExpectRefused(PlanRecovery(survivors).status(), absl::StatusCode::kFailedPrecondition,
                "give directories of one cluster only");
}

TEST_F(RecoverTest, StatesThatContradictEachOtherAreRefused) {
  const std::vector<LogEntryPointer> other = Together(
      PutEntries(1, 2, 1), {MakeEntry(3, 1, testing::PutCommand("key", "x").SerializeAsString())});
  ExpectRefused(PlanRecovery(Survivors({{.id = 1, .entries = PutEntries(1, 3, 1), .applied = 3},
                                        {.id = 2, .entries = other, .applied = 3}}))
                    .status(),
                absl::StatusCode::kFailedPrecondition, "hold different states at index 3");
}

TEST_F(RecoverTest, AMarkedStateIsTakenOnlyWhenThereIsNoOther) {
  const std::vector<LogEntryPointer> other = Together(
      PutEntries(1, 2, 1), {MakeEntry(3, 1, testing::PutCommand("key", "x").SerializeAsString())});
  const StoppedServer marked{
      .id = 1, .entries = Together(other, PutEntries(4, 6, 1)), .applied = 3, .is_diverged = true};
  const RecoveryPlan plan = Plan({marked, {.id = 2, .entries = PutEntries(1, 3, 1), .applied = 3}});
  EXPECT_EQ(plan.chosen, 1u) << "although its log is shorter";
  std::filesystem::remove_all(PathOf(1));
  EXPECT_EQ(Plan({marked}).chosen, 0u);
}

TEST_F(RecoverTest, AMarkedStateThatAloneHoldsWhatWasCommittedIsLeftToTheOperator) {
  ExpectRefused(
      PlanRecovery(
          Survivors({{.id = 1, .entries = PutEntries(1, 5, 1), .applied = 5, .is_diverged = true},
                     {.id = 2, .entries = PutEntries(1, 4, 1), .applied = 3}}))
          .status(),
      absl::StatusCode::kFailedPrecondition, "leave it out and lose what the others lack");
}

TEST_F(RecoverTest, AnAppliedEntryThatTheFurthestLacksIsRefused) {
  ExpectRefused(
      PlanRecovery(Survivors({{.id = 1, .term = 2, .entries = PutEntries(1, 3, 1), .applied = 3},
                              {.id = 2,
                               .term = 2,
                               .entries = Together(PutEntries(1, 2, 1), PutEntries(3, 5, 2)),
                               .applied = 5}}))
          .status(),
      absl::StatusCode::kFailedPrecondition, "does not hold it");
}

TEST_F(RecoverTest, TheNewClusterHasLogAndStateOfTheChosenAndOneMember) {
  const std::vector<LogEntryPointer> entries = Together(
      PutEntries(1, 4, 2), Together({MakeConfigurationEntry(5, 3, 1)}, PutEntries(6, 8, 3)));
  const auto survivors =
      Survivors({{.id = 1, .term = 6, .entries = entries, .applied = 6, .base = 3},
                 {.id = 3, .term = 9, .entries = PutEntries(1, 2, 2)}});
  const auto before = TreeOf(PathOf(1));
  const RecoveryPlan plan = *PlanRecovery(survivors);
  const auto report = RecoverInto(*survivors[plan.chosen], plan, Server());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(TreeOf(PathOf(1)), before) << "the survivor was changed";
  EXPECT_EQ(report->applied, At(6, 3));
  EXPECT_EQ(report->configuration, At(9, 10)) << "above every promise";
  const RunningServer server = StartIn(new_, 2);
  const RecoveredState& recovered = server.server.recovered;
  EXPECT_EQ(recovered.base, At(3, 2));
  EXPECT_EQ(recovered.log_time_ms, kFoundingTimeMs + 3);
  EXPECT_EQ(recovered.applied, At(6, 3));
  EXPECT_EQ(recovered.promise, (Promise{.current_term = Term(10), .voted_for = ServerId(2)}));
  const FoundingConfiguration& founding = server.directory->identity().founding;
  EXPECT_NE(founding.cluster_id, TestFounding().cluster_id);
  EXPECT_EQ(founding.log_time_ms, kFoundingTimeMs);
  EXPECT_EQ(recovered.entries.back()->data, ConfigurationOf(founding).Encode());
  EXPECT_EQ(recovered.entries.back()->log_time_ms, kFoundingTimeMs + 8);
  std::vector<LogEntryPointer> kept = recovered.entries;
  kept.pop_back();
  EXPECT_EQ(Describe(kept), Describe({entries.begin() + 3, entries.end()}));
  EXPECT_EQ(server.server.state->digest(), survivors[0]->report().digest);
}

TEST_F(RecoverTest, ALogOfManyWritesIsTakenOverWhole) {
  const auto survivors = Survivors({{.id = 1, .entries = PutEntries(1, 2500, 1), .applied = 7}});
  const RecoveryPlan plan = *PlanRecovery(survivors);
  ASSERT_TRUE(RecoverInto(*survivors[0], plan, Server()).ok());
  EXPECT_EQ(StartIn(new_, 2).server.recovered.entries.size(), 2501u);
}

TEST_F(RecoverTest, ASurvivorThatAppliedNothingIsRecoveredToo) {
  for (const std::vector<LogEntryPointer>& entries : {PutEntries(1, 2, 1), PutEntries(1, 0, 1)}) {
    std::filesystem::remove_all(PathOf(1));
    std::filesystem::remove_all(new_);
    const auto survivors = Survivors({{.id = 1, .entries = entries}});
    const RecoveryPlan plan = *PlanRecovery(survivors);
    const auto report = RecoverInto(*survivors[0], plan, Server());
    ASSERT_TRUE(report.ok()) << report.status();
    const RunningServer server = StartIn(new_, 2);
    EXPECT_EQ(server.server.recovered.applied, LogPosition{});
    EXPECT_EQ(server.server.recovered.entries.size(), entries.size() + 1);
    EXPECT_EQ(server.server.state->digest(), survivors[0]->report().digest);
  }
}

TEST_F(RecoverTest, OnlyAnEmptyDirectoryIsTaken) {
  const auto survivors = Survivors({{.id = 1, .entries = PutEntries(1, 2, 1), .applied = 1}});
  const RecoveryPlan plan = *PlanRecovery(survivors);
  NewServer server = Server();
  MakeStopped(PathOf(4), {.id = 4});
  server.directory = PathOf(4);
  ExpectRefused(RecoverInto(*survivors[0], plan, server).status(),
                absl::StatusCode::kFailedPrecondition, "it is not empty");
  // The survivor itself is being looked at, and so is in use.
  server.directory = PathOf(1);
  EXPECT_TRUE(absl::IsFailedPrecondition(RecoverInto(*survivors[0], plan, server).status()));
}

// With an old configuration of three in the state and a newer one in the log.
TEST_F(RecoverTest, TheServerLeadsItsNewClusterAloneAndCommitsWhatItTookOver) {
  const std::string three = ClusterConfiguration({ServerId(1), ServerId(2), ServerId(3)}).Encode();
  const std::vector<LogEntryPointer> entries = {
      PutEntries(1, 1, 1)[0], MakeEntry(2, 1, three, EntryKind::kConfiguration),
      PutEntries(3, 3, 1)[0], MakeConfigurationEntry(4, 1, 9), PutEntries(5, 5, 1)[0]};
  const auto survivors = Survivors({{.id = 1, .entries = entries, .applied = 3}});
  const RecoveryPlan plan = *PlanRecovery(survivors);
  ASSERT_TRUE(RecoverInto(*survivors[0], plan, Server()).ok());
  const RunningServer opened = StartIn(new_, 2);
  RaftServer server(ServerId(2), opened.server.configuration, RaftOptions{}, /*random_seed=*/1,
                    opened.server.recovered);
  for (int tick = 0; tick < 1000 && server.status().commit_index < LogIndex(7); ++tick) {
    server.Step(Tick{});
    const Effects effects = server.TakeEffects();
    if (effects.persist) server.Step(WritePersisted{effects.persist->sequence});
  }
  EXPECT_EQ(server.status().commit_index, LogIndex(7));
}

}  // namespace
}  // namespace raft
