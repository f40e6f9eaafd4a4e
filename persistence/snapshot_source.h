// The state of one moment, read out of a LevelDB snapshot while the state itself moves on.
//
// Position, count and digest are read from inside the same LevelDB snapshot as the records, so that
// label and contents cannot differ (trap C13). The database stays open as long as this lives.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "leveldb/iterator.h"
#include "persistence/database.h"
#include "persistence/snapshot.h"
#include "persistence/snapshot_stream.h"

namespace raft {

class DatabaseSnapshotSource final : public SnapshotSource {
 public:
  // Pins the state in `database` as it is now. DATA_LOSS: its summary cannot be trusted.
  static absl::StatusOr<std::unique_ptr<DatabaseSnapshotSource>> Open(
      std::shared_ptr<Database> database);
  ~DatabaseSnapshotSource() override;

  const SnapshotHeader& header() const override { return header_; }
  absl::StatusOr<std::string> NextPiece(std::size_t bytes_max) override;
  std::uint64_t keys_passed() const override { return keys_read_; }
  absl::Status GoTo(const SnapshotPlace& place) override;

 private:
  enum class Next : std::uint8_t { kHead, kRecords, kNothing };

  explicit DatabaseSnapshotSource(std::shared_ptr<Database> database);

  absl::Status ReadHeader();
  absl::StatusOr<std::string> Get(std::string_view key, const char* name);
  // The records that come next, as many as fit.
  absl::Status AddRecords(std::size_t bytes_max);
  absl::Status CheckCount() const;
  absl::Status Untrusted(const std::string& cause) const;

  const std::shared_ptr<Database> database_;
  const leveldb::Snapshot* const pinned_;
  std::unique_ptr<leveldb::Iterator> record_;
  SnapshotHeader header_;
  ClusterId cluster_id_;
  SnapshotEncoder encoder_;
  Next next_ = Next::kHead;
  std::uint64_t keys_told_ = 0;  // of those read, the ones before the place that was gone to
  std::uint64_t keys_read_ = 0;
};

}  // namespace raft
