// The border between what peers say (protobuf, raft.peer.v1) and what the core understands.
//
// Into the core everything is validated: whatever passes here keeps the promises of
// core/messages.h, so that bytes from outside can never reach a RAFT_CHECK (traps I14, A20). Out of
// the core nothing needs checking. Knows messages only: no gRPC, no connections, no identities
// (peer_identity.h does headers). Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/messages.h"
#include "raft/peer/v1/peer_service.pb.h"

namespace raft {

// A term or index above this is a bug or an attack: nobody could win an election after adopting a
// term near 2^64, and sums of indexes could overflow (trap A20).
inline constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62;

// A digest of a state with more bytes than this is refused; ours has 32.
inline constexpr std::size_t kStateDigestBytesMax = 64;

struct ConversionLimits {
  // An entry with more data than this is refused. At least the largest command that any server of
  // the cluster may be set to accept, or a follower with smaller limits could never catch up.
  std::uint64_t entry_data_bytes_max = std::uint64_t{64} << 20;
};

// From the wire. `from` of the header becomes the candidate or leader. INVALID_ARGUMENT names the
// field, its value and the rule broken; the message is then not used at all. Data of entries is
// moved out of `message`, not copied.
absl::StatusOr<PreVoteRequest> FromProto(const peer::v1::PreVoteRequest& message);
absl::StatusOr<RequestVoteRequest> FromProto(const peer::v1::RequestVoteRequest& message);
absl::StatusOr<AppendEntriesRequest> FromProto(peer::v1::AppendEntriesRequest&& message,
                                               const ConversionLimits& limits);
absl::StatusOr<TimeoutNowRequest> FromProto(const peer::v1::TimeoutNowRequest& message);
absl::StatusOr<PreVoteResponse> FromProto(const peer::v1::PreVoteResponse& message);
absl::StatusOr<RequestVoteResponse> FromProto(const peer::v1::RequestVoteResponse& message);
absl::StatusOr<AppendEntriesResponse> FromProto(const peer::v1::AppendEntriesResponse& message);
absl::StatusOr<TimeoutNowResponse> FromProto(const peer::v1::TimeoutNowResponse& message);

// To the wire: every field of the body, and the header's request_number; the rest of the header is
// HeaderRules' (peer_identity.h). A `message` used before is overwritten completely and keeps its
// memory, so that a call which is used again allocates nothing in the long run.
void ToProto(const PreVoteRequest& request, peer::v1::PreVoteRequest& message);
void ToProto(const RequestVoteRequest& request, peer::v1::RequestVoteRequest& message);
void ToProto(const AppendEntriesRequest& request, peer::v1::AppendEntriesRequest& message);
void ToProto(const TimeoutNowRequest& request, peer::v1::TimeoutNowRequest& message);
void ToProto(const PreVoteResponse& response, peer::v1::PreVoteResponse& message);
void ToProto(const RequestVoteResponse& response, peer::v1::RequestVoteResponse& message);
void ToProto(const AppendEntriesResponse& response, peer::v1::AppendEntriesResponse& message);
void ToProto(const TimeoutNowResponse& response, peer::v1::TimeoutNowResponse& message);

// What a request asked, as far as its answer is bound by it.
struct RequestBounds {
  RequestNumber number;
  Term term;
  LogIndex previous;  // AppendEntries only
  LogIndex last;      // AppendEntries: previous plus the entries; InstallSnapshot: last included
  LogIndex compared;  // AppendEntries only: where the answerer's state was asked for; 0: nowhere
};
RequestBounds BoundsOf(const PeerRequest& request);

// OK: `response` can be an honest answer to the request of these bounds: same number; a vote
// granted or entries matched only in the term that asked; no match beyond what was sent; no
// conflict beyond the previous entry; no state but at the compared index. An answer that claims
// more could make a leader commit what nobody stored.
absl::Status CheckAnswer(const RequestBounds& bounds, const PreVoteResponse& response);
absl::Status CheckAnswer(const RequestBounds& bounds, const RequestVoteResponse& response);
absl::Status CheckAnswer(const RequestBounds& bounds, const AppendEntriesResponse& response);
absl::Status CheckAnswer(const RequestBounds& bounds, const TimeoutNowResponse& response);

// The number that pairs a request with its answer.
RequestNumber NumberOf(const PeerRequest& request);

}  // namespace raft
