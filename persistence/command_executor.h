// Carries out one command, or answers one query, against a state overlay.
//
// Deterministic: consults the command, the state and the revision, nothing else (traps F14, G1).
// Its own constants are part of the format: changing one makes servers of two versions diverge.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "persistence/state_overlay.h"
#include "raft/v1/key_value.pb.h"

namespace raft {

inline constexpr std::uint64_t kDeletedKeysMax = 10'000;   // by one command
inline constexpr std::uint32_t kScanLimitDefault = 1'000;  // items
inline constexpr std::size_t kPageBytesMax = 1 << 20;      // unless one item alone is larger
inline constexpr std::size_t kItemOverheadBytes = 32;      // what an item is charged beside bytes

// A page of items: where Get and Scan put what they find.
struct Page {
  google::protobuf::RepeatedPtrField<raft::v1::KeyValue>* items = nullptr;
  std::size_t bytes_left = kPageBytesMax;
  bool is_empty = true;  // the first item is shown whatever its size
  bool more = false;

  // Whether an item of this many bytes fits; if so it is charged, if not there is `more`.
  bool Admit(std::size_t item_bytes);
};

// Apply thread only.
class CommandExecutor {
 public:
  // `overlay` must outlive this.
  explicit CommandExecutor(StateOverlay* overlay) : overlay_(overlay) {}

  // Does an understood command as the change of `revision`; the result is a serialised
  // raft.v1.CommandResult. Errors are the disk's.
  absl::StatusOr<std::string> Execute(const raft::v1::Command& command, std::uint64_t revision);

  // Adds the item under `key`, if there is one and it fits.
  absl::Status Get(const std::string& key, Page* page);
  // Adds one page of the range.
  absl::Status Scan(const raft::v1::Scan& scan, Page* page);

 private:
  absl::Status CompareAndSet(const raft::v1::CompareAndSet& command, std::uint64_t revision,
                             raft::v1::CompareAndSetResult* result);
  absl::Status DeleteRange(const raft::v1::DeleteRange& range, raft::v1::DeleteRangeResult* result);
  absl::Status Transaction(const raft::v1::Transaction& transaction, std::uint64_t revision,
                           raft::v1::TransactionResult* result);
  absl::StatusOr<bool> Holds(const raft::v1::Compare& compare);
  // `page`: what the answers of the whole transaction share.
  absl::Status Operate(const raft::v1::Operation& operation, std::uint64_t revision, Page* page,
                       raft::v1::OperationResult* result);

  StateOverlay* const overlay_;
  std::uint64_t deletable_keys_ = 0;  // left to the command being done
};

}  // namespace raft
