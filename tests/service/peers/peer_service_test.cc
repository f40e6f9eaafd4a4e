// The peers' door, knocked at by hand: what is let in, what is refused, and that every call ends.
#include "service/peer_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <array>
#include <future>

#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "test_server.h"

namespace raft {
namespace {

using ::testing::HasSubstr;

LocalServer Knocker(std::uint64_t incarnation) {
  LocalServer knocker;
  knocker.server_id = ServerId(2);
  knocker.incarnation = incarnation;
  knocker.process_nonce = 5;
  return knocker;
}

// Server 1 is the door, server 2 knocks.
class PeerServiceTest : public ::testing::Test {
 protected:
  PeerServiceTest()
      : door_(1),
        founding_(FoundingOf({door_.member(), {ServerId(2), "127.0.0.1:1", 102}})),
        knocker_(Knocker(102), founding_),
        stub_(peer::v1::PeerService::NewStub(
            grpc::CreateChannel(door_.address(), grpc::InsecureChannelCredentials()))) {}

  void Open(InputRecorder::Responder responder, const InboxLimits& limits = {}) {
    door_.Open(founding_, std::move(responder), {}, limits);
  }

  peer::v1::RequestVoteRequest GoodBallot() const {
    peer::v1::RequestVoteRequest request;
    knocker_.Stamp({ServerId(1), 101}, *request.mutable_header());
    request.mutable_header()->set_request_number(7);
    request.set_term(3);
    return request;
  }

  grpc::Status Ask(const peer::v1::RequestVoteRequest& request,
                   peer::v1::RequestVoteResponse* response = nullptr,
                   std::chrono::milliseconds deadline = kPatience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    peer::v1::RequestVoteResponse ignored;
    return stub_->RequestVote(&context, request, response == nullptr ? &ignored : response);
  }

