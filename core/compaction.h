// When the log is cut at its beginning (dissertation §5.1; trap C1).
//
// In two steps, so that nothing is lost whatever crashes when: first the state machine makes itself
// durable, then the log lets go of what the state machine holds. A tail stays for followers that
// are a little behind, and what those need that are catching up stays, up to a limit. Knows indexes
// and bytes; nothing of what entries or states mean.
#pragma once

#include <vector>

#include "core/server_state.h"
#include "core/types.h"

namespace raft {

class Compaction {
 public:
  // The turn ends: asks for a checkpoint if enough could be trimmed after it. `needed_after`:
  // Role::LogNeededAfter.
  void BeforeEffects(const std::vector<LogIndex>& needed_after, ServerState& state);
  // The state machine is durable through this entry: trims what may go.
  void OnCheckpointed(LogIndex through, const std::vector<LogIndex>& needed_after,
                      ServerState& state);

  LogIndex checkpointed_index() const { return checkpointed_index_; }

 private:
  // The last entry that nobody needs any more, checkpoint aside; the base if there is none.
  static LogIndex Dispensable(const std::vector<LogIndex>& needed_after, const ServerState& state);

  LogIndex checkpointed_index_;
  bool checkpoint_is_under_way_ = false;
};

}  // namespace raft
