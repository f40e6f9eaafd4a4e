// A snapshot in a file of its own: a backup.
//
// A short head that says what the file is and of which cluster, then the pieces of the stream one
// after the other (snapshot_stream.h). README.md of this room has the layout. A file appears under
// its name whole, verified and durable, or not at all; what is read is verified to the last byte,
// a piece at a time, so that memory holds one piece. Knows nothing of servers and connections. One
// thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/env.h"
#include "persistence/disk.h"
#include "persistence/identity.h"
#include "persistence/snapshot.h"
#include "persistence/snapshot_verifier.h"

namespace raft {

// What a file holds that was verified from its first byte to its last.
struct SnapshotFileReport {
  ClusterId cluster_id;
  SnapshotHeader header;
  std::uint64_t piece_count = 0;  // head and end too
  std::uint64_t file_bytes = 0;

  friend bool operator==(const SnapshotFileReport&, const SnapshotFileReport&) = default;
};

enum class ExistingFile : std::uint8_t { kRefused, kReplaced };

class SnapshotFileWriter {
 public:
  // Begins a file beside `path`, under a name of its own. ALREADY_EXISTS: there is something at
  // `path`, and it is not to be replaced. A file that is to be replaced is as it was until Finish.
  // INVALID_ARGUMENT: a directory is there, which nothing replaces. `disk` must outlive this.
  static absl::StatusOr<std::unique_ptr<SnapshotFileWriter>> Create(
      const std::string& path, Disk& disk = LocalDisk(),
      ExistingFile existing = ExistingFile::kRefused);
  // Removes what was not finished.
  ~SnapshotFileWriter();

  // The next piece of the stream, as the source cut it. DATA_LOSS or INVALID_ARGUMENT: it is none.
  // Any other error is this disk's. The first error is final.
  absl::Status Add(std::string_view piece);
  // That was all: checks that nothing is missing and the digest is right, makes the file durable
  // and gives it its name. Errors as Add.
  absl::StatusOr<SnapshotFileReport> Finish();
  // Whether the whole file bears its name. So it may be after an error of Finish too: then a loss
  // of power may undo it.
  bool has_its_name() const { return has_its_name_; }

 private:
  SnapshotFileWriter(Disk& disk, std::string path);

  absl::Status Append(std::string_view bytes);
  absl::Status Publish();

  Disk& disk_;
  const std::string path_;
  const std::string temporary_path_;
  std::unique_ptr<leveldb::WritableFile> file_;
  SnapshotVerifier verifier_;
  std::uint64_t file_bytes_ = 0;
  bool has_its_name_ = false;
  absl::Status failure_;
};

// Errors of reading: NOT_FOUND: no such file. INVALID_ARGUMENT: it is no snapshot, or of a format
// that this program does not know. DATA_LOSS: cut short, damaged, or longer than it should be. The
// message names the file, and the byte where there is one.
class SnapshotFileReader {
 public:
  static absl::StatusOr<std::unique_ptr<SnapshotFileReader>> Open(const std::string& path,
                                                                  Disk& disk = LocalDisk());

  // As the file's head says; what the stream says must be the same.
  const ClusterId& cluster_id() const { return cluster_id_; }
  // The next piece, its frame verified. Empty: that was all, and all of it was verified.
  absl::StatusOr<std::string> NextPiece();
  // Requires: NextPiece has returned an empty piece.
  SnapshotFileReport report() const;

 private:
  SnapshotFileReader(std::string path, std::unique_ptr<leveldb::SequentialFile> file);

  absl::Status ReadFileHead();
  // Appends the next `count` bytes; fewer at the end of the file.
  absl::Status Read(std::size_t count, std::string* bytes);
  absl::Status CutShort() const;
  absl::Status CheckEnd();
  absl::Status Named(const absl::Status& cause) const;

  const std::string path_;
  const std::unique_ptr<leveldb::SequentialFile> file_;
  ClusterId cluster_id_;
  SnapshotVerifier verifier_;
  std::uint64_t file_bytes_ = 0;  // read so far
};

// Reads a file whole and verifies it: frames, order, counts, every record, the digest.
absl::StatusOr<SnapshotFileReport> InspectSnapshotFile(const std::string& path,
                                                       Disk& disk = LocalDisk());

}  // namespace raft
