// Snapshots whose transfer breaks in the middle: what came is not sent again, whoever sends the
// rest; and nothing goes on that is not the same snapshot, at the same place.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "snapshot_servers.h"

namespace raft {
namespace {

const std::string kDigest(32, 'd');
const std::string kOtherDigest(32, 'e');

// A transfer takes a second, in pieces of 25,000 bytes.
class SnapshotResumeTest : public SnapshotServers {
 protected:
  void SetUp() override {
    SnapshotServers::SetUp();
    Prepare(*sender_, kDigest);
    receiver_->installer.header.digest = kDigest;
    sender_state_ = sender_->state.get();
  }
  void Prepare(TestServer& sender, const std::string& digest) {
    sender.state = std::make_unique<FakeStateMachine>(kPosition);
    sender.state->snapshot_bytes = bytes_;
    sender.state->snapshot_digest = digest;
    sender.snapshot_options.bytes_per_second = 200'000;
  }
  void SendUntilTheMiddle(std::uint64_t number, std::size_t offers = 1) {
    Send(number);
    AcceptOffer(offers);
    WaitForBytes(1);
  }
  void WaitForBytes(std::uint64_t count) {
    ASSERT_TRUE(Eventually([&] { return receiver_->observer().snapshot_bytes_received >= count; }));
  }
  static void SendFrom(TestServer& other) {
    other.links().SendSnapshot({.to = ServerId(2),
                                .number = RequestNumber(5),
                                .term = Term(4),
                                .ends_at_least = LogIndex(0)});
  }
  // As a connection that is lost: both ends hear that the other is gone.
  void BreakTransfer(std::uint64_t number) {
    receiver_->links().StoreSnapshot({.sender = {.peer = ServerId(1), .call_id = CallId(999)},
                                      .number = RequestNumber(999),
                                      .last_included = kPosition});
    ExpectUnreachable(number);
  }
  // The offer from the beginning is answered with a place; the next one begins there.
  void AcceptAndGoOn(std::size_t offers) {
    AcceptOffer(offers);
    AcceptOffer(offers + 1);
  }
  void ExpectAllOfItArrived() {
    ASSERT_TRUE(Stored());
    EXPECT_TRUE(receiver_->installer.stored.Read().front() == bytes_);
  }
  void ExpectNothingCameTwice() {
    EXPECT_EQ(receiver_->observer().snapshots_resumed, 1);
    EXPECT_EQ(receiver_->observer().snapshot_bytes_received, bytes_.size());
  }
  int BegunAtTheReceiver() const {
    const std::vector<std::string> steps = receiver_->installer.steps.Read();
    return static_cast<int>(std::count(steps.begin(), steps.end(), "begin"));
  }

