// The promise on disk: current term and vote, in two slots outside LevelDB (Figure 2, "persistent
// state on all servers"; rule S-5).
//
// Each change overwrites slot A in place, syncs it, then slot B with the same generation. A crash
// tears at most the slot being written, and the other one still holds the old promise or already
// the new one. Beside the promise lies the floor: how far the log on disk reached at that moment,
// so that a log that lost its end is noticed at start.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/effects.h"
#include "persistence/disk.h"
#include "persistence/identity.h"

namespace raft {

// Whom a promise or a log belongs to: this server, in this life, in this cluster.
struct Owner {
  ClusterId cluster_id;  // 16 bytes
  ServerId server_id;
  std::uint64_t incarnation = 0;

  friend bool operator==(const Owner&, const Owner&) = default;
};

// What one slot says.
struct PromiseRecord {
  std::uint64_t generation = 0;  // rises by one with each change
  Owner owner;
  Promise promise;
  LogIndex floor_index;  // the durable log reaches at least here
};

inline constexpr std::size_t kPromiseSlotBytes = 88;

std::string EncodePromiseRecord(const PromiseRecord& record);

// DATA_LOSS: not a whole, undamaged slot. FAILED_PRECONDITION: of another format version.
absl::StatusOr<PromiseRecord> DecodePromiseRecord(const std::string& path, std::string_view bytes);

// Disk thread only, once opened.
class PromiseFile {
 public:
  // Creates both slots with term 0 and no vote, durable when OK. Overwrites; only for a server that
  // has never promised anything.
  static absl::Status Create(Disk& disk, const std::string& directory, const Owner& owner);

  // Reads both slots; the highest generation wins, and both are made to hold it durably. DATA_LOSS:
  // both are bad or missing. FAILED_PRECONDITION: another server's.
  static absl::StatusOr<PromiseFile> Open(Disk& disk, const std::string& directory,
                                          const Owner& owner);

  const Promise& promise() const { return current_.promise; }
  LogIndex floor_index() const { return current_.floor_index; }

  // Durable in both slots when OK. The first failure is final (rule S-3).
  absl::Status Write(const Promise& promise, LogIndex floor_index);

 private:
  static constexpr std::size_t kSlots = 2;

  static std::array<std::string, kSlots> SlotPaths(const std::string& directory);

  absl::Status Settle(std::size_t best);
  absl::Status OpenSlots(Disk& disk, const std::string& directory, OldContents old_contents);

  std::array<std::unique_ptr<DiskFile>, kSlots> files_;
  PromiseRecord current_;
  absl::Status failure_;
};

}  // namespace raft
