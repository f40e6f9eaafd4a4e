// Votes on the wire: what is said arrives, and what breaks a rule of the paper does not.
#include "service/conversion/message_conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace raft {
namespace {

using ::testing::HasSubstr;

// One way to break a message, and the word the error must say about it.
template <typename Message>
struct Breakage {
  std::string name;
  std::function<void(Message&)> apply;
  std::string expected_words;
};

template <typename Message>
void ExpectEachRefused(const Message& good, const std::vector<Breakage<Message>>& breakages) {
  ASSERT_TRUE(FromProto(good).ok()) << "the message is good before it is broken";
  for (const Breakage<Message>& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    Message broken = good;
    breakage.apply(broken);
    const auto result = FromProto(broken);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(breakage.expected_words));
  }
}

peer::v1::PeerHeader GoodHeader() {
  peer::v1::PeerHeader header;
  header.set_from(2);
  header.set_to(1);
  header.set_request_number(7);
  return header;
}

template <typename Message>
Message GoodBallot() {
  Message message;
  *message.mutable_header() = GoodHeader();
  message.set_term(5);
  message.set_last_log_index(9);
  message.set_last_log_term(4);
  return message;
}

// The enormous term is trap A20: whoever adopts it wins no election any more.
template <typename Message>
std::vector<Breakage<Message>> BallotBreakages() {
  return {
      {"term 0", [](Message& m) { m.set_term(0); }, "term is 0"},
      {"enormous term", [](Message& m) { m.set_term(kNumberMax + 1); }, "no honest cluster"},
      {"from 0", [](Message& m) { m.mutable_header()->set_from(0); }, "header.from"},
      {"to 0", [](Message& m) { m.mutable_header()->set_to(0); }, "header.to"},
      {"number 0", [](Message& m) { m.mutable_header()->set_request_number(0); }, "request_number"},
      {"no header", [](Message& m) { m.clear_header(); }, "header.from"},
      {"index without term", [](Message& m) { m.set_last_log_term(0); }, "last_log_term 0"},
      {"term without index", [](Message& m) { m.set_last_log_index(0); }, "last_log_index 0"},
      {"log of the election's term", [](Message& m) { m.set_last_log_term(5); }, "not below"},
      {"enormous index", [](Message& m) { m.set_last_log_index(kNumberMax + 1); },
       "last_log_index"},
  };
}

TEST(MessageConversionTest, PreVoteRequestComesBackAsItWent) {
  const PreVoteRequest request{.number = RequestNumber(7),
                               .term = Term(5),
                               .candidate_id = ServerId(2),
                               .last_log = {.index = LogIndex(9), .term = Term(4)}};
  peer::v1::PreVoteRequest message;
  *message.mutable_header() = GoodHeader();

  ToProto(request, message);

  EXPECT_EQ(FromProto(message).value(), request);
}

TEST(MessageConversionTest, RequestVoteRequestOfAnEmptyLogComesBackAsItWent) {
  const RequestVoteRequest request{
      .number = RequestNumber(7), .term = Term(1), .candidate_id = ServerId(2), .last_log = {}};
  peer::v1::RequestVoteRequest message;
  *message.mutable_header() = GoodHeader();

  ToProto(request, message);

  EXPECT_EQ(FromProto(message).value(), request);
}

TEST(MessageConversionTest, VotesComeBackAsTheyWent) {
  for (const bool granted : {false, true}) {
    const PreVoteResponse pre_vote{
        .number = RequestNumber(7), .term = Term(5), .vote_granted = granted};
    const RequestVoteResponse vote{
        .number = RequestNumber(8), .term = Term(6), .vote_granted = granted};
    peer::v1::PreVoteResponse pre_vote_message;
    peer::v1::RequestVoteResponse vote_message;

    ToProto(pre_vote, pre_vote_message);
    ToProto(vote, vote_message);

    EXPECT_EQ(FromProto(pre_vote_message).value(), pre_vote);
    EXPECT_EQ(FromProto(vote_message).value(), vote);
  }
}

TEST(MessageConversionTest, AMessageUsedAgainKeepsNothingOfItsLastUse) {
  peer::v1::RequestVoteResponse message;
  ToProto(RequestVoteResponse{RequestNumber(1), Term(9), true}, message);

  const RequestVoteResponse second{RequestNumber(2), Term(3), false};
  ToProto(second, message);

  EXPECT_EQ(FromProto(message).value(), second);
}

TEST(MessageConversionTest, RefusesPreVoteRequestsThatBreakARule) {
  ExpectEachRefused(GoodBallot<peer::v1::PreVoteRequest>(),
                    BallotBreakages<peer::v1::PreVoteRequest>());
}

TEST(MessageConversionTest, RefusesRequestVoteRequestsThatBreakARule) {
  using Message = peer::v1::RequestVoteRequest;
  ExpectEachRefused(GoodBallot<Message>(), BallotBreakages<Message>());
}

template <typename Message>
void ExpectVoteBreakagesRefused() {
  Message good;
  *good.mutable_header() = GoodHeader();
  good.set_term(5);
  ExpectEachRefused<Message>(
      good,
      {{"term 0", [](Message& m) { m.set_term(0); }, "term is 0"},
       {"enormous term", [](Message& m) { m.set_term(~std::uint64_t{0}); }, "no honest cluster"},
       {"number 0", [](Message& m) { m.mutable_header()->set_request_number(0); },
        "request_number"}});
}

TEST(MessageConversionTest, RefusesVotesThatBreakARule) {
  ExpectVoteBreakagesRefused<peer::v1::PreVoteResponse>();
  ExpectVoteBreakagesRefused<peer::v1::RequestVoteResponse>();
}

TEST(CheckAnswerTest, AVoteIsOnlyGrantedInTheTermThatAskedForIt) {
  const RequestBounds bounds{
      .number = RequestNumber(7), .term = Term(5), .previous = {}, .last = {}, .compared = {}};
  for (const std::uint64_t term : {4, 5, 6}) {
    const bool is_asked_term = term == 5;
    EXPECT_EQ(CheckAnswer(bounds, PreVoteResponse{RequestNumber(7), Term(term), true}).ok(),
              is_asked_term);
    EXPECT_EQ(CheckAnswer(bounds, RequestVoteResponse{RequestNumber(7), Term(term), true}).ok(),
              is_asked_term);
    EXPECT_TRUE(CheckAnswer(bounds, PreVoteResponse{RequestNumber(7), Term(term), false}).ok());
    EXPECT_TRUE(CheckAnswer(bounds, RequestVoteResponse{RequestNumber(7), Term(term), false}).ok());
  }
}

TEST(CheckAnswerTest, AnAnswerToAnotherRequestIsNone) {
  const RequestBounds bounds{
      .number = RequestNumber(7), .term = Term(5), .previous = {}, .last = {}, .compared = {}};
  EXPECT_FALSE(CheckAnswer(bounds, PreVoteResponse{RequestNumber(8), Term(5), false}).ok());
  EXPECT_FALSE(CheckAnswer(bounds, RequestVoteResponse{RequestNumber(8), Term(5), false}).ok());
}

}  // namespace
}  // namespace raft
