// What became of one call: three outcomes, never two (design section 6).
//
// Room: service/raftctl. Knows status codes, our ErrorInfo and the leader hint; knows nothing of
// channels or retries. The rule it carries: UNAVAILABLE with our ErrorInfo was certainly not
// started; the same code without it was made by a transport, and then nobody knows.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace raft::ctl {

enum class Outcome {
  kSucceeded,   // The server answered OK.
  kNotStarted,  // Certainly not started: the same call may be sent again, elsewhere or later.
  kRefused,     // Certainly did not happen, and sending it again would not help.
  kUnknown,     // May have happened, or may still happen.
};

struct CallOutcome {
  Outcome outcome = Outcome::kUnknown;
  absl::StatusCode code = absl::StatusCode::kUnknown;
  std::string message;          // For people; empty when it succeeded.
  std::string reason;           // ErrorInfo.reason, such as NOT_LEADER; empty without ErrorInfo.
  std::uint64_t leader_id = 0;  // Of the leader hint; 0: none.
  std::string leader_address;   // Where clients reach that leader; empty: not known.
  std::chrono::milliseconds retry_delay{0};  // What the server asks to wait before a retry.
};

// The outcome of a call that ended with `code` and `message`. `details` are the bytes of
// grpc-status-details-bin; bytes that do not parse, or an ErrorInfo of another domain, count as no
// ErrorInfo, because then the answer is not one of ours.
CallOutcome ClassifyCall(absl::StatusCode code, absl::string_view message,
                         absl::string_view details);

// The last and most telling part of a transport's chain of causes: "connection refused" out of
// "failed to connect to all addresses; last error: UNKNOWN: ...: Connection refused".
std::string ShortCause(absl::string_view message);

}  // namespace raft::ctl
