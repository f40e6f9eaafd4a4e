// The border for snapshots: the offer that begins a stream, the pieces that follow, the answer.
//
// What message_conversion.h says of the other messages holds here: what passes keeps the promises
// of core/messages.h. The bytes of a snapshot are opaque here; whoever stores them checks them.
// Pure functions; any thread.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/messages.h"
#include "raft/peer/v1/peer_service.pb.h"
#include "service/conversion/message_conversion.h"

namespace raft {

// From the wire: the offer that begins a stream, and what its addressee says in the end.
// INVALID_ARGUMENT names the field, its value and the rule broken.
absl::StatusOr<InstallSnapshotRequest> FromProto(const peer::v1::InstallSnapshotRequest& message);
absl::StatusOr<InstallSnapshotResponse> FromProto(const peer::v1::InstallSnapshotResponse& message);

// OK: `piece` continues the stream that `offer` began, of which `offset` bytes have come so far.
// INVALID_ARGUMENT names the field, its value and the rule broken.
absl::Status CheckPiece(const InstallSnapshotRequest& offer, std::uint64_t offset,
                        const peer::v1::InstallSnapshotRequest& piece);

// To the wire: every field of the body, and the header's request_number. Pieces differ from the
// offer in offset, data and done.
void ToProto(const InstallSnapshotRequest& request, peer::v1::InstallSnapshotRequest& message);
void ToProto(const InstallSnapshotResponse& response, peer::v1::InstallSnapshotResponse& message);

// OK: `response` can be an honest answer to the offer of these bounds: same number; success only in
// the term that asked; no match beyond the snapshot.
absl::Status CheckAnswer(const RequestBounds& bounds, const InstallSnapshotResponse& response);

}  // namespace raft
