// A server that comes back with an old copy of its data directory, over real connections: nobody
// who remembers it counts its votes, and it is told.
#include <gtest/gtest.h>

#include "test_server.h"

namespace raft {
namespace {

constexpr StartingPoint kOldCopy{.term = Term(1),
                                 .last_log = {.index = LogIndex(1), .term = Term(1)}};
// What the messages of Ballot, OneEntry and Agree leave on a disk.
constexpr StartingPoint kHonest{.term = Term(3),
                                .last_log = {.index = LogIndex(1), .term = Term(3)}};

// Server 1 asks server 2, which restarts.
class PeerLinksRegressTest : public ::testing::Test {
 protected:
  PeerLinksRegressTest() { founding_ = FoundingOf({asker_.member(), asked_->member()}); }

  void Restart(const std::optional<StartingPoint>& start) {
    const int port = asked_->port();
    asked_.reset();
    asked_ = std::make_unique<TestServer>(2, port);
    ASSERT_TRUE(asked_->listens());
    OpenAsked(start);
  }
  void OpenAsked(const std::optional<StartingPoint>& start) {
    asked_->start = start;
    asked_->Open(founding_, Agree);
  }
  // Whether a request of server 1 to server 2 is answered. Asks again while the link finds its way
  // back to a process that has just started.
  bool IsAnswered() {
    return Eventually([this] { return Ask(asker_, ServerId(2)) || WasRefused(); }) && !WasRefused();
  }
  bool WasRefused() const { return asker_.observer().count(HeaderProblem::kRegressed) > 0; }

  bool Ask(TestServer& from, ServerId to) { return IsVotedFor(from, to, ++numbers_); }

  std::uint64_t numbers_ = 0;
  TestServer asker_{1};
  std::unique_ptr<TestServer> asked_ = std::make_unique<TestServer>(2);
  FoundingConfiguration founding_;
};

TEST_F(PeerLinksRegressTest, AnHonestRestartIsAnswered) {
  OpenAsked(StartingPoint{});
  asker_.Open(founding_, StaySilent);
  ASSERT_TRUE(IsAnswered());
  for (int restart = 0; restart < 3; ++restart) {
    Restart(kHonest);
    EXPECT_TRUE(IsAnswered());
  }
  EXPECT_EQ(asked_->times_told_regressed, 0);
}

TEST_F(PeerLinksRegressTest, TheVoteOfAServerThatForgotItsTermIsNotCounted) {
  OpenAsked(StartingPoint{});
  asker_.Open(founding_, StaySilent);
  ASSERT_TRUE(IsAnswered());
  Restart(kOldCopy);
  EXPECT_FALSE(IsAnswered());
  EXPECT_NE(asker_.directory().CardOf(ServerId(2))->process_nonce, asked_->local().process_nonce)
      << "nor does what it announces count";
}

TEST_F(PeerLinksRegressTest, TheAcknowledgementOfAServerThatForgotEntriesIsNotCounted) {
  OpenAsked(StartingPoint{});
  asker_.Open(founding_, StaySilent);
  asker_.Ask({.to = ServerId(2), .request = OneEntry(900, ServerId(1), "data")});
  ASSERT_TRUE(
      asker_.recorder().WaitUntil([](const auto& inputs) { return EndingsOf(inputs, 900) == 1; }));
  Restart(StartingPoint{.term = Term(3), .last_log = {}});
  EXPECT_FALSE(IsAnswered());
}

TEST_F(PeerLinksRegressTest, ACondemnedLifeIsNotBelievedAfterItsNextStartEither) {
  OpenAsked(StartingPoint{});
  asker_.Open(founding_, StaySilent);
  ASSERT_TRUE(IsAnswered());
  Restart(kOldCopy);
  EXPECT_FALSE(IsAnswered());
  Restart(kHonest);
  const int refused = asker_.observer().count(HeaderProblem::kRegressed);
  EXPECT_TRUE(Eventually([&] {
    EXPECT_FALSE(Ask(asker_, ServerId(2)));
    return asker_.observer().count(HeaderProblem::kRegressed) > refused;
  }));
  EXPECT_EQ(asked_->observer().received, 0) << "it is not even asked";
}

TEST_F(PeerLinksRegressTest, AServerIsToldThatItRegressedWhenItGreets) {
  OpenAsked(StartingPoint{});
  asker_.Open(founding_, StaySilent);
  ASSERT_TRUE(IsAnswered());
  Restart(kOldCopy);
  EXPECT_FALSE(Ask(*asked_, ServerId(1)));
  EXPECT_GT(asked_->times_told_regressed, 0);
  EXPECT_EQ(asker_.observer().received, 0);
}

// Whoever is no member has no say in whether a member may go on.
TEST_F(PeerLinksRegressTest, AServerDoesNotBelieveItOfWhomItsConfigurationDoesNotList) {
  OpenAsked(StartingPoint{});
  asker_.Open(founding_, StaySilent);
  ASSERT_TRUE(IsAnswered());
  Restart(kOldCopy);
  const Member departed{.server_id = ServerId(1),
                        .incarnation = asker_.local().incarnation,
                        .peer_address = asker_.address()};
  const Member self{.server_id = ServerId(2),
                    .incarnation = asked_->local().incarnation,
                    .peer_address = asked_->address()};
  asked_->links().Reconfigure(
      {.index = LogIndex(1),
       .configuration = std::make_shared<const ClusterConfiguration>(std::vector<Member>{self}),
       .peers = {departed}});
  EXPECT_FALSE(Ask(*asked_, ServerId(1)));
  EXPECT_EQ(asked_->times_told_regressed, 0);
}

TEST_F(PeerLinksRegressTest, AServerOfAnOlderVersionIsNotJudged) {
  OpenAsked(std::nullopt);
  asker_.Open(founding_, StaySilent);
  ASSERT_TRUE(IsAnswered());
  Restart(std::nullopt);
  EXPECT_TRUE(IsAnswered());
}

constexpr std::chrono::hours kLong{1};

// Server 1 remembers server 2; server 3 has never heard of it.
class BallotAfterAStartTest : public ::testing::Test {
 protected:
  BallotAfterAStartTest() {
    founding_ = FoundingOf({witness_.member(), asked_->member(), stranger_.member()});
    asked_->start = StartingPoint{};
    for (TestServer* server : {&witness_, asked_.get(), &stranger_}) Open(*server);
  }

