#include "persistence/key_value_rules.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "google/protobuf/unknown_field_set.h"
#include "persistence/key_value_store.h"

namespace raft {
namespace {

using raft::v1::Command;
using raft::v1::Compare;
using raft::v1::Operation;
using raft::v1::Query;
using raft::v1::Scan;
using raft::v1::Transaction;

// The first status that is not OK.
template <typename... Rest>
absl::Status First(absl::Status first, const Rest&... rest) {
  ((first.ok() ? static_cast<void>(first = rest) : static_cast<void>(0)), ...);
  return first;
}

absl::Status Refused(const std::string& message) { return absl::InvalidArgumentError(message); }

// --- Understanding -------------------------------------------------------------------------------

// A field that this version has no name for asks for something it would not do.
template <typename Message>
absl::Status KnownFields(const Message& message, const char* name) {
  const google::protobuf::UnknownFieldSet& unknown =
      message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) return absl::OkStatus();
  return absl::UnimplementedError(
      std::string(name) + " sets field " + std::to_string(unknown.field(0).number()) +
      ", which this server does not know; it may need a newer server version");
}

absl::Status NoKind(const char* name, const char* kinds) {
  return Refused(std::string(name) + " sets no kind; set one of " + kinds);
}

absl::Status OpaqueIsNotSupported(const char* name) {
  return absl::UnimplementedError(std::string(name) +
                                  ".opaque is not supported by this server version");
}

absl::Status UnderstoodCompare(const Compare& compare) {
  if (!Compare::Target_IsValid(compare.target()) ||
      !Compare::Relation_IsValid(compare.relation())) {
    return absl::UnimplementedError(
        "compare sets a target or relation that this server does not know");
  }
  if (compare.target() == Compare::TARGET_UNSPECIFIED) {
    return Refused("compare sets no target; say what of the key is compared");
  }
  if (compare.relation() == Compare::RELATION_UNSPECIFIED) {
    return Refused("compare sets no relation; say how it is compared");
  }
  return KnownFields(compare, "compare");
}

absl::Status UnderstoodOperation(const Operation& operation) {
  if (absl::Status status = KnownFields(operation, "operation"); !status.ok()) return status;
  switch (operation.kind_case()) {
    case Operation::kPut:
      return KnownFields(operation.put(), "put");
    case Operation::kDelete:
      return KnownFields(operation.delete_(), "delete");
    case Operation::kDeleteRange:
      return KnownFields(operation.delete_range(), "delete_range");
    case Operation::kGet:
      return KnownFields(operation.get(), "get");
    case Operation::kScan:
      return KnownFields(operation.scan(), "scan");
    case Operation::KIND_NOT_SET:
      break;
  }
  return NoKind("operation", "put, delete, delete_range, get, scan");
}

absl::Status UnderstoodTransaction(const Transaction& transaction) {
  absl::Status status = KnownFields(transaction, "transaction");
  for (const Compare& compare : transaction.compares()) {
    if (status.ok()) status = UnderstoodCompare(compare);
  }
  for (const auto* branch : {&transaction.then(), &transaction.otherwise()}) {
    for (const Operation& operation : *branch) {
      if (status.ok()) status = UnderstoodOperation(operation);
    }
  }
  return status;
}

// --- Limits --------------------------------------------------------------------------------------

absl::Status SizeWithin(const char* what, std::size_t size, const char* limit_name,
                        std::size_t limit) {
  if (size <= limit) return absl::OkStatus();
  return Refused(std::string(what) + " has " + std::to_string(size) + " bytes; the limit " +
                 limit_name + " is " + std::to_string(limit));
}

absl::Status CountWithin(const char* what, int count, const char* limit_name, std::size_t limit) {
  if (static_cast<std::size_t>(count) <= limit) return absl::OkStatus();
  return Refused("transaction has " + std::to_string(count) + " " + what + "; the limit " +
                 limit_name + " is " + std::to_string(limit));
}

absl::Status ValidKey(const std::string& key, const KeyValueLimits& limits) {
  if (key.empty()) return Refused("key is empty; it needs at least 1 byte");
  return SizeWithin("key", key.size(), "key_bytes_max", limits.key_bytes_max);
}

absl::Status ValidValue(const std::string& value, const KeyValueLimits& limits) {
  return SizeWithin("value", value.size(), "value_bytes_max", limits.value_bytes_max);
}

// One byte more than a key: "the key after this one" is this one and a zero byte.
absl::Status ValidRange(const std::string& start, const std::string& end,
                        const KeyValueLimits& limits) {
  const std::size_t limit = limits.key_bytes_max + 1;
  absl::Status status = First(SizeWithin("start", start.size(), "key_bytes_max + 1", limit),
                              SizeWithin("end", end.size(), "key_bytes_max + 1", limit));
  if (status.ok() && !end.empty() && end < start) {
    return Refused("range is reversed: start is after end; an empty end means no end");
  }
  return status;
}

absl::Status ValidScan(const Scan& scan, const KeyValueLimits& limits) {
  if (scan.limit() > limits.scan_limit_max) {
    return Refused("scan asks for a limit of " + std::to_string(scan.limit()) +
                   " items a page; the limit scan_limit_max is " +
                   std::to_string(limits.scan_limit_max));
  }
  return ValidRange(scan.start(), scan.end(), limits);
}

absl::Status ValidOperation(const Operation& operation, const KeyValueLimits& limits) {
  switch (operation.kind_case()) {
    case Operation::kPut:
      return First(ValidKey(operation.put().key(), limits),
                   ValidValue(operation.put().value(), limits));
    case Operation::kDelete:
      return ValidKey(operation.delete_().key(), limits);
    case Operation::kDeleteRange:
      return ValidRange(operation.delete_range().start(), operation.delete_range().end(), limits);
    case Operation::kGet:
      return ValidKey(operation.get().key(), limits);
    case Operation::kScan:
      return ValidScan(operation.scan(), limits);
    case Operation::KIND_NOT_SET:
      break;
  }
  return absl::OkStatus();  // CheckUnderstood refuses it
}

// The keys an operation writes, as a range.
struct WrittenRange {
  std::string start;
  std::optional<std::string> end;  // absent: to the end of the key space
};

std::optional<WrittenRange> WrittenBy(const Operation& operation) {
  const auto one_key = [](const std::string& key) {
    return WrittenRange{.start = key, .end = key + '\0'};
  };
  if (operation.has_put()) return one_key(operation.put().key());
  if (operation.has_delete_()) return one_key(operation.delete_().key());
  if (!operation.has_delete_range()) return std::nullopt;
  const raft::v1::DeleteRange& range = operation.delete_range();
  if (range.end().empty()) return WrittenRange{.start = range.start(), .end = std::nullopt};
  if (range.start() == range.end()) return std::nullopt;
  return WrittenRange{.start = range.start(), .end = range.end()};
}

// A key is written at most once per branch: then no order of the writes can matter.
absl::Status ValidBranch(const char* name,
                         const google::protobuf::RepeatedPtrField<Operation>& branch,
                         const KeyValueLimits& limits) {
  std::vector<WrittenRange> ranges;
  for (const Operation& operation : branch) {
    if (absl::Status status = ValidOperation(operation, limits); !status.ok()) return status;
    if (std::optional<WrittenRange> range = WrittenBy(operation)) {
      ranges.push_back(*std::move(range));
    }
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const WrittenRange& a, const WrittenRange& b) { return a.start < b.start; });
  for (std::size_t next = 1; next < ranges.size(); ++next) {
    const WrittenRange& before = ranges[next - 1];
    if (before.end && *before.end <= ranges[next].start) continue;
    return Refused("transaction writes key \"" + absl::CHexEscape(ranges[next].start) +
                   "\" more than once in branch " + name +
                   "; a key is written at most once per branch, deleted ranges included");
  }
  return absl::OkStatus();
}

