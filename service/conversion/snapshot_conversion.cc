#include "service/conversion/snapshot_conversion.h"

#include "service/conversion/message_rules.h"

namespace raft {
namespace {

// As FormatDigest writes them.
constexpr absl::string_view kHexadecimalDigits = "0123456789abcdef";
constexpr std::size_t kDigestDigits = 32;

bool IsDigest(const std::string& text) {
  return text.size() == kDigestDigits &&
         text.find_first_not_of(kHexadecimalDigits.data()) == std::string::npos;
}

}  // namespace

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
  rules.Require(message.data().empty() && !message.done(), "comes with ", message.data().size(),
                " bytes; a stream begins with an offer that carries none");
  rules.Require(message.digest().empty() || IsDigest(message.digest()), "digest has ",
                message.digest().size(), " characters and is not ", kDigestDigits,
                " hexadecimal digits");
  rules.Require(message.offset() == 0 || !message.digest().empty(), "begins at offset ",
                message.offset(), " without a digest; of which snapshot?");
  if (rules.broken()) return rules.status();
  return InstallSnapshotRequest{.number = RequestNumber(message.header().request_number()),
                                .term = Term(message.term()),
                                .leader_id = ServerId(message.header().from()),
                                .last_included = {.index = LogIndex(message.last_included_index()),
                                                  .term = Term(message.last_included_term())}};
}

SnapshotOffer OfferIn(const peer::v1::InstallSnapshotRequest& message) {
  return {.digest = message.digest(), .offset = message.offset()};
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

absl::StatusOr<std::optional<SnapshotPlace>> ContinuationIn(
    const peer::v1::InstallSnapshotResponse& message) {
  if (!message.has_continue_at()) return std::optional<SnapshotPlace>();
  const peer::v1::SnapshotPlace& place = message.continue_at();
  Rules rules("InstallSnapshot response");
  rules.Require(!message.installed(), "is to be continued although installed");
  rules.Require(place.offset() != 0 && place.offset() <= kNumberMax, "continue_at.offset ",
                place.offset(), " is no place inside a stream");
  rules.Require(place.piece_count() != 0 && place.piece_count() <= place.offset(),
                "continue_at.piece_count ", place.piece_count(), " cannot be at offset ",
                place.offset());
  rules.Require(place.key_count() <= place.offset(), "continue_at.key_count ", place.key_count(),
                " cannot be at offset ", place.offset());
  rules.Require(place.key_count() != 0 || place.last_key().empty(),
                "continue_at.last_key is there without a key");
  if (rules.broken()) return rules.status();
  return SnapshotPlace{.offset = place.offset(),
                       .piece_count = place.piece_count(),
                       .link = place.link(),
                       .key_count = place.key_count(),
                       .last_key = place.last_key()};
}

void ToProto(const InstallSnapshotRequest& request, peer::v1::InstallSnapshotRequest& message) {
  message.mutable_header()->set_request_number(request.number.value());
  message.set_term(request.term.value());
  message.set_last_included_index(request.last_included.index.value());
  message.set_last_included_term(request.last_included.term.value());
  message.set_offset(0);
  message.clear_data();
  message.set_done(false);
  message.clear_digest();
}

void ToProto(const SnapshotOffer& offer, peer::v1::InstallSnapshotRequest& message) {
  message.set_offset(offer.offset);
  message.set_digest(offer.digest);
}

void ToProto(const InstallSnapshotResponse& response, peer::v1::InstallSnapshotResponse& message) {
  message.mutable_header()->set_request_number(response.number.value());
  message.set_term(response.term.value());
  message.set_installed(response.success);
  message.set_match_index(response.match_index.value());
  message.clear_continue_at();
}

void ToProto(const SnapshotPlace& place, peer::v1::SnapshotPlace& message) {
  message.set_offset(place.offset);
  message.set_piece_count(place.piece_count);
  message.set_link(place.link);
  message.set_key_count(place.key_count);
  message.set_last_key(place.last_key);
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
