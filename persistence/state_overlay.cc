#include "persistence/state_overlay.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "leveldb/iterator.h"

namespace raft {
namespace {

std::string_view View(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }
leveldb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

bool IsBefore(std::string_view key, std::string_view end) { return end.empty() || key < end; }

std::string ToDatabaseKey(std::string_view key) {
  std::string database_key(1, kRecordPrefix);
  database_key += key;
  return database_key;
}

}  // namespace

StateOverlay::StateOverlay(Database* database)
    : database_(database), arena_(arena_bytes_.data(), arena_bytes_.size()) {
  Clear();
}

absl::StatusOr<std::optional<RecordView>> StateOverlay::Find(std::string_view key) {
  std::string_view bytes;
  if (const auto change = changes_->find(key); change != changes_->end()) {
    if (change->second.empty()) return std::optional<RecordView>();
    bytes = change->second;
  } else {
    database_key_.assign(1, kRecordPrefix);
    database_key_ += key;
    const leveldb::Status read = database_->db().Get(Database::Verified(), database_key_, &found_);
    if (read.IsNotFound()) return std::optional<RecordView>();
    if (!read.ok()) return Damaged(key, absl::DataLossError(read.ToString()));
    bytes = found_;
  }
  absl::StatusOr<RecordView> record = DecodeRecord(key, bytes);
  if (!record.ok()) return Damaged(key, record.status());
  return std::optional<RecordView>(*record);
}

absl::Status StateOverlay::Put(std::string_view key, std::string_view value,
                               std::uint64_t revision) {
  const absl::StatusOr<std::optional<RecordView>> found = Find(key);
  if (!found.ok()) return found.status();
  const std::optional<RecordView>& old = *found;
  const RecordView record{.value = value,
                          .created_revision = old ? old->created_revision : revision,
                          .modified_revision = revision,
                          .version = old ? old->version + 1 : 1,
                          .hash = {}};
  if (old) {
    digest_change_ -= old->hash;
  } else {
    ++keys_added_;
  }
  digest_change_ += AppendRecord(key, record, SlotOf(key));
  return absl::OkStatus();
}

absl::StatusOr<bool> StateOverlay::Delete(std::string_view key) {
  const absl::StatusOr<std::optional<RecordView>> found = Find(key);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return false;
  digest_change_ -= (*found)->hash;
  ++keys_removed_;
  SlotOf(key);
  return true;
}

// The emptied place where the new record of `key` belongs.
std::pmr::string* StateOverlay::SlotOf(std::string_view key) {
  auto slot = changes_->lower_bound(key);
  if (slot == changes_->end() || std::string_view(slot->first) != key) {
    slot = changes_->emplace_hint(slot, key, std::string_view());
  }
  slot->second.clear();
  return &slot->second;
}

absl::Status StateOverlay::Walk(std::string_view start, std::string_view end,
                                const Visitor& visitor) {
  const std::unique_ptr<leveldb::Iterator> stored(
      database_->db().NewIterator(Database::Verified()));
  stored->Seek(ToDatabaseKey(start));
  auto change = changes_->lower_bound(start);
  while (true) {
    const bool has_stored = stored->Valid() && stored->key()[0] == kRecordPrefix;
    const bool has_change = change != changes_->end();
    if (!has_stored && !has_change) break;
    const std::string_view stored_key =
        has_stored ? View(stored->key()).substr(1) : std::string_view();
    const std::string_view changed_key =
        has_change ? std::string_view(change->first) : std::string_view();
    const bool take_change = has_change && (!has_stored || changed_key <= stored_key);
    const std::string_view key = take_change ? changed_key : stored_key;
    if (!IsBefore(key, end)) break;
    const std::string_view bytes =
        take_change ? std::string_view(change->second) : View(stored->value());
    if (!take_change || !bytes.empty()) {
      const absl::StatusOr<RecordView> record = DecodeRecord(key, bytes);
      if (!record.ok()) return Damaged(key, record.status());
      if (!visitor(key, *record)) break;
    }
    // A change hides what is stored under the same key.
    if (has_stored && (!take_change || changed_key == stored_key)) stored->Next();
    if (take_change) ++change;
  }
  // However the walk ended: LevelDB steps over a block it cannot read and only its status tells.
  if (stored->status().ok()) return absl::OkStatus();
  return Damaged(start, absl::DataLossError(stored->status().ToString()));
}

void StateOverlay::WriteInto(leveldb::WriteBatch* batch, StateSummary* summary) const {
  std::string database_key;
  for (const auto& [key, bytes] : *changes_) {
    database_key.assign(1, kRecordPrefix);
    database_key.append(key);
    if (bytes.empty()) {
      batch->Delete(database_key);
    } else {
      batch->Put(database_key, ToSlice(bytes));
    }
  }
  summary->records_digest += digest_change_;
  summary->key_count += keys_added_ - keys_removed_;
}

void StateOverlay::Clear() {
  changes_.reset();
  arena_.release();
  changes_.emplace(&arena_);
  digest_change_ = {};
  keys_added_ = 0;
  keys_removed_ = 0;
}

absl::Status StateOverlay::Damaged(std::string_view key, const absl::Status& cause) const {
  constexpr std::size_t kShownBytes = 64;
  const std::string_view shown = key.substr(0, kShownBytes);
  return absl::Status(cause.code(),
                      "cannot trust state " + database_->path() + " at key \"" +
                          absl::CHexEscape(absl::string_view(shown.data(), shown.size())) +
                          "\": " + std::string(cause.message()));
}

}  // namespace raft
