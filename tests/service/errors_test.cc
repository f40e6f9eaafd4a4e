// What each error says to people, to programs and to stock retry policies.
#include "service/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace raft {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::Not;

const ErrorBook& Book() {
  static const ErrorBook book(
      [](ServerId server) {
        return server == ServerId(2) ? std::string("127.0.0.1:7010") : std::string();
      },
      std::chrono::milliseconds(300));
  return book;
}

Refusal MakeRefusal(RefusalReason reason, std::optional<ServerId> leader = std::nullopt) {
  return {.ticket = Ticket(1),
          .reason = reason,
          .leader_hint = leader,
          .current_term = Term(7),
          .silent_peer = std::nullopt};
}

// The details of a status by type, as a stock decoder finds them.
std::map<std::string, std::string> DetailsOf(const grpc::Status& status) {
  v1::StatusDetails details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  std::map<std::string, std::string> by_type;
  for (const auto& any : details.details()) by_type[any.type_url()] = any.value();
  return by_type;
}

v1::ErrorInfo InfoOf(const ServiceError& error) {
  v1::ErrorInfo info;
  EXPECT_TRUE(
      info.ParseFromString(DetailsOf(ToStatus(error))["type.googleapis.com/google.rpc.ErrorInfo"]));
  return info;
}

TEST(ErrorsTest, NotLeaderNamesTheLeaderInWordsAndInDetails) {
  const ServiceError error = Book().Refused(MakeRefusal(RefusalReason::kNotLeader, ServerId(2)));
  EXPECT_EQ(error.code, StatusCode::UNAVAILABLE);
  EXPECT_EQ(error.message, "not leader; leader is server 2 at 127.0.0.1:7010 (term 7)");
  EXPECT_EQ(InfoOf(error).reason(), "NOT_LEADER");
  EXPECT_EQ(InfoOf(error).domain(), "raft.v1");
  auto details = DetailsOf(ToStatus(error));
  v1::LeaderHint hint;
  ASSERT_TRUE(hint.ParseFromString(details["type.googleapis.com/raft.v1.LeaderHint"]));
  EXPECT_EQ(hint.leader_id(), 2u);
  EXPECT_EQ(hint.client_address(), "127.0.0.1:7010");
  EXPECT_EQ(hint.term(), 7u);
  v1::RetryInfo retry;
  ASSERT_TRUE(retry.ParseFromString(details["type.googleapis.com/google.rpc.RetryInfo"]));
  EXPECT_EQ(retry.retry_delay().nanos(), 1'000'000);
}

TEST(ErrorsTest, NotLeaderAdmitsThatTheLeadersAddressIsNotKnown) {
  const ServiceError error = Book().Refused(MakeRefusal(RefusalReason::kNotLeader, ServerId(3)));
  EXPECT_THAT(error.message, HasSubstr("server 3, whose client address is not known here yet"));
}

struct ReasonCase {
  RefusalReason refusal;
  StatusCode code;
  const char* reason;
};

class RefusalErrorsTest : public testing::TestWithParam<ReasonCase> {};