  const std::string bytes_ = RandomBytes(200'000);
  FakeStateMachine* sender_state_ = nullptr;  // of server 1, while it lives
};

TEST_F(SnapshotResumeTest, ATransferThatBreaksGoesOnWhereItWas) {
  OpenBoth();
  SendUntilTheMiddle(7);
  BreakTransfer(7);

  Send(8);
  AcceptAndGoOn(2);

  ExpectAllOfItArrived();
  ExpectNothingCameTwice();
  EXPECT_EQ(Offers().at(2).number, RequestNumber(8)) << "to the core it is one request";
  EXPECT_EQ(sender_state_->openings.Read().size(), 1u) << "what was pinned is sent again";
  EXPECT_EQ(BegunAtTheReceiver(), 1);
}

TEST_F(SnapshotResumeTest, WhatThePeerHadKeptCountsAsSent) {
  OpenBoth();
  SendUntilTheMiddle(7);
  WaitForBytes(50'000);  // more than one piece
  BreakTransfer(7);
  const std::uint64_t came = receiver_->observer().snapshot_bytes_received;
  EXPECT_TRUE(Eventually([this] { return !ProgressNow(); })) << "what broke is not under way";

  Send(8);
  AcceptAndGoOn(2);

  const SnapshotProgress first = FirstProgress();
  EXPECT_GE(first.sent_bytes, came);
  EXPECT_EQ(first.size_bytes, bytes_.size());
}

TEST_F(SnapshotResumeTest, TheAnswerEndsTheRequestThatWentOn) {
  OpenBoth();
  SendUntilTheMiddle(7);
  BreakTransfer(7);
  Send(8);
  AcceptAndGoOn(2);
  ASSERT_TRUE(Stored());

  Answer(Offers().at(2));

  ASSERT_TRUE(
      sender_->recorder().WaitUntil([](const auto& inputs) { return EndingsOf(inputs, 8) > 0; }));
  const auto answer = std::get<ResponseReceived>(sender_->recorder().inputs().back());
  EXPECT_TRUE(std::get<InstallSnapshotResponse>(answer.response).success);
  ExpectNothingLeft();
}

TEST_F(SnapshotResumeTest, ItMayBreakMoreThanOnce) {
  OpenBoth();
  SendUntilTheMiddle(7);
  BreakTransfer(7);
  const std::uint64_t came = receiver_->observer().snapshot_bytes_received;
  Send(8);
  AcceptAndGoOn(2);
  WaitForBytes(came + 1);
  BreakTransfer(8);

  Send(9);
  AcceptAndGoOn(4);

  ExpectAllOfItArrived();
  EXPECT_EQ(receiver_->observer().snapshots_resumed, 2);
  EXPECT_EQ(receiver_->observer().snapshot_bytes_received, bytes_.size());
}

// The first stream is still open at the receiver: a connection may die without a word.
TEST_F(SnapshotResumeTest, ANewerOfferOfTheSameSnapshotGoesOnToo) {
  OpenBoth();
  SendUntilTheMiddle(7);

  Send(8);
  AcceptAndGoOn(2);

  ExpectAllOfItArrived();
  ExpectNothingCameTwice();
}

TEST_F(SnapshotResumeTest, AnotherLeaderWithTheSameSnapshotGoesOn) {
  TestServer other(3);
  Prepare(other, kDigest);
  // Pieces cut otherwise: that does not matter.
  other.snapshot_options.bytes_per_second = 400'000;
  founding_ = FoundingOf({sender_->member(), receiver_->member(), other.member()});
  OpenBoth();
  other.Open(founding_, StaySilent);
  other.Ask({.to = ServerId(2), .request = Heartbeat(1'001, ServerId(3))});
  ASSERT_TRUE(other.recorder().WaitForCount(1));
  SendUntilTheMiddle(7);
  sender_.reset();

  SendFrom(other);
  AcceptAndGoOn(2);

  ExpectAllOfItArrived();
  ExpectNothingCameTwice();
}

TEST_F(SnapshotResumeTest, AnotherSnapshotTakesThePlaceOfTheHalf) {
  TestServer other(3);
  Prepare(other, kOtherDigest);
  founding_ = FoundingOf({sender_->member(), receiver_->member(), other.member()});
  receiver_->installer.header.digest = kOtherDigest;
  OpenBoth();
  other.Open(founding_, StaySilent);
  other.Ask({.to = ServerId(2), .request = Heartbeat(1'001, ServerId(3))});
  ASSERT_TRUE(other.recorder().WaitForCount(1));
  SendUntilTheMiddle(7);
  sender_.reset();

  SendFrom(other);
  AcceptOffer(2);

  ExpectAllOfItArrived();
  EXPECT_EQ(receiver_->observer().snapshots_resumed, 0);
  EXPECT_EQ(receiver_->installer.steps.Read(),
            (std::vector<std::string>{"begin", "drop", "begin", "finish"}));
}

TEST_F(SnapshotResumeTest, WhatEndsTooEarlyIsPinnedAnew) {
  OpenBoth();
  SendUntilTheMiddle(7);
  BreakTransfer(7);
  Send(8, kPosition.index + 1);
  ASSERT_TRUE(Eventually([this] { return sender_state_->openings.Read().size() == 2; }));
}

// Otherwise what nobody completes would take its place on the disk for ever.
TEST_F(SnapshotResumeTest, AHalfThatGetsNoFurtherForLongIsLetGo) {
  sender_->snapshot_options.stall_timeout = std::chrono::milliseconds(400);
  receiver_->snapshot_options.stall_timeout = std::chrono::milliseconds(400);
  OpenBoth();
  SendUntilTheMiddle(7);
  BreakTransfer(7);
  ASSERT_TRUE(receiver_->installer.steps.WaitForCount(3));
  EXPECT_EQ(receiver_->installer.steps.Read(),
            (std::vector<std::string>{"begin", "discard", "drop"}));

  Send(8);
  AcceptOffer(2);

  ExpectAllOfItArrived();
  EXPECT_EQ(receiver_->observer().snapshots_resumed, 0);
}

// Trap C18.
TEST_F(SnapshotResumeTest, AServerThatIsNoPeerAnyMorePinsNothing) {
  OpenBoth();
  SendUntilTheMiddle(7);
  BreakTransfer(7);
  std::vector<Member> members = ConfigurationOf(founding_).members();
  const Member peer = members.back();
  members.pop_back();
  sender_->Reconfigure(members);
  members.push_back(peer);
  sender_->Reconfigure(members);
  sender_->Ask({.to = ServerId(2), .request = Heartbeat(1'002, ServerId(1))});
  ASSERT_TRUE(sender_->recorder().WaitUntil(
      [](const auto& inputs) { return EndingsOf(inputs, 1'002) > 0; }));
  Send(8);
  ASSERT_TRUE(Eventually([this] { return sender_state_->openings.Read().size() == 2; }));
}

}  // namespace
}  // namespace raft
