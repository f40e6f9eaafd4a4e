// What was added to the wire for members and hand-over: TimeoutNow, removed_at_index, the mark of
// an election that the leader asked for, configuration entries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/cluster_configuration.h"
#include "service/conversion/message_conversion.h"

namespace raft {
namespace {

using ::testing::HasSubstr;

template <typename Message>
Message WithHeader(std::uint64_t number = 7) {
  Message message;
  message.mutable_header()->set_from(2);
  message.mutable_header()->set_to(1);
  message.mutable_header()->set_request_number(number);
  return message;
}

TEST(MembershipConversionTest, TimeoutNowComesBackAsItWent) {
  const TimeoutNowRequest request{RequestNumber(7), Term(3), ServerId(2)};
  auto message = WithHeader<peer::v1::TimeoutNowRequest>();
  ToProto(request, message);
  EXPECT_EQ(FromProto(message).value(), request);

  const TimeoutNowResponse response{RequestNumber(7), Term(4)};
  auto answer = WithHeader<peer::v1::TimeoutNowResponse>();
  ToProto(response, answer);
  EXPECT_EQ(FromProto(answer).value(), response);
  EXPECT_TRUE(CheckAnswer(BoundsOf(request), response).ok());
  EXPECT_FALSE(CheckAnswer(BoundsOf(request), TimeoutNowResponse{RequestNumber(8), Term(4)}).ok());
}

TEST(MembershipConversionTest, RefusesTimeoutNowWithoutATermOrASender) {
  auto message = WithHeader<peer::v1::TimeoutNowRequest>();
  EXPECT_THAT(std::string(FromProto(message).status().message()), HasSubstr("term is 0"));
  message.set_term(3);
  EXPECT_TRUE(FromProto(message).ok());
  message.mutable_header()->set_from(0);
  EXPECT_THAT(std::string(FromProto(message).status().message()), HasSubstr("header.from is 0"));
}

TEST(MembershipConversionTest, AnElectionThatTheLeaderAskedForIsMarked) {
  for (const bool transfer : {true, false}) {
    const RequestVoteRequest request{.number = RequestNumber(7),
                                     .term = Term(3),
                                     .candidate_id = ServerId(2),
                                     .last_log = {},
                                     .leadership_transfer = transfer};
    auto message = WithHeader<peer::v1::RequestVoteRequest>();
    message.set_leadership_transfer(!transfer);  // what an earlier use has left
    ToProto(request, message);
    EXPECT_EQ(FromProto(message).value(), request);
  }
}

TEST(MembershipConversionTest, ARemovedServerIsToldTheIndex) {
  const PreVoteResponse response{RequestNumber(7), Term(3), false, LogIndex(9)};
  auto message = WithHeader<peer::v1::PreVoteResponse>();
  ToProto(response, message);
  EXPECT_EQ(FromProto(message).value(), response);
  message.set_vote_granted(true);
  EXPECT_FALSE(FromProto(message).ok()) << "nobody votes for a server that was removed";
}

TEST(MembershipConversionTest, AConfigurationEntryArrivesAsItWasWritten) {
  const ClusterConfiguration configuration({ServerId(1), ServerId(2)});
  AppendEntriesRequest request{.number = RequestNumber(7),
                               .term = Term(3),
                               .leader_id = ServerId(2),
                               .previous = {},
                               .leader_commit = LogIndex(0),
                               .entries = {}};
  request.entries.push_back(
      std::make_shared<const LogEntry>(LogEntry{.index = LogIndex(1),
                                                .term = Term(3),
                                                .kind = EntryKind::kConfiguration,
                                                .log_time_ms = 1,
                                                .data = configuration.Encode()}));
  auto message = WithHeader<peer::v1::AppendEntriesRequest>();
  ToProto(request, message);
  const AppendEntriesRequest read = FromProto(std::move(message), ConversionLimits{}).value();
  EXPECT_EQ(read.entries.front()->kind, EntryKind::kConfiguration);
  EXPECT_EQ(ClusterConfiguration::Decode(read.entries.front()->data), configuration);
}

}  // namespace
}  // namespace raft
