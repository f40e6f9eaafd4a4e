// Links that follow the configuration: they come and go with members, with lives, with addresses.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "service/peer_links.h"
#include "test_server.h"

namespace raft {
namespace {

Member AsMember(const TestServer& server) {
  const FoundingMember member = server.member();
  return {.server_id = member.server_id,
          .incarnation = member.incarnation,
          .peer_address = member.peer_address};
}

// Server 2 as two processes that take turns behind one address: one greets, one answers.
class TwoProcesses final : public peer::v1::PeerService::Service {
 public:
  explicit TwoProcesses(const FoundingConfiguration& founding) : founding_(founding) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    member_ = {.server_id = ServerId(2),
               .incarnation = 102,
               .peer_address = "127.0.0.1:" + std::to_string(port)};
  }
  const Member& member() const { return member_; }
  void LetTheGreetedOneAnswer() { answering_nonce_ = kGreetingNonce; }

  grpc::Status Greet(grpc::ServerContext*, const peer::v1::GreetRequest* request,
                     peer::v1::GreetResponse* response) override {
    WriteGreeting(As(kGreetingNonce), &founding_, SenderOf(request->header()), *response);
    response->mutable_header()->set_request_number(request->header().request_number());
    return grpc::Status::OK;
  }
  grpc::Status AppendEntries(grpc::ServerContext*, const peer::v1::AppendEntriesRequest* request,
                             peer::v1::AppendEntriesResponse* response) override {
    HeaderRules(As(answering_nonce_), founding_)
        .Stamp(SenderOf(request->header()), *response->mutable_header());
    const auto heartbeat = FromProto(peer::v1::AppendEntriesRequest(*request), ConversionLimits{});
    ToProto(std::get<AppendEntriesResponse>(*Agree(*heartbeat)), *response);
    return grpc::Status::OK;
  }

 private:
  static constexpr std::uint64_t kGreetingNonce = 5;

  LocalServer As(std::uint64_t process_nonce) const {
    return {.server_id = member_.server_id,
            .incarnation = member_.incarnation,
            .process_nonce = process_nonce,
            .initial_members_hash = 0,
            .client_address = "",
            .peer_address = member_.peer_address,
            .version = "test"};
  }
  static ServerLife SenderOf(const peer::v1::PeerHeader& header) {
    return {.server_id = ServerId(header.from()), .incarnation = header.incarnation()};
  }

  const FoundingConfiguration founding_;
  Member member_;
  std::atomic<std::uint64_t> answering_nonce_{6};
  std::unique_ptr<grpc::Server> server_;
};

// Server 1 sends; it was founded alone.
class PeerLinksChangeTest : public ::testing::Test {
 protected:
  PeerLinksChangeTest() : founding_(FoundingOf({sender_.member()})) {
    sender_.Open(founding_, StaySilent);
  }

  std::unique_ptr<TestServer> OpenServer(std::uint64_t id, std::uint64_t incarnation = 0,
                                         InputRecorder::Responder responder = Agree) {
    auto server = std::make_unique<TestServer>(id, 0, incarnation);
    server->Open(founding_, std::move(responder));
    return server;
  }
  void Follow(const std::vector<const TestServer*>& peers) {
    std::vector<Member> members = {AsMember(sender_)};
    for (const TestServer* peer : peers) members.push_back(AsMember(*peer));
    sender_.Reconfigure(members);
  }
  // Sends a heartbeat and waits for its end. Whether it was answered.
  bool Reaches(std::uint64_t id) {
    const std::uint64_t number = ++numbers_;
    sender_.Ask({.to = ServerId(id), .request = Heartbeat(number, ServerId(1))});
    EXPECT_TRUE(sender_.recorder().WaitUntil(
        [&](const auto& inputs) { return EndingsOf(inputs, number) == 1; }));
    for (const Input& input : sender_.recorder().inputs()) {
      const auto* answer = std::get_if<ResponseReceived>(&input);
      if (answer != nullptr &&
          std::get<AppendEntriesResponse>(answer->response).number == RequestNumber(number)) {
        return true;
      }
    }
    return false;
  }

  // Server 2, in this life, says that it is there.
  void Announce(std::uint64_t incarnation, const std::string& address) {
    Greeting announcement;
    announcement.from = ServerId(2);
    announcement.incarnation = incarnation;
    announcement.peer_address = address;
    sender_.directory().Note(announcement);
  }

