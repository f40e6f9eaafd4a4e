// The border for snapshots: the offer that begins a stream, the pieces that follow, the answer.
//
// Which snapshot it is and where its stream begins is not the core's business, and passes it by.
// What message_conversion.h says of the other messages holds here: what passes keeps the promises
// of core/messages.h. The bytes of a snapshot are opaque here; whoever stores them checks them.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/messages.h"
#include "persistence/snapshot.h"
#include "raft/peer/v1/peer_service.pb.h"
#include "service/conversion/message_conversion.h"

namespace raft {

// What an offer says besides: the digest of the state, empty if the stream cannot be continued, and
// where it begins.
struct SnapshotOffer {
  std::string digest;
  std::uint64_t offset = 0;

  friend bool operator==(const SnapshotOffer&, const SnapshotOffer&) = default;
};

// From the wire: the offer that begins a stream, and what its addressee says in the end.
// INVALID_ARGUMENT names the field, its value and the rule broken.
absl::StatusOr<InstallSnapshotRequest> FromProto(const peer::v1::InstallSnapshotRequest& message);
absl::StatusOr<InstallSnapshotResponse> FromProto(const peer::v1::InstallSnapshotResponse& message);

// Requires: `message` is an offer that passed FromProto.
SnapshotOffer OfferIn(const peer::v1::InstallSnapshotRequest& message);
// Where the answerer wants the stream to go on; none: it says nothing of that. INVALID_ARGUMENT: it
// cannot mean it. Requires: `message` passed FromProto.
absl::StatusOr<std::optional<SnapshotPlace>> ContinuationIn(
    const peer::v1::InstallSnapshotResponse& message);

// OK: `piece` continues the stream that `offer` began, of which `offset` bytes have come so far.
// INVALID_ARGUMENT names the field, its value and the rule broken.
absl::Status CheckPiece(const InstallSnapshotRequest& offer, std::uint64_t offset,
                        const peer::v1::InstallSnapshotRequest& piece);

// To the wire: every field of the body, and the header's request_number. Pieces differ from the
// offer in offset, data and done. The offer is one from the beginning that cannot be continued,
// until the second says otherwise.
void ToProto(const InstallSnapshotRequest& request, peer::v1::InstallSnapshotRequest& message);
void ToProto(const SnapshotOffer& offer, peer::v1::InstallSnapshotRequest& message);
void ToProto(const InstallSnapshotResponse& response, peer::v1::InstallSnapshotResponse& message);
void ToProto(const SnapshotPlace& place, peer::v1::SnapshotPlace& message);

// OK: `response` can be an honest answer to the offer of these bounds: same number; success only in
// the term that asked; no match beyond the snapshot.
absl::Status CheckAnswer(const RequestBounds& bounds, const InstallSnapshotResponse& response);

}  // namespace raft
