// What the state database holds, as bytes: one record per key, the cluster it belongs to and how
// that is made up, and the summary of the whole.
//
// Each record carries its own hash, so that replacing or deleting it subtracts exactly what it once
// added to the digest. README.md of this room has the layout.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/checksum.h"
#include "persistence/identity.h"

namespace raft {

// Keys of the database by first byte. Bytewise order of records is bytewise order of their keys.
inline constexpr char kRecordPrefix = 'd';
inline constexpr char kRecordPrefixEnd = 'e';
inline constexpr std::string_view kMembershipKey = "c";
inline constexpr std::string_view kSummaryKey = "m";
// There while the state came from a snapshot that the log has not followed yet; the summary says
// which position it must follow.
inline constexpr std::string_view kLogResetPendingKey = "r";
// There once the state was found to be another than the cluster's. It goes with its directory.
inline constexpr std::string_view kDivergedKey = "q";

// One key's value and history in numbers, as it lies in `bytes` that someone else owns.
struct RecordView {
  std::string_view value;
  std::uint64_t created_revision = 0;
  std::uint64_t modified_revision = 0;
  std::uint64_t version = 0;
  Digest128 hash;
};

// Encodes `record` (its hash is computed here, and returned) after whatever `bytes` holds.
template <typename String>
Digest128 AppendRecord(std::string_view key, const RecordView& record, String* bytes);

// The record stored under `key`. DATA_LOSS: its hash is not that of its contents.
// FAILED_PRECONDITION: another format version.
absl::StatusOr<RecordView> DecodeRecord(std::string_view key, std::string_view bytes);

// What is known of the whole state without looking at it; changes with every applied batch.
struct StateSummary {
  LogPosition applied;
  LogTimeMs log_time_ms = 0;
  std::uint64_t key_count = 0;
  Digest128 records_digest;  // sum of the hashes of all records

  friend bool operator==(const StateSummary&, const StateSummary&) = default;
};

// Replaces `bytes`.
void EncodeSummary(const StateSummary& summary, std::string* bytes);
absl::StatusOr<StateSummary> DecodeSummary(std::string_view bytes);

// Whose state it is, and the configuration that the applied entries have left in force.
struct StateMembership {
  ClusterId cluster_id;  // 16 bytes
  IndexedConfiguration configuration;
};

std::string EncodeMembership(const StateMembership& membership);
// DATA_LOSS: damaged, or a configuration that no server writes. FAILED_PRECONDITION: another format
// version.
absl::StatusOr<StateMembership> DecodeMembership(std::string_view bytes);

// A record that says only that it is there. DATA_LOSS, FAILED_PRECONDITION: as above.
std::string EncodeMark();
absl::Status DecodeMark(std::string_view bytes);

// The digest of the state: its records, its applied configuration and its log time. Not the cluster
// id: a state that was restored into another cluster is still the same state.
Digest128 StateDigest(const StateSummary& summary, const IndexedConfiguration& configuration);

}  // namespace raft