absl::Status ValidTransaction(const Transaction& transaction, const KeyValueLimits& limits) {
  const std::size_t operations_max = limits.transaction_operations_max;
  absl::Status status =
      First(CountWithin("compares", transaction.compares_size(), "transaction_compares_max",
                        limits.transaction_compares_max),
            CountWithin("operations in branch then", transaction.then_size(),
                        "transaction_operations_max", operations_max),
            CountWithin("operations in branch otherwise", transaction.otherwise_size(),
                        "transaction_operations_max", operations_max));
  for (const Compare& compare : transaction.compares()) {
    if (!status.ok()) return status;
    status = First(ValidKey(compare.key(), limits), ValidValue(compare.value(), limits));
  }
  if (!status.ok()) return status;
  return First(ValidBranch("then", transaction.then(), limits),
               ValidBranch("otherwise", transaction.otherwise(), limits));
}

absl::Status WithinLimits(const Command& command, const KeyValueLimits& limits) {
  switch (command.kind_case()) {
    case Command::kPut:
      return First(ValidKey(command.put().key(), limits),
                   ValidValue(command.put().value(), limits));
    case Command::kDelete:
      return ValidKey(command.delete_().key(), limits);
    case Command::kDeleteRange:
      return ValidRange(command.delete_range().start(), command.delete_range().end(), limits);
    case Command::kCompareAndSet:
      return First(ValidKey(command.compare_and_set().key(), limits),
                   ValidValue(command.compare_and_set().value(), limits));
    case Command::kTransaction:
      return ValidTransaction(command.transaction(), limits);
    case Command::kOpaque:
    case Command::KIND_NOT_SET:
      break;
  }
  return absl::OkStatus();  // CheckUnderstood refuses it
}

}  // namespace

absl::Status CheckUnderstood(const Command& command) {
  if (absl::Status status = KnownFields(command, "command"); !status.ok()) return status;
  switch (command.kind_case()) {
    case Command::kPut:
      return KnownFields(command.put(), "put");
    case Command::kDelete:
      return KnownFields(command.delete_(), "delete");
    case Command::kDeleteRange:
      return KnownFields(command.delete_range(), "delete_range");
    case Command::kCompareAndSet:
      return KnownFields(command.compare_and_set(), "compare_and_set");
    case Command::kTransaction:
      return UnderstoodTransaction(command.transaction());
    case Command::kOpaque:
      return OpaqueIsNotSupported("command");
    case Command::KIND_NOT_SET:
      break;
  }
  return NoKind("command", "put, delete, compare_and_set, transaction, delete_range");
}

absl::Status ValidateCommand(const Command& command, const KeyValueLimits& limits) {
  if (absl::Status status = CheckUnderstood(command); !status.ok()) return status;
  if (absl::Status status = WithinLimits(command, limits); !status.ok()) return status;
  return SizeWithin("command", command.ByteSizeLong(), "command_bytes_max",
                    limits.command_bytes_max);
}

absl::Status ValidateQuery(const Query& query, const KeyValueLimits& limits) {
  if (absl::Status status = KnownFields(query, "query"); !status.ok()) return status;
  switch (query.kind_case()) {
    case Query::kGet:
      return First(KnownFields(query.get(), "get"), ValidKey(query.get().key(), limits));
    case Query::kScan:
      return First(KnownFields(query.scan(), "scan"), ValidScan(query.scan(), limits));
    case Query::kOpaque:
      return OpaqueIsNotSupported("query");
    case Query::KIND_NOT_SET:
      break;
  }
  return NoKind("query", "get, scan");
}

}  // namespace raft
