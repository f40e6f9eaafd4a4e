// What a client may ask for: every limit from both sides, every rule, every kind of another
// version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builders.h"
#include "google/protobuf/unknown_field_set.h"
#include "persistence/key_value_store.h"

namespace raft {
namespace {

using raft::v1::Command;
using raft::v1::Compare;
using raft::v1::Operation;
using raft::v1::Query;
using testing::CompareAndSetCommand;
using testing::DeleteCommand;
using testing::DeleteRangeCommand;
using ::testing::HasSubstr;
using testing::PutCommand;

const KeyValueLimits kLimits;

void ExpectAccepted(const Command& command) {
  const absl::Status status = ValidateCommand(command, kLimits);
  EXPECT_TRUE(status.ok()) << status;
}

void ExpectInvalid(const absl::Status& status, const std::string& words) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(words));
}

void ExpectInvalid(const Command& command, const std::string& words) {
  ExpectInvalid(ValidateCommand(command, kLimits), words);
}

Command TransactionOf(const std::vector<Operation>& then) {
  Command command;
  command.mutable_transaction();
  for (const Operation& operation : then) *command.mutable_transaction()->add_then() = operation;
  return command;
}

Operation Putting(const std::string& key) {
  Operation operation;
  *operation.mutable_put() = PutCommand(key, "v").put();
  return operation;
}

Operation Deleting(const std::string& key) {
  Operation operation;
  operation.mutable_delete_()->set_key(key);
  return operation;
}

Operation DeletingRange(const std::string& start, const std::string& end) {
  Operation operation;
  *operation.mutable_delete_range() = DeleteRangeCommand(start, end).delete_range();
  return operation;
}

Query ScanQuery(const std::string& start, const std::string& end, std::uint32_t limit) {
  Query query;
  query.mutable_scan()->set_start(start);
  query.mutable_scan()->set_end(end);
  query.mutable_scan()->set_limit(limit);
  return query;
}

TEST(ValidateCommandTest, KeysHaveOneByteUpToTheLimit) {
  for (const std::string& key : {std::string("k"), std::string(kLimits.key_bytes_max, 'k')}) {
    ExpectAccepted(PutCommand(key, "v"));
    ExpectAccepted(DeleteCommand(key));
    ExpectAccepted(CompareAndSetCommand(key, 0, "v"));
  }
  const std::string too_long(kLimits.key_bytes_max + 1, 'k');
  for (const std::string& key : {std::string(), too_long}) {
    const std::string words =
        key.empty() ? "key is empty" : "key has 4097 bytes; the limit key_bytes_max is 4096";
    ExpectInvalid(PutCommand(key, "v"), words);
    ExpectInvalid(DeleteCommand(key), words);
    ExpectInvalid(CompareAndSetCommand(key, 0, "v"), words);
    ExpectInvalid(TransactionOf({Putting(key)}), words);
    ExpectInvalid(TransactionOf({Deleting(key)}), words);
  }
}

TEST(ValidateCommandTest, ValuesHaveZeroBytesUpToTheLimit) {
  for (const std::size_t size :
       {std::size_t{0}, kLimits.value_bytes_max - 1, kLimits.value_bytes_max}) {
    ExpectAccepted(PutCommand("k", std::string(size, 'v')));
    ExpectAccepted(CompareAndSetCommand("k", 0, std::string(size, 'v')));
  }
  const std::string too_long(kLimits.value_bytes_max + 1, 'v');
  ExpectInvalid(PutCommand("k", too_long), "value has 1048577 bytes; the limit value_bytes_max");
  ExpectInvalid(CompareAndSetCommand("k", 0, too_long), "value has 1048577 bytes");
}

TEST(ValidateCommandTest, TheWholeCommandHasALimit) {
  Command command = TransactionOf({Putting("a"), Putting("b")});
  for (Operation& operation : *command.mutable_transaction()->mutable_then()) {
    operation.mutable_put()->set_value(std::string(kLimits.value_bytes_max, 'v'));
  }
  ExpectInvalid(command, "the limit command_bytes_max is 1572864");
}

