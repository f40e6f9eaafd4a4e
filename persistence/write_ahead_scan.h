// A look at LevelDB's write-ahead files before LevelDB opens them (rule S-7).
//
// LevelDB takes a damaged length in the last block for a torn tail and drops everything from there
// on without a word, and it does not miss a write-ahead file that is gone (traps E1, E2, H2, H3).
// Every write of the log database is synced before the next begins; so a whole record *after* a
// broken one proves that the broken one was once durable. That is damage, not a torn tail.
//
// Knows LevelDB's log format (blocks of 32 KiB; checksum, length, type) and nothing above it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "persistence/disk.h"

namespace raft {

enum class WriteAheadTail : std::uint8_t {
  kClean,    // ends with a whole record
  kTorn,     // ends inside a record: a write that was never acknowledged
  kSuspect,  // something durable is damaged
};

struct WriteAheadFinding {
  WriteAheadTail tail = WriteAheadTail::kClean;
  std::string path;          // of the file that is not clean, or the last one
  std::uint64_t offset = 0;  // of the first record that is not whole
};

// Looks at all write-ahead files of a closed database whose every write was synced. DATA_LOSS:
// there is none, though an opened database always has one.
absl::StatusOr<WriteAheadFinding> ScanWriteAhead(Disk& disk, const std::string& database_path);

// Cuts zeros off the end of the write-ahead files and of the MANIFEST of a closed database, with
// the record that they stand in, durably: after a power loss a file may be as long as it was, while
// the end of its data never arrived. LevelDB alone takes such zeros for damage and does not open.
absl::Status TakeBackZeroedTails(Disk& disk, const std::string& database_path);

}  // namespace raft