  void Restart(const StartingPoint& start) {
    const int port = asked_->port();
    asked_.reset();
    asked_ = std::make_unique<TestServer>(2, port);
    ASSERT_TRUE(asked_->listens());
    asked_->start = start;
    asked_->ballot_patience = kLong;
    Open(*asked_);
  }
  void Open(TestServer& server) {
    PeerLinkOptions options;
    options.greet_at_once = true;
    server.Open(founding_, Agree, options);
  }
  bool VotesFor(TestServer& candidate) { return IsVotedFor(candidate, ServerId(2), ++numbers_); }

  std::uint64_t numbers_ = 0;
  TestServer witness_{1};
  std::unique_ptr<TestServer> asked_ = std::make_unique<TestServer>(2);
  TestServer stranger_{3};
  FoundingConfiguration founding_;
};

TEST_F(BallotAfterAStartTest, WhoForgotAVoteIsToldBeforeItVotesForWhomItIsNew) {
  ASSERT_TRUE(Eventually([this] { return VotesFor(witness_); }));
  Restart(kOldCopy);
  EXPECT_TRUE(Eventually([this] { return asked_->times_told_regressed > 0; }))
      << "it has asked nobody anything but who they are";
  for (int vote = 0; vote < 3; ++vote) EXPECT_FALSE(VotesFor(stranger_));
  EXPECT_EQ(asked_->observer().received, 0);
}

// Its greeting says so before anybody asks: no vote is lost for having greeted the process before.
TEST_F(BallotAfterAStartTest, TheFirstBallotAfterARestartIsAnswered) {
  ASSERT_TRUE(Eventually([this] { return VotesFor(witness_); }));
  Restart(kHonest);
  ASSERT_TRUE(Eventually([this] {
    return witness_.directory().CardOf(ServerId(2))->process_nonce == asked_->local().process_nonce;
  }));
  EXPECT_TRUE(Eventually([this] { return VotesFor(stranger_); })) << "its gate is open";
  EXPECT_TRUE(VotesFor(witness_));
}

// All start at once, and this one asks nobody anything.
TEST_F(BallotAfterAStartTest, WhoWasGreetedTooEarlyIsGreetedAgainOnceItAnnouncesItself) {
  TestServer early(4);
  TestServer late(5);
  founding_ = FoundingOf({early.member(), late.member()});
  late.Found(founding_);
  Open(early);
  ASSERT_TRUE(Eventually([&] { return early.observer().greetings > 0; }));
  ASSERT_EQ(early.observer().count(PeerCallOutcome::kAnswered), 0);
  Open(late);
  EXPECT_TRUE(Eventually([&] {
    early.links().BeginTurn();
    return early.observer().count(PeerCallOutcome::kAnswered) > 0;
  }));
  EXPECT_FALSE(early.directory().CardOf(ServerId(5))->reached_at.empty());
}

TEST_F(BallotAfterAStartTest, AnHonestServerVotesOnceEverybodyHasAnsweredItsGreeting) {
  ASSERT_TRUE(Eventually([this] { return VotesFor(witness_); }));
  Restart(kHonest);
  for (TestServer* candidate : {&stranger_, &witness_}) {
    EXPECT_TRUE(Eventually([&] { return VotesFor(*candidate); }));
  }
}

}  // namespace
}  // namespace raft