TEST(ValidateCommandTest, RangesAreNotReversed) {
  ExpectAccepted(DeleteRangeCommand("", ""));
  ExpectAccepted(DeleteRangeCommand("a", "a"));
  ExpectAccepted(DeleteRangeCommand("z", ""));
  ExpectInvalid(DeleteRangeCommand("b", "a"), "range is reversed");
  ExpectInvalid(TransactionOf({DeletingRange("b", "a")}), "range is reversed");
  // The key after the longest key is one byte longer, and a page may begin there.
  ExpectAccepted(DeleteRangeCommand(std::string(kLimits.key_bytes_max + 1, 'k'), ""));
  ExpectInvalid(DeleteRangeCommand(std::string(kLimits.key_bytes_max + 2, 'k'), ""), "start has");
}

TEST(ValidateCommandTest, AKindMustBeSet) {
  ExpectInvalid(Command(), "command sets no kind");
  ExpectInvalid(TransactionOf({Operation()}), "operation sets no kind");
}

TEST(ValidateCommandTest, AComparisonNeedsKeyTargetAndRelation) {
  Command command;
  Compare* compare = command.mutable_transaction()->add_compares();
  compare->set_key("k");
  ExpectInvalid(command, "sets no target");
  compare->set_target(Compare::TARGET_VERSION);
  ExpectInvalid(command, "sets no relation");
  compare->set_relation(Compare::RELATION_EQUAL);
  ExpectAccepted(command);
  compare->clear_key();
  ExpectInvalid(command, "key is empty");
}

TEST(ValidateCommandTest, TransactionsAreLimitedInCount) {
  std::vector<Operation> operations;
  for (std::size_t count = 0; count < kLimits.transaction_operations_max; ++count) {
    operations.push_back(Putting(std::to_string(count)));
  }
  ExpectAccepted(TransactionOf(operations));
  operations.push_back(Putting("one more"));
  ExpectInvalid(TransactionOf(operations), "129 operations in branch then; the limit");
  Command otherwise;
  for (const Operation& operation : operations) {
    *otherwise.mutable_transaction()->add_otherwise() = operation;
  }
  ExpectInvalid(otherwise, "129 operations in branch otherwise");
  Command compares;
  for (std::size_t count = 0; count <= kLimits.transaction_compares_max; ++count) {
    Compare* compare = compares.mutable_transaction()->add_compares();
    compare->set_key("k");
    compare->set_target(Compare::TARGET_VERSION);
    compare->set_relation(Compare::RELATION_EQUAL);
  }
  ExpectInvalid(compares, "129 compares; the limit transaction_compares_max is 128");
}

TEST(ValidateCommandTest, AKeyIsWrittenOncePerBranch) {
  ExpectAccepted(TransactionOf({Putting("a"), Putting("b"), Deleting("c")}));
  ExpectAccepted(TransactionOf({DeletingRange("b", "d"), Putting("a"), Putting("d")}));
  ExpectAccepted(TransactionOf({DeletingRange("b", "b"), Putting("b")}));
  const std::string words = "more than once in branch then";
  ExpectInvalid(TransactionOf({Putting("a"), Putting("b"), Putting("a")}), words);
  ExpectInvalid(TransactionOf({Putting("a"), Deleting("a")}), words);
  ExpectInvalid(TransactionOf({Putting("c"), DeletingRange("b", "d")}), words);
  ExpectInvalid(TransactionOf({DeletingRange("b", ""), Putting("z")}), words);
  ExpectInvalid(TransactionOf({DeletingRange("a", "c"), DeletingRange("b", "d")}), words);
  ExpectInvalid(TransactionOf({DeletingRange("a", "z"), Putting("A"), DeletingRange("", "b")}),
                words);
}

