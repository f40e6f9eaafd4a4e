#include "service/conversion/snapshot_conversion.h"

#include "service/conversion/message_rules.h"

namespace raft {

absl::StatusOr<InstallSnapshotRequest> FromProto(const peer::v1::InstallSnapshotRequest& message) {
  Rules rules("InstallSnapshot offer");
  RequireRequestHeader(rules, message.header());
  RequireTerm(rules, message.term());
  RequirePosition(rules, "last_included", message.last_included_index(),
                  message.last_included_term());
  rules.Require(message.last_included_index() != 0,
                "last_included_index is 0; a snapshot holds at least one entry");
  rules.Require(message.last_included_term() <= message.term(), "last_included_term ",
                message.last_included_term(), " is above the leader's term ", message.term());
  rules.Require(message.offset() == 0 && message.data().empty() && !message.done(), "comes with ",
                message.data().size(), " bytes at offset ", message.offset(),
                "; a stream begins with an offer that carries none");
  if (rules.broken()) return rules.status();
  return InstallSnapshotRequest{.number = RequestNumber(message.header().request_number()),
                                .term = Term(message.term()),
                                .leader_id = ServerId(message.header().from()),
                                .last_included = {.index = LogIndex(message.last_included_index()),
                                                  .term = Term(message.last_included_term())}};
}

absl::Status CheckPiece(const InstallSnapshotRequest& offer, std::uint64_t offset,
                        const peer::v1::InstallSnapshotRequest& piece) {
  Rules rules("InstallSnapshot piece");
  const peer::v1::PeerHeader& header = piece.header();
  rules.Require(header.from() == offer.leader_id.value(), "header.from is ", header.from(),
                ", the offer came from ", offer.leader_id.value());
  rules.Require(header.request_number() == offer.number.value(), "header.request_number is ",
                header.request_number(), ", the offer's was ", offer.number.value());
  rules.Require(piece.term() == offer.term.value(), "term ", piece.term(),
                " is not the offer's term ", offer.term.value());
  rules.Require(piece.last_included_index() == offer.last_included.index.value() &&
                    piece.last_included_term() == offer.last_included.term.value(),
                "belongs to a snapshot through index ", piece.last_included_index(), " of term ",
                piece.last_included_term(), ", the offer was through index ",
                offer.last_included.index.value(), " of term ", offer.last_included.term.value());
  rules.Require(piece.offset() == offset, "offset ", piece.offset(), " where ", offset, " must be");
  rules.Require(!piece.data().empty() || piece.done(), "carries no bytes and is not the last");
  return rules.status();
}

absl::StatusOr<InstallSnapshotResponse> FromProto(
    const peer::v1::InstallSnapshotResponse& message) {
  Rules rules("InstallSnapshot response");
  RequireNumber(rules, message.header());
  RequireTerm(rules, message.term());
  RequireIndex(rules, "match", message.match_index());
  rules.Require(message.installed() == (message.match_index() != 0), "match_index ",
                message.match_index(), message.installed() ? " although" : " without",
                " installed");
  if (rules.broken()) return rules.status();
  return InstallSnapshotResponse{.number = RequestNumber(message.header().request_number()),
                                 .term = Term(message.term()),
                                 .success = message.installed(),
                                 .match_index = LogIndex(message.match_index())};
}

void ToProto(const InstallSnapshotRequest& request, peer::v1::InstallSnapshotRequest& message) {
  message.mutable_header()->set_request_number(request.number.value());
  message.set_term(request.term.value());
  message.set_last_included_index(request.last_included.index.value());
  message.set_last_included_term(request.last_included.term.value());
  message.set_offset(0);
  message.clear_data();
  message.set_done(false);
}

void ToProto(const InstallSnapshotResponse& response, peer::v1::InstallSnapshotResponse& message) {
  message.mutable_header()->set_request_number(response.number.value());
  message.set_term(response.term.value());
  message.set_installed(response.success);
  message.set_match_index(response.match_index.value());
}

absl::Status CheckAnswer(const RequestBounds& bounds, const InstallSnapshotResponse& response) {
  Rules rules("InstallSnapshot response");
  RequireSameNumber(rules, bounds, response);
  rules.Require(response.term >= bounds.term, "comes from term ", response.term.value(),
                " although the request's term ", bounds.term.value(), " was adopted");
  if (response.success) RequireAskedTerm(rules, bounds, response);
  rules.Require(response.match_index <= bounds.last, "claims match_index ",
                response.match_index.value(), ", the snapshot ends at ", bounds.last.value());
  return rules.status();
}

}  // namespace raft
