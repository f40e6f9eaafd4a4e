// Transactions: comparisons, the branch they choose, and operations that see each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state_fixture.h"

namespace raft {
namespace {

using raft::v1::Compare;
using raft::v1::Operation;
using testing::DeleteCommand;
using testing::PutCommand;

Operation PutOperation(const std::string& key, const std::string& value) {
  Operation operation;
  *operation.mutable_put() = PutCommand(key, value).put();
  return operation;
}

Operation GetOperation(const std::string& key) {
  Operation operation;
  operation.mutable_get()->set_key(key);
  return operation;
}

class TransactionTest : public testing::StateFixture {
 protected:
  // Whether one comparison holds, as a transaction sees it.
  bool Holds(const std::string& key, Compare::Target target, Compare::Relation relation,
             std::uint64_t number, const std::string& value = "") {
    raft::v1::Command command;
    Compare* compare = command.mutable_transaction()->add_compares();
    compare->set_key(key);
    compare->set_target(target);
    compare->set_relation(relation);
    compare->set_number(number);
    compare->set_value(value);
    return Apply(command).transaction().succeeded();
  }
};

TEST_F(TransactionTest, WithoutComparisonsDoesThen) {
  raft::v1::Command command;
  *command.mutable_transaction()->add_then() = PutOperation("k", "then");
  *command.mutable_transaction()->add_otherwise() = PutOperation("k", "otherwise");
  const auto result = Apply(command).transaction();
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.revision(), 1u);
  EXPECT_EQ(result.results(0).put().revision(), 1u);
  EXPECT_EQ(ValueOf("k"), "then");
}

TEST_F(TransactionTest, OneComparisonThatFailsChoosesOtherwise) {
  Apply(PutCommand("k", "v"));
  raft::v1::Command command;
  for (const std::uint64_t version : {1, 2}) {
    Compare* compare = command.mutable_transaction()->add_compares();
    compare->set_key("k");
    compare->set_target(Compare::TARGET_VERSION);
    compare->set_relation(Compare::RELATION_EQUAL);
    compare->set_number(version);
  }
  *command.mutable_transaction()->add_then() = PutOperation("k", "then");
  *command.mutable_transaction()->add_otherwise() = PutOperation("k", "otherwise");
  EXPECT_FALSE(Apply(command).transaction().succeeded());
  EXPECT_EQ(ValueOf("k"), "otherwise");
}

TEST_F(TransactionTest, ComparesTheNumbersOfAKey) {
  Apply(PutCommand("other", ""));
  Apply(PutCommand("k", "v"));
  Apply(PutCommand("k", "v"));  // created 2, modified 3, version 2
  EXPECT_TRUE(Holds("k", Compare::TARGET_CREATED_REVISION, Compare::RELATION_EQUAL, 2));
  EXPECT_TRUE(Holds("k", Compare::TARGET_MODIFIED_REVISION, Compare::RELATION_EQUAL, 3));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_EQUAL, 2));
  EXPECT_FALSE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_NOT_EQUAL, 2));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_LESS, 3));
  EXPECT_FALSE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_LESS, 2));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_GREATER, 1));
  EXPECT_FALSE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_GREATER, 2));
}

TEST_F(TransactionTest, ComparesValuesBytewise) {
  Apply(PutCommand("k", "b\x80"));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VALUE, Compare::RELATION_EQUAL, 0, "b\x80"));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VALUE, Compare::RELATION_GREATER, 0, "b\x7f"));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VALUE, Compare::RELATION_LESS, 0, "c"));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VALUE, Compare::RELATION_NOT_EQUAL, 0, ""));
}

TEST_F(TransactionTest, AnAbsentKeyHasNumbersOfZeroAndNoValue) {
  EXPECT_TRUE(Holds("k", Compare::TARGET_MODIFIED_REVISION, Compare::RELATION_EQUAL, 0));
  EXPECT_TRUE(Holds("k", Compare::TARGET_VERSION, Compare::RELATION_LESS, 1));
  for (const Compare::Relation relation : {Compare::RELATION_EQUAL, Compare::RELATION_NOT_EQUAL,
                                           Compare::RELATION_LESS, Compare::RELATION_GREATER}) {
    EXPECT_FALSE(Holds("k", Compare::TARGET_VALUE, relation, 0, ""));
  }
}

