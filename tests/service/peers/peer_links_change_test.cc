// Links that follow the configuration: they come and go with members, with lives, with addresses.
#include <gtest/gtest.h>

#include <memory>

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
    sender_.links().SendRequest({.to = ServerId(id), .request = Heartbeat(number, ServerId(1))});
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
  sender_.links().SendRequest({.to = ServerId(2), .request = Heartbeat(900, ServerId(1))});
  ASSERT_TRUE(silent->recorder().WaitForCount(1));
  Follow({});
  EXPECT_TRUE(
      sender_.recorder().WaitUntil([](const auto& inputs) { return EndingsOf(inputs, 900) == 1; }));
}

TEST_F(PeerLinksChangeTest, APeerThatAnnouncesAnotherAddressIsReachedThere) {
  const auto old_place = OpenServer(2, 102);
  const auto new_place = OpenServer(2, 102);
  Follow({old_place.get()});
  EXPECT_TRUE(Reaches(2));
  Greeting announcement;
  announcement.from = ServerId(2);
  announcement.incarnation = 102;
  announcement.peer_address = new_place->address();
  sender_.directory().Note(announcement);
  EXPECT_TRUE(Reaches(2));
  EXPECT_EQ(new_place->observer().received, 1);
  EXPECT_EQ(old_place->observer().received, 1);
}

TEST_F(PeerLinksChangeTest, TheAnnouncementOfAnotherLifeMovesNothing) {
  const auto two = OpenServer(2, 102);
  Follow({two.get()});
  Greeting announcement;
  announcement.from = ServerId(2);
  announcement.incarnation = 202;
  announcement.peer_address = "127.0.0.1:1";
  sender_.directory().Note(announcement);
  EXPECT_TRUE(Reaches(2));
}

}  // namespace
}  // namespace raft
