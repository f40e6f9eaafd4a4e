// How entries, configurations and recovery plans are put into words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "raft/v1/key_value.pb.h"
#include "service/raftctl/entry_view.h"
#include "service/raftctl/recovery_view.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

LogEntry EntryOf(const v1::Command& command) {
  return {.index = LogIndex(7), .term = Term(2), .data = command.SerializeAsString()};
}

TEST(EntryViewTest, SaysWhatACommandWouldChange) {
  v1::Command put;
  put.mutable_put()->set_key("colour");
  put.mutable_put()->set_value("blue");
  EXPECT_EQ(DescribeEntry(EntryOf(put)), "put \"colour\" = \"blue\"");
  v1::Command remove;
  remove.mutable_delete_()->set_key("a\nb");
  EXPECT_EQ(DescribeEntry(EntryOf(remove)), "delete \"a\\nb\"");
  v1::Command cas;
  cas.mutable_compare_and_set()->set_key("k");
  cas.mutable_compare_and_set()->set_expected_revision(5);
  EXPECT_EQ(DescribeEntry(EntryOf(cas)), "cas \"k\" at revision 5 = \"\"");
  v1::Command range;
  range.mutable_delete_range()->set_start("a");
  EXPECT_EQ(DescribeEntry(EntryOf(range)), "delete from \"a\" up to the end");
  v1::Command transaction;
  transaction.mutable_transaction()->add_then();
  EXPECT_EQ(DescribeEntry(EntryOf(transaction)), "transaction: 0 compares, then 1, otherwise 0");
}

