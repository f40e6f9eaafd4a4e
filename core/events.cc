#include "core/events.h"

#include "core/check.h"

namespace raft {

const char* ToString(RoleName role) {
  switch (role) {
    case RoleName::kFollower:
      return "follower";
    case RoleName::kPreCandidate:
      return "pre_candidate";
    case RoleName::kCandidate:
      return "candidate";
    case RoleName::kLeader:
      return "leader";
  }
  CheckFailed(__FILE__, __LINE__, "role is one of four", "every role has a name");
}

}  // namespace raft
