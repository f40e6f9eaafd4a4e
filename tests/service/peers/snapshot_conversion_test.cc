// Snapshots on the wire: what is said arrives, and no bad offer, piece or answer does.
#include "service/conversion/snapshot_conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace raft {
namespace {

using ::testing::HasSubstr;

const InstallSnapshotRequest kOffer = {.number = RequestNumber(7),
                                       .term = Term(5),
                                       .leader_id = ServerId(2),
                                       .last_included = {.index = LogIndex(9), .term = Term(4)}};

peer::v1::InstallSnapshotRequest OfferMessage() {
  peer::v1::InstallSnapshotRequest message;
  message.mutable_header()->set_from(2);
  message.mutable_header()->set_to(1);
  ToProto(kOffer, message);
  return message;
}

peer::v1::InstallSnapshotRequest PieceMessage(std::uint64_t offset, const std::string& data) {
  peer::v1::InstallSnapshotRequest message = OfferMessage();
  message.set_offset(offset);
  message.set_data(data);
  return message;
}

template <typename Message>
struct Breakage {
  std::string name;
  std::function<void(Message&)> apply;
  std::string expected_words;
};

void ExpectRefused(const absl::Status& status, const std::string& words) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(words));
}

TEST(SnapshotConversionTest, AnOfferComesBackAsItWent) {
  EXPECT_EQ(FromProto(OfferMessage()).value(), kOffer);
}

TEST(SnapshotConversionTest, AMessageUsedForAPieceBeforeBecomesACleanOffer) {
  peer::v1::InstallSnapshotRequest message = PieceMessage(3, "abc");
  message.set_done(true);
  ToProto(kOffer, message);
  EXPECT_EQ(FromProto(message).value(), kOffer);
}

TEST(SnapshotConversionTest, RefusesEveryBadOffer) {
  using M = peer::v1::InstallSnapshotRequest;
  const std::vector<Breakage<M>> breakages = {
      {"no header", [](M& m) { m.clear_header(); }, "header.from"},
      {"from 0", [](M& m) { m.mutable_header()->set_from(0); }, "header.from"},
      {"to 0", [](M& m) { m.mutable_header()->set_to(0); }, "header.to"},
      {"number 0", [](M& m) { m.mutable_header()->set_request_number(0); }, "request_number"},
      {"term 0", [](M& m) { m.set_term(0); }, "term is 0"},
      {"enormous term", [](M& m) { m.set_term(kNumberMax + 1); }, "no honest cluster"},
      {"empty position",
       [](M& m) {
         m.set_last_included_index(0);
         m.set_last_included_term(0);
       },
       "last_included_index is 0"},
      {"index without term", [](M& m) { m.set_last_included_term(0); }, "last_included_term 0"},
      {"term without index", [](M& m) { m.set_last_included_index(0); }, "last_included_index 0"},
      {"enormous index", [](M& m) { m.set_last_included_index(kNumberMax + 1); },
       "last_included_index"},
      {"snapshot of a later term", [](M& m) { m.set_last_included_term(6); },
       "above the leader's term 5"},
      {"offset of nobody knows what", [](M& m) { m.set_offset(1); }, "offset 1 without a digest"},
      {"short digest", [](M& m) { m.set_digest("abc"); }, "digest has 3 characters"},
      {"digest of other characters", [](M& m) { m.set_digest(std::string(32, 'x')); },
       "hexadecimal"},
      {"data", [](M& m) { m.set_data("x"); }, "1 bytes"},
      {"done", [](M& m) { m.set_done(true); }, "begins with an offer"},
  };
  for (const Breakage<M>& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    M broken = OfferMessage();
    breakage.apply(broken);
    ExpectRefused(FromProto(broken).status(), breakage.expected_words);
  }
}

