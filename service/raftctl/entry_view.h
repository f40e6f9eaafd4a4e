// A log entry in a few words: what it would change.
//
// Room: service/raftctl. Pure. Knows the key-value vocabulary; whatever the bytes are, it says
// something.
#pragma once

#include <string>
#include <string_view>

#include "core/log_entry.h"

namespace raft::ctl {

// "command", "no-op", "configuration".
std::string KindName(EntryKind kind);

// `put "colour" = "blue"`, `members 1=127.0.0.1:7001`; empty for a no-op. Long keys and values are
// cut, and bytes that are no text are escaped.
std::string DescribeEntry(const LogEntry& entry);

// In quotes, escaped, cut after a few dozen bytes: `"abc"`, `"abc..." (10000 bytes)`.
std::string Excerpt(std::string_view bytes);

}  // namespace raft::ctl