TEST_F(TransactionTest, EachOperationSeesTheEarlierOnes) {
  for (const char* key : {"a", "b", "c"}) Apply(PutCommand(key, "old"));
  raft::v1::Command command;
  auto* then = command.mutable_transaction()->mutable_then();
  *then->Add() = GetOperation("d");
  *then->Add() = PutOperation("d", "new");
  *then->Add() = GetOperation("d");
  *then->Add()->mutable_delete_() = DeleteCommand("a").delete_();
  then->Add()->mutable_delete_range()->set_start("b");
  (*then)[4].mutable_delete_range()->set_end("c");
  then->Add()->mutable_scan();
  const auto result = Apply(command).transaction();
  ASSERT_EQ(result.results_size(), 6);
  EXPECT_EQ(result.results(0).get().items_size(), 0);
  EXPECT_EQ(result.results(2).get().items(0).value(), "new");
  EXPECT_EQ(result.results(2).get().items(0).created_revision(), 4u);
  EXPECT_EQ(result.results(3).delete_().deleted(), 1u);
  EXPECT_EQ(result.results(4).delete_range().deleted(), 1u);
  ASSERT_EQ(result.results(5).scan().items_size(), 2);
  EXPECT_EQ(result.results(5).scan().items(0).key(), "c");
  EXPECT_EQ(result.results(5).scan().items(1).key(), "d");
}

TEST_F(TransactionTest, ItsDeletedRangesShareOneLimit) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= kDeletedKeysMax; ++index) {
    const std::string half = index % 2 == 0 ? "a" : "b";
    entries.push_back(
        testing::MakeCommandEntry(index, PutCommand(half + std::to_string(index), "")));
  }
  entries.push_back(testing::MakeCommandEntry(kDeletedKeysMax + 1, PutCommand("b", "")));
  ASSERT_FALSE(state_->Apply(entries).failure.has_value());
  raft::v1::Command command;
  command.mutable_transaction()->add_then()->mutable_delete_range()->set_end("b");
  command.mutable_transaction()->add_then()->mutable_delete_range()->set_start("b");
  const auto result = Apply(command).transaction();
  EXPECT_EQ(result.results(0).delete_range().deleted(), kDeletedKeysMax / 2);
  EXPECT_FALSE(result.results(0).delete_range().more());
  EXPECT_EQ(result.results(1).delete_range().deleted(), kDeletedKeysMax / 2);
  EXPECT_TRUE(result.results(1).delete_range().more());
  EXPECT_EQ(state_->key_count(), 1u);
}

// Trap G6: a small command must not have an answer that no memory holds, on every server at once.
TEST_F(TransactionTest, AllAnswersOfABranchShareOnePage) {
  const std::string value(600'000, 'v');
  Apply(PutCommand("k", value));
  raft::v1::Command command;
  for (int number = 0; number < 3; ++number) {
    *command.mutable_transaction()->add_then() = GetOperation("k");
  }
  command.mutable_transaction()->add_then()->mutable_scan();
  const auto result = Apply(command).transaction();
  ASSERT_EQ(result.results_size(), 4);
  EXPECT_EQ(result.results(0).get().items_size(), 1);
  EXPECT_FALSE(result.results(0).get().more());
  for (const auto& crowded_out : {result.results(1).get(), result.results(3).scan()}) {
    EXPECT_EQ(crowded_out.items_size(), 0);
    EXPECT_TRUE(crowded_out.more());
  }
}

TEST_F(TransactionTest, ABatchEndsWhereItsAnswersBecomeLarge) {
  Apply(PutCommand("k", std::string(1'000'000, 'v')));
  raft::v1::Command command;
  *command.mutable_transaction()->add_then() = GetOperation("k");
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t number = 1; number <= 40; ++number) {
    entries.push_back(testing::MakeCommandEntry(revision() + number, command));
  }
  const ApplyOutcome outcome = state_->Apply(entries);
  ASSERT_FALSE(outcome.failure.has_value());
  EXPECT_EQ(outcome.results.size(), 9u);  // the first that comes to 8 MiB
  EXPECT_EQ(state_->applied().index, entries[8]->index);
}

}  // namespace
}  // namespace raft
