// What a command of the key-value vocabulary may look like.
//
// Two questions, kept apart: does this program understand all of it (asked again when it is
// applied: half of a command is never done), and does it keep the limits (asked only at the border,
// because limits are options and may differ between servers; see key_value_store.h).
#pragma once

#include "absl/status/status.h"
#include "raft/v1/key_value.pb.h"

namespace raft {

// UNIMPLEMENTED: a kind or field of another version. INVALID_ARGUMENT: something required is not
// set. Any thread.
absl::Status CheckUnderstood(const raft::v1::Command& command);

}  // namespace raft