TEST(EntryViewTest, CutsWhatIsLongAndSurvivesWhatIsNoCommand) {
  EXPECT_EQ(Excerpt(std::string(10'000, 'v')), "\"" + std::string(40, 'v') + "...\" (10000 bytes)");
  LogEntry entry{.index = LogIndex(1), .term = Term(1), .data = "\xff\xff\xff"};
  EXPECT_EQ(DescribeEntry(entry), "a command that cannot be read");
  entry.data.clear();
  EXPECT_EQ(DescribeEntry(entry), "a command that this version does not know");
  entry.kind = EntryKind::kConfiguration;
  EXPECT_EQ(DescribeEntry(entry), "a configuration that this version does not know");
  entry.kind = EntryKind::kNoOp;
  EXPECT_EQ(DescribeEntry(entry), "");
}

Member VoterAt(std::uint64_t id, const std::string& address) {
  return {.server_id = ServerId(id), .incarnation = id, .peer_address = address};
}

TEST(EntryViewTest, NamesMembersTheirAddressesAndWhatTheyAre) {
  Member learner = VoterAt(3, "h3:1");
  learner.role = MemberRole::kLearner;
  const ClusterConfiguration before({VoterAt(1, "h1:1"), VoterAt(2, "h2:1")});
  EXPECT_EQ(DescribeConfiguration(before), "1=h1:1, 2=h2:1");
  const ClusterConfiguration joint(before, {VoterAt(1, "h1:1"), learner});
  EXPECT_EQ(DescribeConfiguration(joint), "1=h1:1, 2=h2:1 -> 1=h1:1, 3=h3:1 (learner)");
  EXPECT_EQ(DescribeTime(1'700'000'000'000), "2023-11-14T22:13:20Z");
}

// What is left of a cluster of three.
class RecoveryViewTest : public testing::Test {
 protected:
  void Survive(std::uint64_t id, std::uint64_t last, std::uint64_t applied) {
    DirectoryReport report;
    report.path = "/disk/" + std::to_string(id);
    report.identity.server_id = ServerId(id);
    report.promise.current_term = Term(4);
    report.last = {.index = LogIndex(last), .term = Term(3)};
    report.applied = {.index = LogIndex(applied), .term = Term(3)};
    report.digest = "digest-" + std::to_string(id);
    report.configuration.configuration =
        ClusterConfiguration({VoterAt(1, "h1:1"), VoterAt(2, "h2:1"), VoterAt(3, "h3:1")});
    SurvivorStanding standing;
    standing.position = reports_.size();
    plan_.survivors.push_back(standing);
    reports_.push_back(report);
  }
  void Choose(std::size_t survivor, std::uint64_t committed) {
    plan_.chosen = survivor;
    plan_.survivors[survivor].is_chosen = true;
    plan_.known_committed = {.index = LogIndex(committed), .term = Term(3)};
    plan_.chosen_last = reports_[survivor].last;
    plan_.highest_term = Term(4);
  }
  std::string Words() const { return DescribePlan(reports_, plan_); }

  std::vector<DirectoryReport> reports_;
  RecoveryPlan plan_;
};

TEST_F(RecoveryViewTest, OneOfThreeMayHaveLostWhatTheOthersAcknowledged) {
  Survive(2, /*last=*/120, /*applied=*/100);
  Choose(0, 100);
  plan_.later_terms_are_missing = true;
  EXPECT_THAT(Words(), HasSubstr("The best is server 2 in /disk/2."));
  EXPECT_THAT(Words(), HasSubstr("Certain: entries up to index 100"));
  EXPECT_THAT(Words(), HasSubstr("Uncertain: entries 101 to 120"));
  EXPECT_THAT(Words(), HasSubstr("Lost: whatever was acknowledged after index 120"));
  EXPECT_THAT(Words(), HasSubstr("Likely lost: a later term, up to 4"));
  EXPECT_THAT(Words(), Not(HasSubstr("Given up")));
}

TEST_F(RecoveryViewTest, AMajorityHasLostNothingAndIsToldToStartInstead) {
  Survive(1, /*last=*/120, /*applied=*/120);
  Survive(3, /*last=*/118, /*applied=*/110);
  Choose(0, 120);
  EXPECT_THAT(Words(), HasSubstr("Lost: nothing that was acknowledged"));
  EXPECT_THAT(Words(), HasSubstr("start them again"));
  EXPECT_THAT(Words(), Not(HasSubstr("Uncertain")));
}

TEST_F(RecoveryViewTest, WhatAnotherSurvivorHoldsBesidesIsNamed) {
  Survive(1, /*last=*/120, /*applied=*/90);
  Survive(3, /*last=*/118, /*applied=*/110);
  Choose(0, 110);
  plan_.survivors[1].given_up_from = LogIndex(115);
  EXPECT_THAT(Words(), HasSubstr("Given up: what server 3 holds from index 115 on, up to 118"));
}

TEST_F(RecoveryViewTest, AStateThatIsKnownToBeWrongIsCalledSo) {
  Survive(2, /*last=*/120, /*applied=*/100);
  Choose(0, 100);
  EXPECT_THAT(Words(), Not(HasSubstr("WRONG")));
  reports_[0].state_is_diverged = true;
  EXPECT_THAT(Words(), HasSubstr("WRONG: its state was found to be another"));
  EXPECT_THAT(SurvivorTable(reports_, plan_), HasSubstr("digest-2  diverged  yes"));
}

TEST_F(RecoveryViewTest, TheTableAndTheJsonNameEachSurvivorAndTheBest) {
  Survive(1, /*last=*/120, /*applied=*/90);
  Survive(3, /*last=*/118, /*applied=*/110);
  Choose(1, 110);
  const std::string table = SurvivorTable(reports_, plan_);
  EXPECT_THAT(table,
              HasSubstr("/disk/1    1       4     120         3          90       digest-1  -"));
  EXPECT_THAT(
      table,
      HasSubstr("/disk/3    3       4     118         3          110      digest-3  -      yes"));
  const std::string json = SurvivorJson(reports_, plan_);
  EXPECT_THAT(json, HasSubstr("\"server_id\":\"3\",\"term\":\"4\",\"last_index\":\"118\""));
  EXPECT_THAT(json,
              HasSubstr("\"certain_up_to\":\"110\",\"kept_up_to\":\"118\",\"majority\":\"yes\""));
}

}  // namespace
}  // namespace raft::ctl
