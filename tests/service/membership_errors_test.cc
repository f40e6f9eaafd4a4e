// What clients are told when members do not change or leadership is not handed over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "service/errors.h"

namespace raft {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

const ErrorBook& Book() {
  static const ErrorBook book(
      [](ServerId server) {
        return server == ServerId(2) ? std::string("127.0.0.1:7010") : std::string();
      },
      std::chrono::milliseconds(300));
  return book;
}

ServiceError Refused(RefusalReason reason, std::optional<ServerId> leader = std::nullopt) {
  return Book().Refused(
      {.ticket = Ticket(1), .reason = reason, .leader_hint = leader, .current_term = Term(7)});
}

TEST(MembershipErrorsTest, ALeaderThatHandsOverSendsClientsToTheTarget) {
  const ServiceError error = Refused(RefusalReason::kTransferring, ServerId(2));
  EXPECT_EQ(error.code, StatusCode::UNAVAILABLE) << "certainly not appended: safe to send again";
  EXPECT_STREQ(error.reason, "TRANSFERRING");
  ASSERT_TRUE(error.leader_hint.has_value());
  EXPECT_EQ(error.leader_hint->client_address(), "127.0.0.1:7010");
  EXPECT_FALSE(Refused(RefusalReason::kTransferring).leader_hint.has_value());
}

TEST(MembershipErrorsTest, TheArithmeticOfAMajorityIsInTheMessageAndInTheMetadata) {
  const ServiceError error =
      Book().Refused({.ticket = Ticket(1),
                      .reason = RefusalReason::kNoMajorityReachable,
                      .leader_hint = std::nullopt,
                      .current_term = Term(7),
                      .silent_peer = std::nullopt,
                      .refused_change = RefusedChange{.voters = 4, .majority = 3, .reachable = 2}});
  EXPECT_STREQ(error.reason, "NO_MAJORITY_REACHABLE");
  EXPECT_THAT(error.message, HasSubstr("4 voters, a majority of which is 3, but only 2"));
  EXPECT_EQ(error.metadata.size(), 3u);
}

TEST(MembershipErrorsTest, TheOneThatLagsIsNamed) {
  const ServiceError error = Book().Refused({.ticket = Ticket(1),
                                             .reason = RefusalReason::kLearnerBehind,
                                             .leader_hint = std::nullopt,
                                             .current_term = Term(7),
                                             .silent_peer = ServerId(4)});
  EXPECT_STREQ(error.reason, "LEARNER_BEHIND");
  EXPECT_THAT(error.message, HasSubstr("server 4"));
}

// Retry policies send UNAVAILABLE again by themselves; none of these gets better by that.
TEST(MembershipErrorsTest, EachRefusalHasItsReasonAndIsNotRetriedBlindly) {
  const struct {
    RefusalReason reason;
    const char* name;
    StatusCode code;
  } cases[] = {
      {RefusalReason::kTermNotCommitted, "TERM_NOT_COMMITTED", StatusCode::UNAVAILABLE},
      {RefusalReason::kConfigurationMoved, "CONFIG_MOVED", StatusCode::ABORTED},
      {RefusalReason::kChangeUnderWay, "CHANGE_UNDER_WAY", StatusCode::FAILED_PRECONDITION},
      {RefusalReason::kTransferToSelf, "TRANSFER_TO_SELF", StatusCode::FAILED_PRECONDITION},
      {RefusalReason::kTargetNotVoter, "TARGET_NOT_VOTER", StatusCode::FAILED_PRECONDITION},
      {RefusalReason::kTargetUnreachable, "TARGET_UNREACHABLE", StatusCode::FAILED_PRECONDITION},
      {RefusalReason::kTransferUnderWay, "TRANSFER_UNDER_WAY", StatusCode::ABORTED},
  };
  for (const auto& expected : cases) {
    const ServiceError error = Refused(expected.reason);
    EXPECT_STREQ(error.reason, expected.name);
    EXPECT_EQ(error.code, expected.code) << expected.name;
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(MembershipErrorsTest, AHandOverThatEndedOtherwiseSaysWhoLeads) {
  const ServiceError other = Book().NotHandedOver({.ticket = Ticket(1),
                                                   .outcome = TransferOutcome::kOtherLeads,
                                                   .leader = ServerId(2),
                                                   .current_term = Term(8)});
  EXPECT_STREQ(other.reason, "OTHER_LEADER");
  EXPECT_EQ(other.leader_hint->leader_id(), 2u);
  const ServiceError nobody = Book().NotHandedOver({.ticket = Ticket(1),
                                                    .outcome = TransferOutcome::kNothingCame,
                                                    .leader = std::nullopt,
                                                    .current_term = Term(7)});
  EXPECT_STREQ(nobody.reason, "NOT_TAKEN_OVER");
}

}  // namespace
}  // namespace raft
