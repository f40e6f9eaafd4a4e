// A state on its way to another server: read out here, stored there, made the live one in one step.
//
// The source of a snapshot is a pinned view of the live state (no copy in memory, no pause of
// writes); its stream is records in the order of their keys, framed and checksummed
// (snapshot_stream.h). The receiver writes them into a state directory of its own, beside the live
// one, and checks the digest of the whole; a crash at any moment leaves the old state or the new,
// never a mix. A stream that broke may go on between any two pieces, also out of another server's
// equal state. Knows bytes and files; nothing of leaders or connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "core/types.h"

namespace raft {

class KeyValueStore;

// What a snapshot is of, and how to know that it is whole.
struct SnapshotHeader {
  LogPosition last_included;
  LogTimeMs log_time_ms = 0;
  std::uint64_t key_count = 0;
  std::string digest;                  // 32 hexadecimal digits, as KeyValueStore::digest
  IndexedConfiguration configuration;  // in force at last_included

  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

// Between two pieces of a stream: all that whoever goes on from there must know of what lies
// before. How that was cut into pieces does not matter.
struct SnapshotPlace {
  std::uint64_t offset = 0;       // bytes before it
  std::uint64_t piece_count = 0;  // pieces before it; 0: this is the beginning
  std::uint64_t link = 0;         // the checksum of the last of them
  std::uint64_t key_count = 0;    // keys in them
  std::string last_key;           // the last of these

  friend bool operator==(const SnapshotPlace&, const SnapshotPlace&) = default;
};

// The state of one moment, while the state itself moves on. One thread at a time, any thread; may
// outlive the store it came from.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;

  virtual const SnapshotHeader& header() const = 0;
  // The next piece of the stream, at least one byte and about `bytes_max` at most (more only if one
  // record is larger). Empty: that was all. Errors are the disk's, named; or INVALID_ARGUMENT: the
  // place that was gone to is none of this snapshot.
  virtual absl::StatusOr<std::string> NextPiece(std::size_t bytes_max) = 0;
  // How many of the header's keys lie before the next piece; 0 also where nobody counts.
  virtual std::uint64_t keys_passed() const { return 0; }
  // The next piece will be the one at `place`, wherever this is now. Errors as NextPiece; then this
  // is of no use any more. A source need not be able to: UNIMPLEMENTED.
  virtual absl::Status GoTo(const SnapshotPlace& /*place*/) {
    return absl::UnimplementedError("this snapshot is read from its beginning only");
  }
};

// A state that arrives, beside the live one. One thread at a time, any thread. Destroyed before
// Finish, it leaves nothing that counts.
class IncomingSnapshot {
 public:
  virtual ~IncomingSnapshot() = default;

  // The next piece, in order, as the source cut it. INVALID_ARGUMENT or DATA_LOSS: these are not
  // the bytes of a snapshot of this cluster; give the transfer up. Any other error is the disk's.
  virtual absl::Status Add(std::string_view piece) = 0;
  // Where the next piece belongs, which any source of an equal snapshot may cut. None: nothing has
  // come yet, nothing is missing any more, or there was an error.
  virtual std::optional<SnapshotPlace> place() const { return std::nullopt; }
  // That was all: checks that nothing is missing and the digest is right, and makes it durable,
  // marked as waiting for the log to follow. Errors as Add.
  virtual absl::StatusOr<SnapshotHeader> Finish() = 0;
};

// Where a server's states live: the live one and at most one that arrives.
class SnapshotInstaller {
 public:
  virtual ~SnapshotInstaller() = default;

  // Begins a new incoming state; what an earlier one left is removed first. Bulk thread.
  virtual absl::StatusOr<std::unique_ptr<IncomingSnapshot>> Begin() = 0;
  // The finished incoming state becomes the live one, durably; the caller drops the old one. Until
  // KeyValueStore::CompleteInstall it is marked, so that a start knows that the log must follow.
  // Apply thread; requires: Finish succeeded and the IncomingSnapshot is gone. Errors are final.
  virtual absl::StatusOr<std::unique_ptr<KeyValueStore>> Switch() = 0;
  // The finished incoming state is not needed. Bulk thread.
  virtual void Discard() = 0;
  // Removes the states that were replaced and that nobody reads any more. Bulk thread.
  virtual void RemoveReplaced() {}
};

}  // namespace raft
