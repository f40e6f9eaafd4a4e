// Who is fast enough for what it holds up.
#include "service/transfer_pace.h"

#include <gtest/gtest.h>

namespace raft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientPaceTest : public ::testing::Test {
 protected:
  // The client takes the next piece so long after it was offered.
  void Take(milliseconds after) {
    pace_.OnOffered(now_);
    now_ += after;
    pace_.OnTaken(now_);
  }
  bool IsTooSlowAfter(milliseconds waiting) {
    pace_.OnOffered(now_);
    return pace_.IsTooSlow(now_ + waiting);
  }

  ClientPace::Clock::time_point now_ = ClientPace::Clock::now();
  ClientPace pace_{{.stall_timeout = seconds(10), .bytes_per_second = 0}};
};

TEST_F(ClientPaceTest, AClientThatTakesNothingIsTooSlow) {
  EXPECT_FALSE(IsTooSlowAfter(milliseconds(9'999)));
  EXPECT_TRUE(IsTooSlowAfter(seconds(10)));
}

TEST_F(ClientPaceTest, AClientThatTakesAPieceNowAndThenIsTooSlow) {
  Take(seconds(4));
  Take(seconds(4));
  EXPECT_FALSE(IsTooSlowAfter(milliseconds(1'999)));
  EXPECT_TRUE(IsTooSlowAfter(seconds(2)));
}

TEST_F(ClientPaceTest, AClientThatTakesAFewPiecesInTimeIsNever) {
  for (int piece = 0; piece < 100; ++piece) {
    Take(seconds(2));
    EXPECT_FALSE(IsTooSlowAfter(seconds(2)));
  }
}

TEST_F(ClientPaceTest, TimeWithoutAnOfferDoesNotCount) {
  Take(seconds(2));
  now_ += seconds(100);
  EXPECT_FALSE(pace_.IsTooSlow(now_));
  EXPECT_FALSE(IsTooSlowAfter(seconds(2)));
}

TEST(TransferPaceTest, WithoutALimitNobodyPauses) {
  TransferPace pace({.stall_timeout = seconds(10), .bytes_per_second = 0});
  pace.NoteSent(1'000'000'000);
  EXPECT_LE(pace.PauseLeft(), milliseconds::zero());
}

TEST(TransferPaceTest, WhatHasLeftIsPausedForInProportion) {
  TransferPace pace({.stall_timeout = seconds(10), .bytes_per_second = 1'000});
  pace.NoteSent(60'000);
  pace.NoteSent(60'000);
  EXPECT_LE(pace.PauseLeft(), seconds(120));
  EXPECT_GT(pace.PauseLeft(), seconds(60));
}

}  // namespace
}  // namespace raft
