// put, get, delete, cas and scan: one question or change each, answered by the leader.
//
// Room: service/raftctl. Each function returns an ExitCode, prints its answer to stdout and what
// went wrong to stderr. Values are printed as they are; -o json prints the answer's message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/raftctl/options.h"

namespace raft::ctl {

// A value given on the command line, or else all of standard input. Returns an ExitCode, having
// printed why when it is not kExitOk.
int ResolveValue(const std::optional<std::string>& given, std::string* value);

// Prints the revision.
int RunPut(const GlobalOptions& global, const std::string& key, const std::string& value);

// Prints the value, with a newline after it only on a terminal. A key that does not exist fails.
int RunGet(const GlobalOptions& global, const std::string& key, bool stale);

// Prints how many keys were deleted: 0 or 1.
int RunDelete(const GlobalOptions& global, const std::string& key);

// Stores `value` if the key's revision is `expected_revision` (0: it must not exist) and prints the
// new revision; otherwise says what stands there and returns kExitPrecondition.
int RunCompareAndSet(const GlobalOptions& global, const std::string& key,
                     std::uint64_t expected_revision, const std::string& value);

struct ScanOptions {
  std::string start;
  std::string end;          // Empty: to the end of the key space.
  std::string prefix;       // Instead of start and end.
  std::uint64_t limit = 0;  // 0: all.
  bool keys_only = false;
  bool revisions = false;  // Append a TAB and the revision to each line.
  bool stale = false;
};

// Prints a line "key TAB value" per item, page by page; each page is linearizable, the pages
// together are not one snapshot.
int RunScan(const GlobalOptions& global, const ScanOptions& options);

// The first key after all that start with `prefix`; empty: there is none.
std::string EndOfPrefix(std::string prefix);

}  // namespace raft::ctl