TEST(ValidateCommandTest, TheSameKeyInBothBranchesIsFine) {
  Command command = TransactionOf({Putting("a")});
  *command.mutable_transaction()->add_otherwise() = Putting("a");
  ExpectAccepted(command);
}

TEST(ValidateCommandTest, WhatAnotherVersionMeansIsNotIgnored) {
  Command opaque;
  opaque.set_opaque("mine");
  EXPECT_TRUE(absl::IsUnimplemented(ValidateCommand(opaque, kLimits)));

  Command future_kind;
  future_kind.GetReflection()->MutableUnknownFields(&future_kind)->AddVarint(6, 1);
  EXPECT_TRUE(absl::IsUnimplemented(ValidateCommand(future_kind, kLimits)));

  Command future_field = PutCommand("k", "v");
  auto* put = future_field.mutable_put();
  put->GetReflection()->MutableUnknownFields(put)->AddVarint(3, 1);
  const absl::Status status = ValidateCommand(future_field, kLimits);
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("put sets field 3"));

  Command future_operation = TransactionOf({Putting("k")});
  auto* operation = future_operation.mutable_transaction()->mutable_then(0);
  operation->GetReflection()->MutableUnknownFields(operation)->AddVarint(6, 1);
  EXPECT_TRUE(absl::IsUnimplemented(ValidateCommand(future_operation, kLimits)));

  Command future_target;
  Compare* compare = future_target.mutable_transaction()->add_compares();
  compare->set_key("k");
  compare->set_target(static_cast<Compare::Target>(9));
  EXPECT_TRUE(absl::IsUnimplemented(ValidateCommand(future_target, kLimits)));
}

TEST(ValidateQueryTest, AGetNeedsAKeyWithinTheLimit) {
  Query query;
  query.mutable_get()->set_key("k");
  EXPECT_TRUE(ValidateQuery(query, kLimits).ok());
  query.mutable_get()->set_key("");
  ExpectInvalid(ValidateQuery(query, kLimits), "key is empty");
  query.mutable_get()->set_key(std::string(kLimits.key_bytes_max + 1, 'k'));
  ExpectInvalid(ValidateQuery(query, kLimits), "4097 bytes");
}

TEST(ValidateQueryTest, AScanMayBeWithoutEndAndWithoutLimit) {
  EXPECT_TRUE(ValidateQuery(ScanQuery("", "", 0), kLimits).ok());
  EXPECT_TRUE(ValidateQuery(ScanQuery("a", "a", kLimits.scan_limit_max), kLimits).ok());
  ExpectInvalid(ValidateQuery(ScanQuery("b", "a", 0), kLimits), "range is reversed");
  ExpectInvalid(ValidateQuery(ScanQuery("", "", kLimits.scan_limit_max + 1), kLimits),
                "limit of 10001 items a page; the limit scan_limit_max is 10000");
}

TEST(ValidateQueryTest, AKindMustBeSetAndKnown) {
  ExpectInvalid(ValidateQuery(Query(), kLimits), "query sets no kind");
  Query opaque;
  opaque.set_opaque("mine");
  EXPECT_TRUE(absl::IsUnimplemented(ValidateQuery(opaque, kLimits)));
  Query future;
  future.mutable_get()->set_key("k");
  future.GetReflection()->MutableUnknownFields(&future)->AddVarint(3, 1);
  EXPECT_TRUE(absl::IsUnimplemented(ValidateQuery(future, kLimits)));
}

TEST(ValidateQueryTest, ScansInTransactionsKeepTheSameLimits) {
  Operation operation;
  *operation.mutable_scan() = ScanQuery("", "", kLimits.scan_limit_max + 1).scan();
  ExpectInvalid(TransactionOf({operation}), "scan_limit_max");
  operation.mutable_get()->set_key("");
  ExpectInvalid(TransactionOf({operation}), "key is empty");
}

}  // namespace
}  // namespace raft