  TestServer sender_{1};
  const FoundingConfiguration founding_;
  std::uint64_t numbers_ = 0;
};

TEST_F(PeerLinksChangeTest, AServerIsReachedFromWhenItIsAPeerUntilItIsNone) {
  const auto two = OpenServer(2);
  EXPECT_FALSE(Reaches(2));
  Follow({two.get()});
  EXPECT_TRUE(Reaches(2));
  Follow({});
  EXPECT_FALSE(Reaches(2));
}

TEST_F(PeerLinksChangeTest, WhatAServerAnnouncedIsForgottenOnceItLeft) {
  const auto two = OpenServer(2);
  Follow({two.get()});
  EXPECT_TRUE(Reaches(2));
  EXPECT_TRUE(sender_.directory().CardOf(ServerId(2)).has_value());
  Follow({});
  EXPECT_FALSE(sender_.directory().CardOf(ServerId(2)).has_value());
  EXPECT_TRUE(sender_.directory().CardOf(ServerId(1)).has_value()) << "this server's own";
}

// It may be newer than the configuration in force, which is not the last one.
TEST_F(PeerLinksChangeTest, WhatAServerAnnouncedThatIsNotListedYetIsKept) {
  const auto two = OpenServer(2);
  Announce(102, "127.0.0.1:1");
  Follow({});
  EXPECT_TRUE(sender_.directory().CardOf(ServerId(2)).has_value());
  Follow({two.get()});
  EXPECT_TRUE(Reaches(2));
  Announce(202, "127.0.0.1:1");
  Follow({});
  EXPECT_TRUE(sender_.directory().CardOf(ServerId(2)).has_value()) << "another life than left";
}

TEST_F(PeerLinksChangeTest, APeerThatStaysKeepsItsConnection) {
  const auto two = OpenServer(2);
  const auto three = OpenServer(3);
  Follow({two.get()});
  EXPECT_TRUE(Reaches(2));
  Follow({two.get(), three.get()});
  EXPECT_TRUE(Reaches(2));
  EXPECT_EQ(sender_.observer().greetings, 1);
  EXPECT_TRUE(Reaches(3));
}

TEST_F(PeerLinksChangeTest, AnotherLifeOfAServerIsAnotherPeer) {
  const auto before = OpenServer(2, 102);
  Follow({before.get()});
  EXPECT_TRUE(Reaches(2));
  const auto after = OpenServer(2, 202);
  Follow({after.get()});
  EXPECT_TRUE(Reaches(2));
  EXPECT_EQ(after->observer().received, 1);
}

TEST_F(PeerLinksChangeTest, ARequestToAPeerThatGoesEndsOnce) {
  const auto silent = OpenServer(2, 0, StaySilent);
  Follow({silent.get()});
  sender_.Ask({.to = ServerId(2), .request = Heartbeat(900, ServerId(1))});
  ASSERT_TRUE(silent->recorder().WaitForCount(1));
  Follow({});
  EXPECT_TRUE(
      sender_.recorder().WaitUntil([](const auto& inputs) { return EndingsOf(inputs, 900) == 1; }));
}

TEST_F(PeerLinksChangeTest, APeerThatAnnouncesAnotherAddressIsReachedThereOnceTheOldOneIsSilent) {
  auto old_place = OpenServer(2, 102);
  const auto new_place = OpenServer(2, 102);
  Follow({old_place.get()});
  EXPECT_TRUE(Reaches(2));
  old_place.reset();
  Announce(102, new_place->address());
  EXPECT_TRUE(Eventually([this] { return Reaches(2); }));
  EXPECT_EQ(new_place->observer().received, 1);
}

TEST_F(PeerLinksChangeTest, ACopyOfADirectoryIsNotAskedWhileTheOriginalAnswers) {
  const auto original = OpenServer(2, 102);
  const auto copy = OpenServer(2, 102);
  Follow({original.get()});
  EXPECT_TRUE(Reaches(2));
  Announce(102, copy->address());
  EXPECT_TRUE(Reaches(2));
  Announce(102, original->address());
  Announce(102, copy->address());
  Follow({original.get()});
  EXPECT_TRUE(Reaches(2));
  EXPECT_EQ(original->observer().received, 3);
  EXPECT_EQ(copy->observer().received, 0);
}

TEST_F(PeerLinksChangeTest, ACopyThatAnnouncesItselfBeforeAnybodyWasAskedIsNotAskedFirst) {
  const auto original = OpenServer(2, 102);
  const auto copy = OpenServer(2, 102);
  Announce(102, copy->address());
  Follow({original.get()});
  EXPECT_TRUE(Reaches(2));
  EXPECT_EQ(copy->observer().received, 0);
}

TEST_F(PeerLinksChangeTest, AServerThatAsksNothingLooksWhetherAPeerThatMovesIsStillThere) {
  auto old_place = OpenServer(2, 102);
  Follow({old_place.get()});
  EXPECT_TRUE(Reaches(2));
  old_place.reset();
  Announce(102, "127.0.0.1:1");
  EXPECT_TRUE(Eventually([this] {
    sender_.links().BeginTurn();
    return sender_.observer().count(PeerCallOutcome::kUnreachable) > 0;
  }));
}

TEST_F(PeerLinksChangeTest, WhatAnotherProcessThanTheGreetedOneAnswersIsNoAnswer) {
  TwoProcesses two(founding_);
  sender_.Reconfigure({AsMember(sender_), two.member()});
  EXPECT_FALSE(Reaches(2));
  EXPECT_EQ(sender_.observer().count(PeerCallOutcome::kBadAnswer), 1);
  two.LetTheGreetedOneAnswer();
  EXPECT_TRUE(Reaches(2));
  EXPECT_EQ(sender_.observer().greetings, 2);
}

TEST_F(PeerLinksChangeTest, TheAnnouncementOfAnotherLifeMovesNothing) {
  const auto two = OpenServer(2, 102);
  Follow({two.get()});
  Announce(202, "127.0.0.1:1");
  EXPECT_TRUE(Reaches(2));
}

}  // namespace
}  // namespace raft