TEST(SnapshotConversionTest, AnOfferSaysOfWhatAndFromWhere) {
  const SnapshotOffer said = {.digest = std::string(32, 'a'), .offset = 70'000};
  peer::v1::InstallSnapshotRequest message = OfferMessage();
  EXPECT_EQ(OfferIn(message), SnapshotOffer());
  ToProto(said, message);
  EXPECT_EQ(FromProto(message).value(), kOffer);
  EXPECT_EQ(OfferIn(message), said);
}

const SnapshotPlace kPlace = {.offset = 1'000,
                              .piece_count = 4,
                              .link = 77,
                              .key_count = 9,
                              .last_key = std::string("k\0", 2)};

TEST(SnapshotConversionTest, APlaceComesBackAsItWent) {
  for (const SnapshotPlace& place :
       {kPlace, SnapshotPlace{.offset = 90, .piece_count = 1, .last_key = {}}}) {
    peer::v1::InstallSnapshotResponse message;
    ToProto(InstallSnapshotResponse{.number = kOffer.number, .term = kOffer.term}, message);
    EXPECT_EQ(ContinuationIn(message).value(), std::nullopt);
    ToProto(place, *message.mutable_continue_at());
    EXPECT_EQ(ContinuationIn(message).value(), place);
  }
}

TEST(SnapshotConversionTest, RefusesEveryPlaceThatIsNone) {
  using M = peer::v1::InstallSnapshotResponse;
  const std::vector<Breakage<M>> breakages = {
      {"the beginning", [](M& m) { m.mutable_continue_at()->set_offset(0); }, "offset 0"},
      {"enormous", [](M& m) { m.mutable_continue_at()->set_offset(kNumberMax + 1); }, "offset"},
      {"no pieces", [](M& m) { m.mutable_continue_at()->set_piece_count(0); }, "piece_count 0"},
      {"pieces of nothing", [](M& m) { m.mutable_continue_at()->set_piece_count(1'001); },
       "piece_count 1001"},
      {"keys of nothing", [](M& m) { m.mutable_continue_at()->set_key_count(1'001); },
       "key_count 1001"},
      {"a key too many", [](M& m) { m.mutable_continue_at()->set_key_count(0); }, "without a key"},
      {"installed", [](M& m) { m.set_installed(true); }, "although installed"},
  };
  for (const Breakage<M>& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    M broken;
    ToProto(kPlace, *broken.mutable_continue_at());
    breakage.apply(broken);
    ExpectRefused(ContinuationIn(broken).status(), breakage.expected_words);
  }
}

TEST(SnapshotConversionTest, TakesPiecesInTheirPlaceAndALastOneWithoutBytes) {
  EXPECT_TRUE(CheckPiece(kOffer, 0, PieceMessage(0, "abc")).ok());
  EXPECT_TRUE(CheckPiece(kOffer, 3, PieceMessage(3, "d")).ok());
  peer::v1::InstallSnapshotRequest last = PieceMessage(4, "");
  last.set_done(true);
  EXPECT_TRUE(CheckPiece(kOffer, 4, last).ok());
}

TEST(SnapshotConversionTest, RefusesEveryPieceThatDoesNotContinueTheOffer) {
  using M = peer::v1::InstallSnapshotRequest;
  const std::vector<Breakage<M>> breakages = {
      {"a gap", [](M& m) { m.set_offset(4); }, "offset 4 where 3 must be"},
      {"twice", [](M& m) { m.set_offset(0); }, "offset 0 where 3 must be"},
      {"no bytes", [](M& m) { m.clear_data(); }, "carries no bytes"},
      {"another sender", [](M& m) { m.mutable_header()->set_from(3); }, "header.from is 3"},
      {"another request", [](M& m) { m.mutable_header()->set_request_number(8); },
       "request_number is 8"},
      {"another term", [](M& m) { m.set_term(6); }, "term 6"},
      {"another snapshot", [](M& m) { m.set_last_included_index(10); }, "through index 10"},
      {"another snapshot's term", [](M& m) { m.set_last_included_term(3); }, "of term 3"},
  };
  for (const Breakage<M>& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    M broken = PieceMessage(3, "abc");
    breakage.apply(broken);
    ExpectRefused(CheckPiece(kOffer, 3, broken), breakage.expected_words);
  }
}

InstallSnapshotResponse Installed() {
  return {
      .number = kOffer.number, .term = kOffer.term, .success = true, .match_index = LogIndex(9)};
}

TEST(SnapshotConversionTest, AnswersComeBackAsTheyWent) {
  for (const InstallSnapshotResponse& response :
       {Installed(), InstallSnapshotResponse{.number = kOffer.number, .term = Term(6)}}) {
    peer::v1::InstallSnapshotResponse message;
    ToProto(response, message);
    EXPECT_EQ(FromProto(message).value(), response);
    EXPECT_TRUE(CheckAnswer(BoundsOf(kOffer), response).ok());
  }
}

TEST(SnapshotConversionTest, RefusesEveryBadAnswer) {
  using M = peer::v1::InstallSnapshotResponse;
  const std::vector<Breakage<M>> breakages = {
      {"no number", [](M& m) { m.clear_header(); }, "request_number"},
      {"term 0", [](M& m) { m.set_term(0); }, "term is 0"},
      {"enormous index", [](M& m) { m.set_match_index(kNumberMax + 1); }, "match_index"},
      {"installed without a match", [](M& m) { m.set_match_index(0); }, "although installed"},
      {"a match without installed", [](M& m) { m.set_installed(false); }, "without installed"},
  };
  for (const Breakage<M>& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    M broken;
    ToProto(Installed(), broken);
    breakage.apply(broken);
    ExpectRefused(FromProto(broken).status(), breakage.expected_words);
  }
}

// A leader that believed more could commit what nobody stored (trap C20).
TEST(SnapshotConversionTest, BelievesNoAnswerThatClaimsTooMuch) {
  using R = InstallSnapshotResponse;
  const std::vector<Breakage<R>> breakages = {
      {"another number", [](R& r) { r.number = RequestNumber(8); }, "answers request 8"},
      {"beyond the snapshot", [](R& r) { r.match_index = LogIndex(10); }, "claims match_index 10"},
      {"in another term", [](R& r) { r.term = Term(6); }, "agrees in term 6"},
      {"in an older term", [](R& r) { r.term = Term(4); }, "comes from term 4"},
  };
  for (const Breakage<R>& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    R broken = Installed();
    breakage.apply(broken);
    ExpectRefused(CheckAnswer(BoundsOf(kOffer), broken), breakage.expected_words);
  }
}

}  // namespace
}  // namespace raft
