// Snapshots between two servers on loopback: they arrive byte for byte, every request ends once,
// and whatever breaks or stalls leaves nothing behind.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "snapshot_servers.h"

namespace raft {
namespace {

using SnapshotTransferTest = SnapshotServers;

TEST_F(SnapshotTransferTest, ArrivesByteForByteAndIsAnsweredOnceItIsInstalled) {
  const std::string bytes = RandomBytes(3'000'000);
  sender_->state->snapshot_bytes = bytes;
  OpenBoth();
  Send(7);
  const SnapshotToStore offer = AcceptOffer();
  const auto stored = Stored();
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->number, RequestNumber(7));
  EXPECT_EQ(stored->last_included, kPosition);
  EXPECT_TRUE(receiver_->installer.stored.Read().front() == bytes);
  EXPECT_EQ(EndingsOf(sender_->recorder().inputs(), 7), 0) << "stored is not installed";

  Answer(offer);

  ASSERT_TRUE(sender_->recorder().WaitForCount(2));
  const auto answer = std::get<ResponseReceived>(sender_->recorder().inputs().at(1));
  EXPECT_EQ(std::get<InstallSnapshotResponse>(answer.response).match_index, kPosition.index);
  EXPECT_EQ(sender_->observer().snapshot_bytes_sent, bytes.size());
  EXPECT_EQ(receiver_->observer().count(SnapshotReceipt::kStored), 1);
  ExpectNothingLeft();
}

TEST_F(SnapshotTransferTest, WhatItReplacedGoesOnceItIsInstalled) {
  sender_->state->snapshot_bytes = RandomBytes(1'000);
  OpenBoth();
  Send(7);
  const SnapshotToStore offer = AcceptOffer();
  ASSERT_TRUE(Stored());
  EXPECT_TRUE(receiver_->installer.removals.Read().empty());
  Answer(offer);
  ASSERT_TRUE(receiver_->installer.removals.WaitForCount(1));
  EXPECT_EQ(receiver_->installer.removals.Read().front(), 1u);
}

TEST_F(SnapshotTransferTest, APeerThatNeedsNoneAnswersTheOffer) {
  sender_->state->snapshot_bytes = RandomBytes(3'000'000);
  OpenBoth(Agree);
  Send(7);
  ASSERT_TRUE(sender_->recorder().WaitForCount(2));
  const auto answer = std::get<ResponseReceived>(sender_->recorder().inputs().at(1));
  EXPECT_TRUE(std::get<InstallSnapshotResponse>(answer.response).success);
  EXPECT_TRUE(receiver_->installer.steps.Read().empty());
  ExpectNothingLeft();
}

TEST_F(SnapshotTransferTest, APeerThatDeclinesTheOfferIsNotCountedAsServed) {
  sender_->state->snapshot_bytes = RandomBytes(1'000);
  OpenBoth();
  Send(7);
  ASSERT_TRUE(Eventually([this] { return Offers().size() == 1; }));
  receiver_->links().SendResponse(
      {.to = Offers().front().sender,
       .response = InstallSnapshotResponse{.number = RequestNumber(7), .term = Term(3)}});
  ASSERT_TRUE(sender_->recorder().WaitForCount(2));
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kDeclined), 1);
}

TEST_F(SnapshotTransferTest, AnEmptyStateArrivesToo) {
  OpenBoth();
  Send(7);
  AcceptOffer();
  ASSERT_TRUE(Stored());
  EXPECT_EQ(receiver_->installer.stored.Read().front(), "");
}

TEST_F(SnapshotTransferTest, APeerThatHasNotBeenGreetedIsUnreachable) {
  receiver_->Open(founding_, AgreeButToSnapshots);
  sender_->Open(founding_, StaySilent);
  Send(7);
  ExpectUnreachable(7);
}

TEST_F(SnapshotTransferTest, ADamagedSnapshotIsNotStoredAndItsSenderLearnsOfIt) {
  sender_->state->snapshot_bytes = "damaged";
  OpenBoth();
  Send(7);
  AcceptOffer();
  ExpectUnreachable(7);
  EXPECT_EQ(receiver_->installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
  EXPECT_EQ(receiver_->observer().count(SnapshotReceipt::kDamaged), 1);
  ExpectNothingLeft();
}

TEST_F(SnapshotTransferTest, ASnapshotOfAnotherMomentThanOfferedIsDiscarded) {
  receiver_->installer.header.last_included.index = LogIndex(8);
  OpenBoth();
  Send(7);
  AcceptOffer();
  ExpectUnreachable(7);
  EXPECT_EQ(receiver_->installer.steps.Read(),
            (std::vector<std::string>{"begin", "finish", "discard"}));
}

TEST_F(SnapshotTransferTest, ANewerOfferTakesThePlaceOfAnOlderOne) {
  sender_->state->snapshot_bytes = RandomBytes(300'000);
  sender_->snapshot_options.bytes_per_second = 200'000;
  OpenBoth();
  Send(7);
  AcceptOffer();
  ASSERT_TRUE(receiver_->installer.steps.WaitForCount(1));

  Send(8);
  AcceptOffer(2);

  ExpectUnreachable(7);
  const auto stored = Stored();
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->number, RequestNumber(8));
  EXPECT_EQ(receiver_->installer.steps.Read(),
            (std::vector<std::string>{"begin", "drop", "begin", "finish"}));
}

TEST_F(SnapshotTransferTest, KeepsToItsLimit) {
  sender_->state->snapshot_bytes = RandomBytes(100'000);
  sender_->snapshot_options.bytes_per_second = 400'000;
  OpenBoth();
  const auto began = std::chrono::steady_clock::now();
  Send(7);
  AcceptOffer();
  ASSERT_TRUE(Stored());
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(200));
}

TEST_F(SnapshotTransferTest, HowFarItIsCanBeSeenUntilItHasItsAnswer) {
  sender_->state->snapshot_bytes = RandomBytes(100'000);
  sender_->snapshot_options.bytes_per_second = 200'000;
  OpenBoth();
  EXPECT_FALSE(ProgressNow()) << "nobody is sent anything";
  Send(7);
  EXPECT_TRUE(ProgressNow());
  const SnapshotToStore offer = AcceptOffer();
  EXPECT_EQ(FirstProgress().size_bytes, 100'000);
  ASSERT_TRUE(Stored());
  ASSERT_TRUE(ProgressNow()) << "stored is not installed";
  EXPECT_EQ(ProgressNow()->sent_bytes, 100'000);

  Answer(offer);
  EXPECT_TRUE(Eventually([this] { return !ProgressNow(); }));
}

// The peer takes the offer and then reads nothing: its core never decides.
TEST_F(SnapshotTransferTest, ASenderGivesUpWhenNothingMoves) {
  sender_->state->snapshot_bytes = RandomBytes(10'000'000);
  sender_->snapshot_options.stall_timeout = std::chrono::milliseconds(200);
  OpenBoth();
  Send(7);
  ExpectUnreachable(7);
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kDeadline), 1);
  ExpectNothingLeft();
}

TEST_F(SnapshotTransferTest, AReceiverGivesUpWhenNothingComes) {
  sender_->state->snapshot_bytes = RandomBytes(1'000'000);
  sender_->snapshot_options.bytes_per_second = 10'000;  // a pause of seconds between two pieces
  sender_->snapshot_options.stall_timeout = std::chrono::seconds(60);
  receiver_->snapshot_options.stall_timeout = std::chrono::milliseconds(100);
  OpenBoth();
  Send(7);
  AcceptOffer();
  ExpectUnreachable(7);
  EXPECT_TRUE(
      Eventually([this] { return receiver_->observer().count(SnapshotReceipt::kBroken) == 1; }));
  ExpectNothingLeft();
}

TEST_F(SnapshotTransferTest, AReceiverThatStopsInTheMiddleEndsTheTransferOnce) {
  sender_->state->snapshot_bytes = RandomBytes(1'000'000);
  sender_->snapshot_options.bytes_per_second = 100'000;
  OpenBoth();
  Send(7);
  AcceptOffer();
  ASSERT_TRUE(Eventually([this] { return sender_->observer().snapshot_bytes_sent > 0; }));
  receiver_.reset();
  ExpectUnreachable(7);
}

TEST_F(SnapshotTransferTest, ASenderThatStopsInTheMiddleLeavesNothingBehind) {
  sender_->state->snapshot_bytes = RandomBytes(1'000'000);
  sender_->snapshot_options.bytes_per_second = 100'000;
  OpenBoth();
  Send(7);
  AcceptOffer();
  ASSERT_TRUE(receiver_->installer.steps.WaitForCount(1));

  sender_->links().Shutdown();

  ExpectUnreachable(7);
  Send(8);
  ExpectUnreachable(8);
  ASSERT_TRUE(receiver_->installer.steps.WaitForCount(2));
  EXPECT_EQ(receiver_->installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
  ExpectNothingLeft();
}

TEST_F(SnapshotTransferTest, ATransferToAnEarlierLifeOfAPeerIsGivenUp) {
  sender_->state->snapshot_bytes = RandomBytes(3'000'000);
  OpenBoth();
  Send(7);
  ASSERT_TRUE(Eventually([this] { return Offers().size() == 1; }));
  std::vector<Member> members = ConfigurationOf(founding_).members();
  members.back().incarnation += 1;
  sender_->Reconfigure(members);
  ExpectUnreachable(7);
}

// Each failure would be followed by the next request at once.
TEST_F(SnapshotTransferTest, FailuresInARowAreToldLaterAndLater) {
  OpenBoth();
  receiver_.reset();
  const auto began = std::chrono::steady_clock::now();
  for (const std::uint64_t number : {7, 8, 9, 10}) {
    Send(number);
    ExpectUnreachable(number);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(100 + 200 + 400));
}

TEST_F(SnapshotTransferTest, HeartbeatsPassASnapshot) {
  sender_->state->snapshot_bytes = RandomBytes(20'000'000);
  OpenBoth();
  Send(7);  // nobody reads it
  for (std::uint64_t number = 10; number < 20; ++number) {
    sender_->Ask({.to = ServerId(2), .request = Heartbeat(number, ServerId(1))});
    ASSERT_TRUE(sender_->recorder().WaitForCount(number - 8));
  }
  EXPECT_EQ(EndingsOf(sender_->recorder().inputs(), 7), 0);
}

TEST_F(SnapshotTransferTest, EachRequestEndsExactlyOnceWhateverHappensToThePeer) {
  std::mt19937_64 random(11);
  sender_->state->snapshot_bytes = RandomBytes(500'000);
  OpenBoth(Agree);
  std::uint64_t number = 0;
  for (int round = 0; round < 5; ++round) {
    const int port = receiver_->port();
    for (int burst = 0; burst < 20; ++burst) {
      Send(++number);
      // Now and then all but the newest have ended before the next is sent.
      if (random() % 4 == 0) {
        ASSERT_TRUE(sender_->recorder().WaitForCount(number));
      }
    }
    receiver_.reset();
    receiver_ = std::make_unique<TestServer>(2, port);
    ASSERT_TRUE(receiver_->listens());
    receiver_->Open(founding_, Agree);
  }
  sender_->links().Shutdown();
  ASSERT_TRUE(sender_->recorder().WaitForCount(number + 1));
  const std::vector<Input> inputs = sender_->recorder().inputs();
  for (std::uint64_t each = 1; each <= number; ++each) EXPECT_EQ(EndingsOf(inputs, each), 1);
}

}  // namespace
}  // namespace raft
