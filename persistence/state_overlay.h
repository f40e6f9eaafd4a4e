// The state as a command of an unfinished batch sees it: the database, and over it every change the
// batch has made so far.
//
// Because each command sees all earlier ones through here, how entries are split into batches makes
// no difference to bytes, results or digest. Knows records and ranges, not commands.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/write_batch.h"
#include "persistence/database.h"
#include "persistence/state_record.h"

namespace raft {

// Apply thread only.
class StateOverlay {
 public:
  // Sees one key and its record; false ends the walk.
  using Visitor = std::function<bool(std::string_view key, const RecordView& record)>;

  // `database` must outlive this.
  explicit StateOverlay(Database* database);

  // The record under `key`, if there is one; valid until the next call. Errors name key and cause.
  absl::StatusOr<std::optional<RecordView>> Find(std::string_view key);

  // Stores `value` as the change of `revision`.
  absl::Status Put(std::string_view key, std::string_view value, std::uint64_t revision);

  // Removes the key; true if it was there.
  absl::StatusOr<bool> Delete(std::string_view key);

  // Shows every key in [start, end) in rising order; an empty `end` is the end of the key space.
  // The visitor must not change the overlay.
  absl::Status Walk(std::string_view start, std::string_view end, const Visitor& visitor);

  // Adds the changes since the last Clear to `batch`, and counts them into `summary`.
  void WriteInto(leveldb::WriteBatch* batch, StateSummary* summary) const;
  // Forgets them.
  void Clear();

 private:
  // A stored record; empty: deleted.
  using Changes = std::pmr::map<std::pmr::string, std::pmr::string, std::less<>>;

  // Grows for one batch, then is reused as a whole.
  static constexpr std::size_t kArenaBytes = 64 << 10;

  std::pmr::string* SlotOf(std::string_view key);
  absl::Status Damaged(std::string_view key, const absl::Status& cause) const;

  Database* const database_;
  std::array<std::byte, kArenaBytes> arena_bytes_;
  std::pmr::monotonic_buffer_resource arena_;
  std::optional<Changes> changes_;
  Digest128 digest_change_;
  std::uint64_t keys_added_ = 0;
  std::uint64_t keys_removed_ = 0;
  std::string database_key_;  // reused
  std::string found_;         // reused
};

}  // namespace raft
