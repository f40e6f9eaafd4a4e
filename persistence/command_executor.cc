#include "persistence/command_executor.h"

#include <optional>
#include <string_view>
#include <vector>

namespace raft {
namespace {

using raft::v1::Command;
using raft::v1::CommandResult;
using raft::v1::Compare;
using raft::v1::KeyValue;
using raft::v1::Operation;
using raft::v1::OperationResult;

void FillItem(std::string_view key, const RecordView& record, bool keys_only, KeyValue* item) {
  item->set_key(key.data(), key.size());
  if (!keys_only) item->set_value(record.value.data(), record.value.size());
  item->set_created_revision(record.created_revision);
  item->set_modified_revision(record.modified_revision);
  item->set_version(record.version);
}

// What an item takes of a page.
std::size_t ItemBytes(std::string_view key, const RecordView& record, bool keys_only) {
  return key.size() + (keys_only ? 0 : record.value.size()) + kItemOverheadBytes;
}

template <typename Value>
bool RelationHolds(Compare::Relation relation, const Value& left, const Value& right) {
  switch (relation) {
    case Compare::RELATION_EQUAL:
      return left == right;
    case Compare::RELATION_NOT_EQUAL:
      return left != right;
    case Compare::RELATION_LESS:
      return left < right;
    case Compare::RELATION_GREATER:
      return left > right;
    default:
      return false;  // CheckUnderstood refuses it
  }
}

}  // namespace

absl::StatusOr<std::string> CommandExecutor::Execute(const Command& command,
                                                     std::uint64_t revision) {
  CommandResult result;
  absl::Status status;
  deletable_keys_ = kDeletedKeysMax;
  switch (command.kind_case()) {
    case Command::kPut:
      status = overlay_->Put(command.put().key(), command.put().value(), revision);
      result.mutable_put()->set_revision(revision);
      break;
    case Command::kDelete: {
      const absl::StatusOr<bool> existed = overlay_->Delete(command.delete_().key());
      status = existed.status();
      result.mutable_delete_()->set_deleted(existed.ok() && *existed ? 1 : 0);
      break;
    }
    case Command::kCompareAndSet:
      status = CompareAndSet(command.compare_and_set(), revision, result.mutable_compare_and_set());
      break;
    case Command::kTransaction:
      status = Transaction(command.transaction(), revision, result.mutable_transaction());
      break;
    case Command::kDeleteRange:
      status = DeleteRange(command.delete_range(), result.mutable_delete_range());
      break;
    case Command::kOpaque:
    case Command::KIND_NOT_SET:
      status = absl::InternalError("a command that is not understood was about to be done");
      break;
  }
  if (!status.ok()) return status;
  return result.SerializeAsString();
}

bool Page::Admit(std::size_t item_bytes) {
  more = !is_empty && item_bytes > bytes_left;
  if (more) return false;
  is_empty = false;
  bytes_left -= std::min(item_bytes, bytes_left);
  return true;
}

absl::Status CommandExecutor::Get(const std::string& key, Page* page) {
  const absl::StatusOr<std::optional<RecordView>> found = overlay_->Find(key);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return absl::OkStatus();
  const RecordView& record = **found;
  if (!page->Admit(ItemBytes(key, record, /*keys_only=*/false))) return absl::OkStatus();
  FillItem(key, record, /*keys_only=*/false, page->items->Add());
  return absl::OkStatus();
}

absl::Status CommandExecutor::Scan(const raft::v1::Scan& scan, Page* page) {
  const int limit = static_cast<int>(scan.limit() == 0 ? kScanLimitDefault : scan.limit());
  return overlay_->Walk(scan.start(), scan.end(),
                        [&](std::string_view key, const RecordView& record) {
                          page->more = page->items->size() == limit;
                          if (page->more || !page->Admit(ItemBytes(key, record, scan.keys_only())))
                            return false;
                          FillItem(key, record, scan.keys_only(), page->items->Add());
                          return true;
                        });
}

absl::Status CommandExecutor::CompareAndSet(const raft::v1::CompareAndSet& command,
                                            std::uint64_t revision,
                                            raft::v1::CompareAndSetResult* result) {
  const absl::StatusOr<std::optional<RecordView>> found = overlay_->Find(command.key());
  if (!found.ok()) return found.status();
  const std::uint64_t at = found->has_value() ? (*found)->modified_revision : 0;
  if (at != command.expected_revision()) {
    if (found->has_value()) {
      FillItem(command.key(), **found, /*keys_only=*/false, result->mutable_current());
    }
    return absl::OkStatus();
  }
  result->set_succeeded(true);
  result->set_revision(revision);
  return overlay_->Put(command.key(), command.value(), revision);
}

absl::Status CommandExecutor::DeleteRange(const raft::v1::DeleteRange& range,
                                          raft::v1::DeleteRangeResult* result) {
  std::vector<std::string> keys;
  absl::Status walked =
      overlay_->Walk(range.start(), range.end(), [&](std::string_view key, const RecordView&) {
        result->set_more(keys.size() == deletable_keys_);
        if (!result->more()) keys.emplace_back(key);
        return !result->more();
      });
  if (!walked.ok()) return walked;
  for (const std::string& key : keys) {
    if (absl::Status status = overlay_->Delete(key).status(); !status.ok()) return status;
  }
  deletable_keys_ -= keys.size();
  result->set_deleted(keys.size());
  return absl::OkStatus();
}

absl::Status CommandExecutor::Transaction(const raft::v1::Transaction& transaction,
                                          std::uint64_t revision,
                                          raft::v1::TransactionResult* result) {
  bool all_hold = true;
  for (const Compare& compare : transaction.compares()) {
    const absl::StatusOr<bool> holds = Holds(compare);
    if (!holds.ok()) return holds.status();
    all_hold = all_hold && *holds;
  }
  result->set_succeeded(all_hold);
  result->set_revision(revision);
  Page page;
  for (const Operation& operation : all_hold ? transaction.then() : transaction.otherwise()) {
    absl::Status status = Operate(operation, revision, &page, result->add_results());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CommandExecutor::Holds(const Compare& compare) {
  const absl::StatusOr<std::optional<RecordView>> found = overlay_->Find(compare.key());
  if (!found.ok()) return found.status();
  const RecordView record = found->value_or(RecordView{});
  switch (compare.target()) {
    case Compare::TARGET_MODIFIED_REVISION:
      return RelationHolds(compare.relation(), record.modified_revision, compare.number());
    case Compare::TARGET_CREATED_REVISION:
      return RelationHolds(compare.relation(), record.created_revision, compare.number());
    case Compare::TARGET_VERSION:
      return RelationHolds(compare.relation(), record.version, compare.number());
    case Compare::TARGET_VALUE:
      return found->has_value() &&
             RelationHolds(compare.relation(), record.value, std::string_view(compare.value()));
    default:
      return absl::InternalError("a comparison that is not understood was about to be made");
  }
}

absl::Status CommandExecutor::Operate(const Operation& operation, std::uint64_t revision,
                                      Page* page, OperationResult* result) {
  switch (operation.kind_case()) {
    case Operation::kPut:
      result->mutable_put()->set_revision(revision);
      return overlay_->Put(operation.put().key(), operation.put().value(), revision);
    case Operation::kDelete: {
      const absl::StatusOr<bool> existed = overlay_->Delete(operation.delete_().key());
      result->mutable_delete_()->set_deleted(existed.ok() && *existed ? 1 : 0);
      return existed.status();
    }
    case Operation::kDeleteRange:
      return DeleteRange(operation.delete_range(), result->mutable_delete_range());
    case Operation::kGet:
    case Operation::kScan: {
      const bool is_get = operation.has_get();
      raft::v1::ScanResult& answer = is_get ? *result->mutable_get() : *result->mutable_scan();
      page->items = answer.mutable_items();
      page->more = false;
      absl::Status status =
          is_get ? Get(operation.get().key(), page) : Scan(operation.scan(), page);
      answer.set_more(page->more);
      return status;
    }
    case Operation::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("an operation that is not understood was about to be done");
}

}  // namespace raft