TEST_P(RefusalErrorsTest, HaveTheCodeAndReasonOfTheTable) {
  const ServiceError error = Book().Refused(MakeRefusal(GetParam().refusal));
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(InfoOf(error).reason(), GetParam().reason);
  EXPECT_THAT(error.message, Not(testing::IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalErrorsTest,
    testing::Values(
        ReasonCase{RefusalReason::kNotLeader, StatusCode::UNAVAILABLE, "NO_LEADER"},
        ReasonCase{RefusalReason::kLeadershipLost, StatusCode::UNAVAILABLE, "NO_LEADER"},
        ReasonCase{RefusalReason::kNoQuorum, StatusCode::UNAVAILABLE, "NO_QUORUM"},
        ReasonCase{RefusalReason::kTermMoved, StatusCode::ABORTED, "TERM_MOVED"},
        ReasonCase{RefusalReason::kOverloaded, StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED"},
        ReasonCase{RefusalReason::kLogFull, StatusCode::RESOURCE_EXHAUSTED, "LOG_FULL"},
        ReasonCase{RefusalReason::kStateDiverged, StatusCode::UNAVAILABLE, "STATE_DIVERGED"}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(ErrorsTest, WaitsAQuarterOfTheElectionTimeoutForALeader) {
  const ServiceError error = Book().Refused(MakeRefusal(RefusalReason::kNotLeader));
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds(75));
}

TEST(ErrorsTest, AFullLogNamesTheSilentServerAndStopsRetries) {
  Refusal refusal = MakeRefusal(RefusalReason::kLogFull);
  refusal.silent_peer = ServerId(3);
  const ServiceError error = Book().Refused(refusal);
  EXPECT_THAT(error.message, HasSubstr("server 3 does not answer"));
  EXPECT_EQ(InfoOf(error).metadata().at("silent_server_id"), "3");
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds(-1));
}

TEST(ErrorsTest, AQuarantinedServerNamesAnotherOneToAskWhenItKnowsOne) {
  const ServiceError alone = Book().Refused(MakeRefusal(RefusalReason::kStateDiverged));
  EXPECT_THAT(alone.message, HasSubstr("differs from the majority's"));
  EXPECT_FALSE(alone.leader_hint.has_value());
  const ServiceError named =
      Book().Refused(MakeRefusal(RefusalReason::kStateDiverged, ServerId(2)));
  ASSERT_TRUE(named.leader_hint.has_value());
  EXPECT_EQ(named.leader_hint->leader_id(), 2u);
  EXPECT_EQ(named.retry_after, std::chrono::milliseconds(1));
}

TEST(ErrorsTest, AMovedTermSaysTheCurrentOne) {
  const ServiceError error = Book().Refused(MakeRefusal(RefusalReason::kTermMoved));
  EXPECT_EQ(InfoOf(error).metadata().at("current_term"), "7");
}

// Trap F13: an unknown outcome that reads like a failure is sent again.
TEST(ErrorsTest, ADeadlineTellsTheUnknownFromTheCertain) {
  const LogPosition position{.index = LogIndex(5), .term = Term(2)};
  const ServiceError unknown = DeadlinePassed(RequestKind::kProposal, position);
  EXPECT_EQ(unknown.code, StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(InfoOf(unknown).reason(), "OUTCOME_UNKNOWN");
  EXPECT_EQ(InfoOf(unknown).metadata().at("index"), "5");
  EXPECT_EQ(InfoOf(unknown).metadata().at("term"), "2");
  const ServiceError certain = DeadlinePassed(RequestKind::kProposal, std::nullopt);
  EXPECT_EQ(InfoOf(certain).reason(), "NOT_STARTED");
}

TEST(ErrorsTest, AStoppingServerNeverCallsAnUnknownOutcomeUnavailable) {
  const LogPosition position{.index = LogIndex(5), .term = Term(2)};
  const ServiceError unknown = Book().ShuttingDown(position, std::nullopt);
  EXPECT_EQ(unknown.code, StatusCode::UNKNOWN) << "no retry policy may send it again";
  EXPECT_EQ(InfoOf(unknown).reason(), "OUTCOME_UNKNOWN");
  const Leadership led_by_2{.role = RoleName::kFollower, .term = Term(7), .leader = ServerId(2)};
  const ServiceError certain = Book().ShuttingDown(std::nullopt, led_by_2);
  EXPECT_EQ(certain.code, StatusCode::UNAVAILABLE);
  EXPECT_EQ(InfoOf(certain).reason(), "SHUTTING_DOWN");
  EXPECT_EQ(certain.leader_hint->leader_id(), 2u);
}

TEST(ErrorsTest, AHandOverThatNobodyWaitedForIsUnknown) {
  const ServiceError unknown =
      HandOverUnknown(StatusCode::DEADLINE_EXCEEDED, "the deadline passed");
  EXPECT_EQ(unknown.code, StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(InfoOf(unknown).reason(), "OUTCOME_UNKNOWN");
  EXPECT_THAT(unknown.message, HasSubstr("the deadline passed before the end"));
}

TEST(ErrorsTest, AFormingClusterSaysWhatItWaitsFor) {
  const ServiceError error = Book().Forming("server 2 at h2:7001: connection refused");
  EXPECT_EQ(error.code, StatusCode::UNAVAILABLE);
  EXPECT_EQ(InfoOf(error).reason(), "NO_LEADER");
  EXPECT_THAT(error.message, HasSubstr("waiting for server 2 at h2:7001: connection refused"));
}

TEST(ErrorsTest, WhatIsNotSupportedIsNamed) {
  const ServiceError error = NotSupported("Watch");
  EXPECT_EQ(error.code, StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(InfoOf(error).reason(), "NOT_SUPPORTED");
  EXPECT_EQ(Invalid(absl::UnimplementedError("opaque")).code, StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Invalid(absl::InvalidArgumentError("key")).code, StatusCode::INVALID_ARGUMENT);
}

TEST(ErrorsTest, ACommandThatIsTooLargeSaysTheLimit) {
  const ServiceError error = CommandTooLarge(11, 10);
  EXPECT_EQ(InfoOf(error).reason(), "COMMAND_TOO_LARGE");
  EXPECT_EQ(InfoOf(error).metadata().at("limit"), "10");
}

}  // namespace
}  // namespace raft