  TestServer door_;
  const FoundingConfiguration founding_;
  const HeaderRules knocker_;
  const std::unique_ptr<peer::v1::PeerService::Stub> stub_;
};

TEST_F(PeerServiceTest, AnswersWithTheCoresAnswerUnderItsOwnHeader) {
  Open(Agree);
  peer::v1::RequestVoteResponse response;
  ASSERT_TRUE(Ask(GoodBallot(), &response).ok());
  EXPECT_TRUE(response.vote_granted());
  EXPECT_EQ(response.header().request_number(), 7u);
  EXPECT_FALSE(knocker_.RefuseAnswer(response.header(), {ServerId(1), 101}).has_value());
}

TEST_F(PeerServiceTest, OnlyGreetsWhileFormingAndWhileStarting) {
  const grpc::Status forming = Ask(GoodBallot());
  EXPECT_EQ(forming.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(forming.error_message(), HasSubstr("FORMING"));

  door_.Found(founding_);

  const grpc::Status starting = Ask(GoodBallot());
  EXPECT_EQ(starting.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(starting.error_message(), HasSubstr("STARTING"));
}

TEST_F(PeerServiceTest, AServerThatHasJustStartedDoesNotVoteUntilItKnowsWhatOthersRemember) {
  door_.ballot_patience = std::chrono::hours(1);  // and nobody is there to answer its greetings
  Open(Agree);
  const grpc::Status status = Ask(GoodBallot());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("STARTING"));
  EXPECT_EQ(door_.observer().received, 0);
}

TEST_F(PeerServiceTest, ThoseThatAreAwayDoNotKeepAServerFromVotingForLong) {
  door_.ballot_patience = std::chrono::milliseconds(50);
  Open(Agree);
  EXPECT_TRUE(Eventually([this] { return Ask(GoodBallot()).ok(); }));
}

TEST_F(PeerServiceTest, AForeignHeaderChangesNothingButACounter) {
  Open(Agree);
  peer::v1::RequestVoteRequest request = GoodBallot();
  request.mutable_header()->set_incarnation(103);
  const grpc::Status status = Ask(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("SENDER_INCARNATION"));
  EXPECT_EQ(door_.observer().count(HeaderProblem::kSenderIncarnation), 1);
  EXPECT_EQ(door_.observer().received, 0);
}

TEST_F(PeerServiceTest, AMalformedMessageChangesNothingButACounter) {
  Open(Agree);
  peer::v1::RequestVoteRequest request = GoodBallot();
  request.set_term(0);
  EXPECT_EQ(Ask(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(door_.observer().malformed, 1);
  EXPECT_EQ(door_.observer().received, 0);
}

TEST_F(PeerServiceTest, AFullInboxIsSaidSo) {
  Open(Agree, InboxLimits{.peer_inputs_max = 0});
  EXPECT_EQ(Ask(GoodBallot()).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(door_.service().waiting_calls().size(), 0u);
}

TEST_F(PeerServiceTest, ACallWhoseCallerIsGoneIsNotKeptAndALateAnswerToItIsHarmless) {
  Open(StaySilent);
  const grpc::Status status = Ask(GoodBallot(), nullptr, std::chrono::milliseconds(50));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  ASSERT_TRUE(door_.recorder().WaitForCount(1));
  EXPECT_TRUE(Eventually([this] { return door_.service().waiting_calls().size() == 0; }));
  const auto received = std::get<RequestReceived>(door_.recorder().inputs().at(0));
  door_.service().waiting_calls().Answer(
      {.to = received.sender, .response = *Agree(received.request)});
}

TEST_F(PeerServiceTest, CloseEndsWaitingCallsAndLaterOnes) {
  Open(StaySilent);
  auto waiting = std::async(std::launch::async, [this] { return Ask(GoodBallot()); });
  ASSERT_TRUE(door_.recorder().WaitForCount(1));

  door_.service().Close();

  const grpc::Status status = waiting.get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("STOPPING"));
  EXPECT_EQ(Ask(GoodBallot()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(PeerServiceTest, AServerThatIsNotListedIsAnsweredInItsOwnLife) {
  Open(Agree);
  LocalServer stranger = Knocker(909);
  stranger.server_id = ServerId(9);
  const HeaderRules rules(stranger, founding_);
  peer::v1::RequestVoteRequest request = GoodBallot();
  rules.Stamp({ServerId(1), 101}, *request.mutable_header());
  peer::v1::RequestVoteResponse response;
  ASSERT_TRUE(Ask(request, &response).ok());
  EXPECT_EQ(response.header().to(), 9u);
  EXPECT_EQ(response.header().to_incarnation(), 909u);
}

TEST_F(PeerServiceTest, AFormingServerHearsOfGreetingsThatMayBeInvitations) {
  std::vector<ServerId> greeted_by;
  door_.service().OnGreetedByFormed(
      [&](const Greeting& greeting) { greeted_by.push_back(greeting.from); });
  peer::v1::GreetRequest request;
  WriteGreeting(Knocker(102), &founding_, {ServerId(1), 0}, request);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  peer::v1::GreetResponse response;
  ASSERT_TRUE(stub_->Greet(&context, request, &response).ok());
  EXPECT_EQ(greeted_by, std::vector<ServerId>{ServerId(2)});
  EXPECT_TRUE(response.forming());
}

TEST_F(PeerServiceTest, ProcessesThatTakeTurnsMayBeARestartWithLateMessages) {
  Open(Agree);
  for (const std::uint64_t nonce : {50, 51, 50, 51}) {
    peer::v1::RequestVoteRequest request = GoodBallot();
    request.mutable_header()->set_process_nonce(nonce);
    EXPECT_TRUE(Ask(request).ok());
  }
  EXPECT_EQ(door_.observer().doubles_found, 0);
}

// Each hears an answer that left when both were known, and says so: neither was late.
TEST_F(PeerServiceTest, TwoProcessesThatAreAliveAtOnceAreRefusedFromThenOn) {
  Open(Agree);
  std::array<std::uint64_t, 2> heard{};
  const auto ask_as = [&](std::size_t process) {
    peer::v1::RequestVoteRequest request = GoodBallot();
    request.mutable_header()->set_process_nonce(50 + process);
    request.mutable_header()->set_heard_moment(heard.at(process));
    peer::v1::RequestVoteResponse response;
    const grpc::Status status = Ask(request, &response);
    if (status.ok()) heard.at(process) = response.header().moment();
    return status;
  };
  EXPECT_TRUE(ask_as(0).ok());
  EXPECT_TRUE(ask_as(1).ok());
  EXPECT_TRUE(ask_as(0).ok()) << "this may have been late";
  EXPECT_TRUE(ask_as(1).ok()) << "so far only this one is known to be alive";
  EXPECT_EQ(door_.observer().doubles_found, 0);
  for (const std::size_t process : {0, 1}) {
    const grpc::Status refused = ask_as(process);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(refused.error_message(), HasSubstr("DOUBLED"));
  }
  EXPECT_EQ(door_.observer().doubles_found, 1);
  EXPECT_EQ(door_.observer().count(HeaderProblem::kDoubled), 2);
  EXPECT_EQ(door_.observer().received, 4);
}

TEST_F(PeerServiceTest, AGreetingForSomeoneElseIsRefusedAndCounted) {
  peer::v1::GreetRequest request;
  WriteGreeting(Knocker(102), &founding_, {ServerId(3), 103}, request);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  peer::v1::GreetResponse response;
  const grpc::Status status = stub_->Greet(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("NOT_ADDRESSEE"));
  EXPECT_EQ(door_.observer().count(HeaderProblem::kNotAddressee), 1);
}

TEST_F(PeerServiceTest, AWipedMemberIsToldTheFoundingAndNotNoted) {
  Open(Agree);
  peer::v1::GreetRequest request;
  WriteGreeting(Knocker(999), nullptr, {ServerId(1), 0}, request);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  peer::v1::GreetResponse response;
  ASSERT_TRUE(stub_->Greet(&context, request, &response).ok());
  EXPECT_EQ(ReadGreeting(response, ServerId(2)).value().founding, founding_);
  EXPECT_EQ(door_.observer().count(HeaderProblem::kSenderIncarnation), 1);
  EXPECT_FALSE(door_.directory().CardOf(ServerId(2)).has_value());
}

}  // namespace
}  // namespace raft
